//! The certificates' slots, which DeriveKey reaches until each is locked.

use std::fs;

use serde_json::{Value, json};

use crate::harness::Harness;

const OPEN: [&str; 4] = ["--yes", "--serial", "N1", "--open-slots"];

fn image(harness: &Harness) -> Vec<u8> {
    fs::read(harness.path().join("a.img")).unwrap()
}

/// What is open is said, and only the command changes it.
#[test]
fn from_open_to_locked() {
    let harness = Harness::new();
    let provision = harness.run(&Harness::provision("emu:a.img", &OPEN));
    let warning = String::from_utf8(provision.stderr).unwrap();
    assert!(provision.status.success());
    assert!(
        warning.contains("nerves-key harden locks them"),
        "{warning}"
    );
    let info = || harness.ok(&["info", "--device", "emu:a.img"]);
    let locks = || harness.json(&["info", "--device", "emu:a.img"])["locks"].clone();
    assert!(info().contains("device key locked, certificates unlocked"));
    assert!(info().contains("nerves-key harden locks them"));
    assert_eq!(locks()["certificates"], false);
    let doctor = || harness.ok(&["doctor", "--device", "emu:a.img"]);
    let said = doctor();
    assert!(said.contains("warning  slot locks"), "{said}");
    assert!(said.contains("slot 12 (signer certificate)"), "{said}");
    assert!(
        said.contains("no fault in it; warnings: 4, notes: 0"),
        "{said}"
    );
    let lint = harness.json(&["config", "lint", "--device", "emu:a.img"]);
    let rules = |lint: &Value| {
        let found = lint["findings"].as_array().unwrap().iter();
        let rules = found.filter(|finding| finding["rule"] == "derive-key");
        rules.map(|finding| finding["slot"].clone()).collect()
    };
    let found: Vec<Value> = rules(&lint);
    assert_eq!(found, [10, 11, 12, 13].map(Value::from));
    let explained = harness.ok(&["config", "explain", "--device", "emu:a.img"]);
    assert!(
        explained.contains("DeriveKey (roll, no MAC)"),
        "{explained}"
    );

    // Nothing is done that was not asked for.
    let before = image(&harness);
    let harden = ["harden", "--device", "emu:a.img"];
    let plan = harness.ok(&[&harden[..], &["--dry-run"]].concat());
    assert_eq!(plan.matches("!!").count(), 5, "{plan}");
    assert!(plan.contains("signer      CN=Signer, valid"), "{plan}");
    let (code, message) = harness.fails(&harden);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("--yes"), "{message}");
    harness.ok(&Harness::provision(
        "emu:a.img",
        &["--yes", "--serial", "N1"],
    ));
    assert_eq!(image(&harness), before);

    let done = harness.json(&[&harden[..], &["--yes"]].concat());
    assert_eq!(done["done"], true);
    assert_eq!(done["slots"], json!([10, 11, 12, 13]));
    assert_eq!(done["manufacturer_serial"], "N1");
    assert_eq!(locks()["certificates"], true);
    assert!(!info().contains("harden"));
    assert!(!doctor().contains("slot locks"));
    let explained = harness.ok(&["config", "explain", "--device", "emu:a.img"]);
    assert!(!explained.contains("DeriveKey"), "{explained}");
    let again = harness.json(&[&harden[..], &["--yes"]].concat());
    assert_eq!(
        (&again["done"], &again["slots"]),
        (&json!(true), &json!([]))
    );
}

/// Another stage is refused before anything is sent but reads.
#[test]
fn only_a_finished_chip() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "a.img"]);
    let before = image(&harness);
    let (code, message) = harness.fails(&["harden", "--device", "emu:a.img", "--yes"]);
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("only a finished NervesKey"), "{message}");
    assert!(message.contains("nerves-key provision"), "{message}");
    let locks = harness.json(&["info", "--device", "emu:a.img"])["locks"].clone();
    assert_eq!(locks["certificates"], Value::Null);
    assert_eq!(image(&harness), before);
}

/// A chain that verifies may be anybody's: the chip's signer is compared with the
/// one that is given, before anything is locked.
#[test]
fn only_the_signer_that_is_given() {
    let harness = Harness::new();
    harness.ok(&["signer", "create", "other", "--years", "5"]);
    harness.ok(&Harness::provision("emu:a.img", &OPEN));
    let before = image(&harness);
    let with = |signer: &str, more: &[&str]| {
        let harden = ["harden", "--device", "emu:a.img", "--signer-cert", signer];
        harness.run(&[&harden[..], more].concat())
    };
    for more in [&["--yes"][..], &["--dry-run"]] {
        let output = with("other.cert", more);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{message}");
        assert!(
            message.contains("is not the one that was given"),
            "{message}"
        );
        assert!(
            message.contains("nerves-key cert export signer"),
            "{message}"
        );
    }
    // What is no certificate is told before the chip is asked.
    let output = with("signer.key", &["--yes"]);
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(image(&harness), before);

    let plan = String::from_utf8(with("signer.cert", &["--dry-run"]).stdout).unwrap();
    assert!(plan.contains("; the one in signer.cert\n"), "{plan}");
    assert!(
        plan.contains("signed by the signer that was given"),
        "{plan}"
    );
    let any = harness.ok(&["harden", "--device", "emu:a.img", "--dry-run"]);
    assert!(
        any.contains("; compared with none: --signer-cert FILE does\n"),
        "{any}"
    );
    assert!(any.contains("whoever signed it"), "{any}");
    assert_eq!(image(&harness), before);
    let done = with("signer.cert", &["--json", "--yes"]);
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&done["done"], &done["signer_compared"]),
        (&json!(true), &json!(true))
    );
    // It is refused as well where nothing is left to be locked.
    assert_eq!(with("other.cert", &["--yes"]).status.code(), Some(4));
    assert!(with("signer.cert", &["--yes"]).status.success());
}
