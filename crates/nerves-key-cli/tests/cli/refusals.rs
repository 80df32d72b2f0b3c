//! What is refused before the chip is written: exit code, message, and a bus
//! without a write.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use atecc_emulator::{DATA_SIZE, Image, Revision};
use atecc_x509::DateTime;
use nerves_key_provision::{KeySigner, create_signer};

use crate::harness::Harness;
use crate::serving::Serving;
use crate::tap::{Seen, Tap};

/// More than a device certificate's serial: 49 bytes.
const LONG: &str = "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS";

/// A signer of one year, from 1 December of `year` on.
fn dated(harness: &Harness, name: &str, year: u16) {
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    let from = DateTime::new(year, 12, 1, 0, 0, 0).unwrap();
    let certificate = create_signer(&key, from, 1, atecc_x509::Format::V0)
        .unwrap()
        .to_pem();
    let path = |ending| harness.path().join(format!("{name}.{ending}"));
    fs::write(path("cert"), certificate).unwrap();
    fs::write(path("key"), key.to_pem().unwrap().as_ref()).unwrap();
}

#[test]
fn no_refusal_writes() {
    let harness = Harness::new();
    harness.ok(&["signer", "create", "other"]);
    let device = ["device", "create", "D1", "--signer-cert", "signer.cert"];
    harness.ok(&[&device[..], &["--signer-key", "signer.key"]].concat());
    fs::write(harness.path().join("used"), "N1\n").unwrap();
    fs::write(harness.path().join("taken"), "").unwrap();
    fs::write(harness.path().join("latin"), b"N\xE9\n").unwrap();
    let _serving = Serving::new(
        &harness,
        &["--socket", "s", "--fast", "--bus", "4000031=a.img"],
    );
    let tap = Tap::new(&harness.path().join("tap"), &harness.path().join("s"));

    let signer = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    dated(&harness, "expired", 2020);
    dated(&harness, "future", 2031);
    let expired = [
        "--signer-cert",
        "expired.cert",
        "--signer-key",
        "expired.key",
    ];
    let future = ["--signer-cert", "future.cert", "--signer-key", "future.key"];
    let other = ["--signer-cert", "signer.cert", "--signer-key", "other.key"];
    let swapped = ["--signer-cert", "signer.key", "--signer-key", "signer.cert"];
    let device = ["--signer-cert", "D1.cert", "--signer-key", "D1.key"];
    let no_module = [
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "pkcs11:object=k?module-path=/nowhere.so",
    ];
    let cases: &[(&[&str], &[&str], &str)] = &[
        (
            &other,
            &[],
            "give the key and the certificate of one signer",
        ),
        (&expired, &[], "valid from 2020"),
        (&future, &[], "valid from 2031"),
        (&swapped, &[], "signer.key"),
        (&device, &[], "D1.cert"),
        (&no_module, &[], "/nowhere.so"),
        (&signer, &["--serial", LONG], "49 bytes"),
        (&signer, &["--serial", ""], "is empty"),
        (&signer, &["--serial", "a\tb"], "control character"),
        (&signer, &["--board", "ElevenBytes"], "11 bytes"),
        (&signer, &["--board", ""], "is empty"),
        (&signer, &["--otp-user", &"00".repeat(33)], "33"),
        (&signer, &["--otp-user", "0"], "--otp-user"),
        (
            &signer,
            &["--serial", "N1", "--used-serials", "used"],
            "used serials",
        ),
        (&signer, &["--layout", "volatile"], "needs its activation"),
        (
            &signer,
            &["--activation-key", "taken", "--encryption-key", "used"],
            "taken: 0 bytes",
        ),
        (&signer, &["--used-serials", "latin"], "latin"),
        (&signer, &["--used-serials", "missing"], "missing"),
        (&signer, &["--report", "taken"], "exists already"),
        (
            &signer,
            &["--plan-digest", &"00".repeat(32)],
            "another plan",
        ),
    ];
    for (signer, more, part) in cases {
        let arguments = ["provision", "--device", "unix:tap", "--yes"];
        let arguments = [&arguments[..], signer, more].concat();
        let (code, message) = harness.fails(&arguments);
        assert_eq!(code, 5, "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
        assert_no_debug(&message);
    }
    for option in ["--serial", "--board"] {
        let mut command = harness.command(&Harness::provision("unix:tap", &["--yes", option]));
        let output = command.arg(OsStr::from_bytes(b"N\xE9")).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{option}: {message}");
        assert!(message.contains("UTF-8"), "{option}: {message}");
    }
    // Nobody said yes, and there is nobody to ask.
    let (code, message) = harness.fails(&Harness::provision("unix:tap", &[]));
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("--yes"), "{message}");

    let seen = tap.seen();
    assert!(!seen.is_empty(), "some refusals read the chip first");
    assert!(!seen.iter().any(Seen::is_write), "{seen:?}");
    // The tap sees writes where there are some.
    harness.ok(&Harness::provision("unix:tap", &["--yes"]));
    assert!(tap.seen().iter().any(Seen::is_write));
}

