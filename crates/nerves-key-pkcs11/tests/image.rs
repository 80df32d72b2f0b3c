//! An image file of an emulated chip, which one process at a time has open: the
//! others wait, as on a bus.

#[path = "support/mod.rs"]
mod support;

use std::process::{Command, Stdio};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;

const LIBRARY: &str = "libnerves_key_pkcs11.so";
/// Has the other processes do their part.
const ORDER: &str = "NERVES_KEY_PKCS11_TEST_IMAGE";
const PROCESSES: usize = 8;
const SIGNATURES: usize = 5;

#[test]
fn processes_take_turns_with_an_image_file() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = support::configured(directory.path());
    let programs: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "a_program", "--nocapture"])
                .env(ORDER, "")
                .env("NERVES_KEY_LOG", "error")
                .env("NERVES_KEY_PKCS11_CONF", &configuration)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut signatures = 0;
    for program in programs {
        let output = program.wait_with_output().unwrap();
        let [out, said] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
        signatures += out.lines().filter(|line| *line == "signed").count();
        assert!(output.status.success(), "{said}");
    }
    assert_eq!(signatures, PROCESSES * SIGNATURES);
}

/// Not a test of its own, but what each process does.
#[test]
fn a_program() {
    if std::env::var_os(ORDER).is_none() {
        return;
    }
    let here = std::env::current_exe().unwrap();
    let module = Pkcs11::new(here.with_file_name(LIBRARY)).unwrap();
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    module.initialize(arguments).unwrap();
    let slots = module.get_slots_with_token().unwrap();
    let slot = *slots.iter().find(|slot| slot.id() == 1).unwrap();
    for _ in 0..SIGNATURES {
        let session = module.open_ro_session(slot).unwrap();
        let keys = session.find_objects(&[Attribute::Sign(true)]).unwrap();
        session.sign(&Mechanism::Ecdsa, keys[0], &[7; 32]).unwrap();
        println!("signed");
    }
}
