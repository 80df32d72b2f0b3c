//! `nerves-key pkcs11` on emulated chips, with the module that cargo builds
//! next to its tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A finished chip in slot 1, a blank one, and the configuration.
struct Harness(TempDir);

impl Harness {
    fn new() -> Self {
        let harness = Self(TempDir::new().unwrap());
        let chip = format!("emu:{}", harness.path().join("chip.img").display());
        std::fs::write(
            harness.path().join("pkcs11.conf"),
            format!("scan = no\nslot 1 = {chip}\n"),
        )
        .unwrap();
        let provision = [
            "provision",
            "--device",
            &chip,
            "--signer-cert",
            "signer.cert",
            "--signer-key",
            "signer.key",
            "--yes",
        ];
        for arguments in [&["signer", "create", "signer"][..], &provision] {
            assert!(harness.run(arguments).status.success());
        }
        let blank = harness.run(&["emulator", "create", "blank.img"]);
        assert!(blank.status.success());
        harness
    }

    /// Other lines of the module's configuration.
    fn configure(&self, lines: &str) {
        std::fs::write(self.path().join("pkcs11.conf"), lines).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_nerves-key"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("NERVES_KEY_DEVICE")
            .env("NERVES_KEY_PKCS11_CONF", self.path().join("pkcs11.conf"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Exit code and document.
    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let document = serde_json::from_slice(&output.stdout);
        (output.status.code(), document.unwrap())
    }

    fn check(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let module = module();
        let start = ["pkcs11", "check", "--module", module.to_str().unwrap()];
        self.json(&[&start, arguments].concat())
    }
}

fn module() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.with_file_name("libnerves_key_pkcs11.so")
}

/// The status of those checks whose name has `part`.
fn statuses(document: &Value, part: &str) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["check"].as_str().unwrap().contains(part))
        .map(|finding| finding["status"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn uris_of_what_the_module_finds() {
    let harness = Harness::new();
    let (code, document) = harness.json(&["pkcs11", "uri"]);
    assert_eq!(code, Some(0));
    let chips = document["chips"].as_array().unwrap();
    assert_eq!((chips.len(), &chips[0]["slot"]), (1, &Value::from(1)));
    let uris = &chips[0]["uris"];
    assert_eq!(uris["token"], "pkcs11:token=1");
    assert_eq!(uris["private_key"], "pkcs11:token=1;object=1;type=private");
    assert_eq!(
        uris["signer_certificate"],
        "pkcs11:token=1;object=1%20signer;type=cert"
    );
}

#[test]
fn uris_of_another_chip() {
    let harness = Harness::new();
    let (code, document) = harness.json(&["pkcs11", "uri", "--device", "emu:blank.img"]);
    assert_eq!(code, Some(0));
    // It has no key yet: its token is all there is to name.
    let uris = document["chips"][0]["uris"].as_object().unwrap();
    assert_eq!(uris.len(), 1);
    assert_eq!(uris["token"], "pkcs11:token=32");
    let (code, document) = harness.json(&["pkcs11", "uri", "--device", "i2c:/dev/no-such-bus"]);
    assert_eq!(code, Some(3));
    assert!(document["error"].as_str().unwrap().contains("no-such-bus"));
}

/// A part for `LoRaWAN`, whose key is in slot 1, under a label of the file's.
#[test]
fn a_key_in_another_slot() {
    let harness = Harness::new();
    let arguments = ["emulator", "create", "lora.img", "--trust", "tnglora"];
    let (code, _) = harness.json(&[&arguments[..], &["--root", "root.pem"]].concat());
    assert_eq!(code, Some(0));
    harness.configure("scan = no\nslot 7 = emu:lora.img\nlabel 7 = field gateway\n");
    let (code, document) = harness.json(&["pkcs11", "uri"]);
    assert_eq!(code, Some(0), "{document}");
    let uris = &document["chips"][0]["uris"];
    assert_eq!(uris["token"], "pkcs11:token=field%20gateway");
    assert_eq!(
        uris["private_key_slot_1"],
        "pkcs11:token=field%20gateway;object=7%20slot%201;type=private"
    );
    assert_eq!(uris["private_key"], Value::Null);
    // Its certificates do not verify under Microchip's root; its key signs.
    let (_, document) = harness.check(&[]);
    assert_eq!(
        statuses(&document, "slot 7, signature"),
        ["ok"],
        "{document}"
    );
    assert_eq!(statuses(&document, "slot 7, certificates"), ["fault"]);
}

#[test]
fn a_good_module_and_chip() {
    let harness = Harness::new();
    let (code, document) = harness.check(&[]);
    assert_eq!((code, &document["faults"]), (Some(0), &Value::from(0)));
    assert_eq!(statuses(&document, "slot 1"), ["ok", "ok", "ok"]);
    assert_eq!(statuses(&document, "signature"), ["ok"]);
}

#[test]
fn a_chip_without_a_key() {
    let harness = Harness::new();
    let (code, document) = harness.check(&["--device", "emu:blank.img"]);
    assert_eq!((code, &document["faults"]), (Some(1), &Value::from(1)));
    // What the chip itself says is no other fault.
    assert_eq!(statuses(&document, "slot 32"), ["fault", "note"]);
    assert_eq!(statuses(&document, "slot 32, chip"), ["note"]);
    // The other chip was not asked for.
    assert_eq!(statuses(&document, "slot 1"), [""; 0]);
}

#[test]
fn no_chip() {
    let harness = Harness::new();
    let (code, document) = harness.check(&["--device", "i2c:/dev/no-such-bus"]);
    assert_eq!((code, &document["exit_code"]), (Some(3), &Value::from(3)));
    assert_eq!(statuses(&document, "slots"), ["fault"]);
}

#[test]
fn no_module() {
    let harness = Harness::new();
    for module in ["absent.so", "blank.img"] {
        let (code, document) = harness.json(&["pkcs11", "check", "--module", module]);
        assert_eq!(code, Some(1));
        assert_eq!(statuses(&document, "module"), ["fault"]);
        assert!(document["findings"][0]["next"].is_string());
    }
}
