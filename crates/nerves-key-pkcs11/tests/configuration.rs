//! A configuration file as people and their editors leave it: what is wrong costs
//! its line, and is said on standard error, once for each process.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::slot::Slot;

const LIBRARY: &str = "libnerves_key_pkcs11.so";
/// Has the other process do its part.
const ORDER: &str = "NERVES_KEY_PKCS11_TEST_CONFIGURATION";

/// What a program with this file says by itself, without a log: the slots that it
/// sees, and its standard error.
fn run(configuration: &Path) -> (String, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_program", "--nocapture"])
        .env(ORDER, "")
        .env("NERVES_KEY_PKCS11_CONF", configuration)
        .env_remove("NERVES_KEY_LOG")
        .output()
        .unwrap();
    let [out, said] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(output.status.success(), "{said}");
    let slots = out.lines().find_map(|line| line.strip_prefix("slots "));
    let lines = said.lines().filter(|line| line.contains("pkcs11.conf"));
    let told: Vec<_> = lines.collect();
    (slots.unwrap().to_owned(), told.join("\n"))
}

#[test]
fn a_bad_line_costs_that_line_and_is_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = support::configured(directory.path());
    let good = std::fs::read_to_string(&path).unwrap();
    assert_eq!(run(&path), ("[1, 2, 3]".into(), String::new()));

    // As an editor on Windows and somebody with remarks leave it.
    let remarked = good.replace(".img\n", ".img # the one in the lab\r\n");
    std::fs::write(&path, format!("\u{feff}{remarked}")).unwrap();
    assert_eq!(run(&path), ("[1, 2, 3]".into(), String::new()));

    // In Latin-1, which is no UTF-8.
    let latin = [&b"slot 7 = /dev/i2c-K\xFCche\n"[..], good.as_bytes()].concat();
    std::fs::write(&path, latin).unwrap();
    let (slots, told) = run(&path);
    assert_eq!(slots, "[1, 2, 3]");
    assert!(told.contains("line 1: "), "{told}");
    assert!(told.contains("no UTF-8"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");

    std::fs::write(&path, format!("slots = 4\n{good}slot 5 = usb:1\n")).unwrap();
    let (slots, told) = run(&path);
    assert_eq!(slots, "[1, 2, 3]");
    assert!(
        told.contains("line 1: ") && told.contains("line 6: "),
        "{told}"
    );
    assert_eq!(told.lines().count(), 2, "{told}");

    // One fault, not one of each line.
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, [&[0xFF, 0xFE], wide.as_slice()].concat()).unwrap();
    let (_, told) = run(&path);
    assert!(told.contains("UTF-16"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");

    // What cannot be read, whoever asks.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let (_, told) = run(&path);
    assert!(told.contains("directory"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

/// Not a test of its own, but what the other process does: it initializes twice.
#[test]
fn a_program() {
    if std::env::var_os(ORDER).is_none() {
        return;
    }
    let here = std::env::current_exe().unwrap();
    // It stays loaded.
    let _module = Pkcs11::new(here.with_file_name(LIBRARY)).unwrap();
    let slots = [(); 2].map(|()| {
        let module = Pkcs11::new(here.with_file_name(LIBRARY)).unwrap();
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        module.initialize(arguments).unwrap();
        let slots = module.get_all_slots().unwrap();
        module.finalize().unwrap();
        slots.iter().map(Slot::id).collect::<Vec<_>>()
    });
    assert_eq!(slots[0], slots[1]);
    println!("slots {:?}", slots[0]);
}
