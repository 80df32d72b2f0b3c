//! The record of a key's birth, which `--report` writes before the signer is
//! asked.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::harness::Harness;

const REPORT: [&str; 5] = ["--yes", "--serial", "N1", "--report", "r"];

/// The command at a signer that keeps what the report says when it is asked,
/// in `seen`, and fails.
fn failing(device: &str) -> Vec<&str> {
    let signer = ["--signer-cert", "signer.cert"];
    let key = ["--signer-key", "exec:cp r seen; exit 1"];
    [
        &["provision", "--device", device],
        &signer[..],
        &key,
        &REPORT,
    ]
    .concat()
}

fn read(harness: &Harness, name: &str) -> Value {
    serde_json::from_slice(&fs::read(harness.path().join(name)).unwrap()).unwrap()
}

/// A chip with a key, a certificate asked for it, and the record of both.
fn interrupted() -> (Harness, Value) {
    let harness = Harness::new();
    let (code, message) = harness.fails(&failing("emu:a.img"));
    assert_eq!(code, 1, "{message}");
    let record = read(&harness, "r");
    assert_eq!(read(&harness, "seen"), record, "written before it is asked");
    (harness, record)
}

#[test]
fn the_record_is_there_before_the_signer_is_asked() {
    let (harness, record) = interrupted();
    assert_eq!(record["done"], false);
    assert_eq!(record["stage"], "keyed");
    assert_eq!(record["key_origin"], "this-run");
    assert_eq!(record["replaced_keys"], Value::Array(vec![]));
    let asked = &record["certificate_asked_for"];
    assert_eq!(asked["public_key"], record["public_key"]);
    assert_eq!(asked["subject"], "CN=N1");
    assert!(asked["serial_number"].as_str().unwrap().len() >= 32);
    assert!(asked.get("pem").is_none());
    // The same command again keeps the key, and the report takes its place.
    let done = harness.json(&Harness::provision("emu:a.img", &REPORT));
    assert_eq!(done["done"], true);
    assert_eq!(done["key_origin"], "earlier-run");
    assert_eq!(done["public_key"], record["public_key"]);
    assert_eq!(done["replaced_keys"], Value::Array(vec![]));
    assert_eq!(read(&harness, "r"), done);
    // A report is not a record.
    let (code, message) = harness.fails(&Harness::provision("emu:a.img", &REPORT));
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("exists already"), "{message}");
    assert_eq!(read(&harness, "r"), done);
}

/// Without the record the key is made anew, and the report says which one is
/// gone.
#[test]
fn a_key_without_a_record_is_replaced() {
    let (harness, record) = interrupted();
    let other = ["--yes", "--serial", "N1", "--report", "other"];
    let output = harness.run(&Harness::provision("emu:a.img", &other));
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("should be revoked"), "{said}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("made in the chip by this run"), "{said}");
    let report = read(&harness, "other");
    assert_eq!(report["key_origin"], "this-run");
    assert_ne!(report["public_key"], record["public_key"]);
    let replaced = &report["replaced_keys"];
    assert_eq!(replaced.as_array().unwrap().len(), 1);
    assert_eq!(replaced[0]["public_key"], record["public_key"]);
    assert_eq!(replaced[0]["certificate"], Value::Null);
}

/// Somebody else has been at the chip: the certificate that was asked for is
/// named, through any number of interruptions.
#[test]
fn a_certificate_for_a_key_that_is_gone_is_named() {
    let (harness, first) = interrupted();
    let request = ["--yes", "--serial", "N1", "--request"];
    let first_half = |name| {
        let signer = ["--signer-cert", "signer.cert"];
        let device = ["provision", "--device", "emu:a.img"];
        harness.ok(&[&device[..], &signer, &request, &[name]].concat());
        read(&harness, name)
    };
    let theirs = first_half("one");
    let (code, message) = harness.fails(&failing("emu:a.img"));
    assert_eq!(code, 1, "{message}");
    let second = read(&harness, "r");
    assert_eq!(second["key_origin"], "this-run");
    assert_ne!(second["public_key"], theirs["public_key"]);
    let last = first_half("two");
    let done = harness.json(&Harness::provision("emu:a.img", &REPORT));
    let gone: Vec<_> = done["replaced_keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (&key["public_key"], &key["certificate"]))
        .collect();
    let asked = "certificate_asked_for";
    assert_eq!(
        gone,
        [
            (&first["public_key"], &first[asked]),
            (&theirs["public_key"], &Value::Null),
            (&second["public_key"], &second[asked]),
            (&last["public_key"], &Value::Null),
        ]
    );
    assert_eq!(done["key_origin"], "this-run");
    assert_eq!(read(&harness, "r"), done);
}

#[test]
fn the_record_of_another_chip_is_left_alone() {
    let (harness, record) = interrupted();
    let (code, message) = harness.fails(&Harness::provision("emu:b.img", &REPORT));
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("exists already"), "{message}");
    let chip = record["chip_serial_number"].as_str().unwrap();
    assert!(message.contains(chip), "{message}");
    assert!(!harness.path().join("b.img").exists());
    // Nor is a link to one believed.
    symlink("r", harness.path().join("link")).unwrap();
    let link = ["--yes", "--serial", "N1", "--report", "link"];
    let (code, message) = harness.fails(&Harness::provision("emu:a.img", &link));
    assert_eq!(code, 5, "{message}");
    // Only looked at.
    let dry = harness.json(&Harness::provision(
        "emu:a.img",
        &["--dry-run", "--serial", "N1", "--report", "r"],
    ));
    let names = dry["steps"].as_array().unwrap().iter();
    assert!(names.clone().any(|step| step["name"] == "read-public-key"));
    assert_eq!(read(&harness, "r"), record);
}

/// Nothing is begun that cannot be written down: here the recording has taken the
/// file meanwhile.
#[test]
fn no_record_no_certificate() {
    let harness = Harness::new();
    let signer = ["--signer-cert", "signer.cert"];
    let key = ["--signer-key", "exec:touch asked; exit 1", "--record", "r"];
    let device = ["provision", "--device", "emu:a.img"];
    let (code, message) = harness.fails(&[&device[..], &signer, &key, &REPORT].concat());
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("r exists already"), "{message}");
    assert!(!harness.path().join("asked").exists());
    assert!(!harness.path().join("a.img").exists(), "it was not made");
}

/// A recording and a report that cannot be made are refused alike, before
/// there is a chip.
#[test]
fn what_cannot_be_written_is_refused_before_the_chip() {
    let harness = Harness::new();
    for option in ["--record", "--report"] {
        let more = ["--yes", "--serial", "N1", option, "nowhere/r"];
        let (code, message) = harness.fails(&Harness::provision("emu:a.img", &more));
        assert_eq!(code, 5, "{option}: {message}");
        assert!(message.contains("nowhere/r: "), "{option}: {message}");
        let files = fs::read_dir(harness.path()).unwrap();
        assert_eq!(files.count(), 2, "{option}: the signer's two");
    }
    harness.ok(&["emulator", "create", "b.img"]);
    let info = ["info", "--device", "emu:b.img", "--record", "nowhere/r"];
    let (code, message) = harness.fails(&info);
    assert_eq!(code, 5, "{message}");
}