/// Neither a plan that is only looked at nor a refusal makes a chip.
#[test]
fn an_absent_image_stays_absent() {
    let harness = Harness::new();
    let files = || {
        let entries = fs::read_dir(harness.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let digest = "00".repeat(32);
    let cases: &[(&[&str], i32)] = &[
        (&["--dry-run"], 0),
        (&[], 5),
        (&["--yes", "--plan-digest", &digest], 5),
        (&["--yes", "--serial", ""], 5),
    ];
    for (more, exit) in cases {
        let output = harness.run(&Harness::provision("emu:a.img?chip=atecc508a", more));
        assert_eq!(output.status.code(), Some(*exit), "{more:?}: {output:?}");
        assert_eq!(files(), before, "{more:?}");
    }
    // What is not made yet has no plan that another run could be held to.
    let plan = harness.json(&Harness::provision(
        "emu:a.img?chip=atecc508a",
        &["--dry-run"],
    ));
    assert_eq!(plan["plan_digest"], serde_json::Value::Null);
    let digest = ["--yes", "--plan-digest", &digest];
    let (_, message) = harness.fails(&Harness::provision("emu:a.img", &digest));
    assert!(
        message.contains("a.img does not exist, and a chip that is not made yet"),
        "{message}"
    );
    // The chip that was looked at is the one that is made.
    let done = harness.json(&Harness::provision("emu:a.img?chip=atecc508a", &["--yes"]));
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(info["serial_number"], done["chip_serial_number"]);
    assert!(info["chip"].as_str().unwrap().starts_with("ATECC508A"));
}

/// Chips that somebody else has locked.
#[test]
fn no_chip_of_others_is_written() {
    let harness = Harness::new();
    let blank = Image::blank(Revision::Atecc608B);
    let mut config = *blank.config();
    config[87] = 0;
    let foreign = blank.with_config(config).unwrap();
    config[86] = 0;
    let mut otp = [0; 64];
    // What the OTP zone of Trust&GO parts begins with.
    otp[..8].copy_from_slice(b"wdNxAjae");
    let trust = Image::from_zones(config, otp, [0xFF; DATA_SIZE]).unwrap();
    let images = [
        (foreign, "4000032=foreign.img", "cannot become a NervesKey"),
        (trust, "4000033=trust.img", "Microchip has provisioned it"),
    ];
    for (image, bus, part) in images {
        let (_, path) = bus.split_once('=').unwrap();
        // By no lock: a process that another test starts just then keeps it.
        fs::write(harness.path().join(path), image.to_text()).unwrap();
        let _serving = Serving::new(&harness, &["--socket", "s", "--fast", "--bus", bus]);
        let tap = Tap::new(
            &harness.path().join(path).with_extension("tap"),
            &harness.path().join("s"),
        );
        let device = format!("unix:{}", path.replace("img", "tap"));
        let (code, message) = harness.fails(&Harness::provision(&device, &["--yes"]));
        assert_eq!(code, 5, "{message}");
        assert!(message.contains(part), "{message}");
        let seen = tap.seen();
        assert!(
            !seen.is_empty() && !seen.iter().any(Seen::is_write),
            "{seen:?}"
        );
    }
}

/// What cannot be written to or read from is told before the chip is asked.
#[test]
fn files_that_do_not_fit_their_purpose() {
    let harness = Harness::new();
    for device in ["emu:/dev/zero", "emu:."] {
        let (code, message) = harness.fails(&["info", "--device", device]);
        let says = message.contains("not a regular file");
        assert_eq!((code, says), (5, true), "{message}");
    }
    for command in [
        &["random"][..],
        &["csr"],
        &["sign", "signer.cert"],
        &["cert", "export"],
        &["settings", "export"],
    ] {
        // There is no such bus, but the file is what is wrong first.
        let more = ["--device", "/dev/i2c-99", "--out", "signer.cert"];
        let (code, message) = harness.fails(&[command, &more].concat());
        assert_eq!(
            (code, message.contains("signer.cert")),
            (5, true),
            "{message}"
        );
    }
}

/// A chip keeps the signer certificate that its data were locked with.
#[test]
fn a_chip_of_another_signer() {
    let harness = Harness::new();
    harness.ok(&["signer", "create", "other", "--years", "5"]);
    harness.ok(&Harness::provision(
        "emu:a.img",
        &["--yes", "--serial", "N1"],
    ));
    let before = fs::read(harness.path().join("a.img")).unwrap();
    let other = [
        "provision",
        "--device",
        "emu:a.img",
        "--signer-cert",
        "other.cert",
        "--signer-key",
        "other.key",
        "--yes",
    ];
    let (code, message) = harness.fails(&other);
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("another signer certificate"), "{message}");
    assert!(message.contains("--any-signer"), "{message}");
    let any = [&other[..], &["--any-signer"]].concat();
    assert!(harness.ok(&any).contains("nothing to do"));
    assert_eq!(fs::read(harness.path().join("a.img")).unwrap(), before);
}

/// What a program calls its types is nobody's to read: `PublicKey(F5B2..)`, `Some(3)`.
fn assert_no_debug(message: &str) {
    let mut words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '('));
    let debug = words.find(|word| {
        let (name, _) = word.split_once('(').unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.contains(|c: char| c.is_ascii_lowercase())
    });
    assert_eq!(debug, None, "{message}");
}

/// Refused before the chip is looked at: there is no such bus.
#[test]
fn a_command_that_could_never_sign_is_refused_before_the_chip() {
    let harness = Harness::new();
    let start = ["provision", "--device", "i2c:/dev/i2c-4000099", "--yes"];
    let start = [&start[..], &["--signer-cert", "signer.cert"]].concat();
    for (key, timeout, part) in [
        ("exec: ", "1", "names no command"),
        ("exec:true", "0", "--signer-timeout: 0 s is no time"),
        (
            "exec:true",
            "18446744073709551615",
            "no time for a signer to answer: from 1 s to 86400 s",
        ),
    ] {
        let signer = ["--signer-key", key, "--signer-timeout", timeout];
        let (code, message) = harness.fails(&[&start[..], &signer].concat());
        assert_eq!(code, 5, "{key} {timeout}: {message}");
        assert!(message.contains(part), "{key} {timeout}: {message}");
    }
}
