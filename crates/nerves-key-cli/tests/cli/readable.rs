//! Signatures that the Elixir library cannot read: asked for again, then said.

use std::fs;

use ecdsa::hazmat::sign_prehashed_rfc6979;
use nerves_key_provision::SigningRequest;
use p256::{NistP256, SecretKey};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::Harness;
use crate::signers::{good, script};

const WARNING: &str = "the Elixir library nerves_key (1.3 and before) cannot read this certificate";

/// What `short` runs: a signature over the request in `request` whose R has
/// zeros in front, into `signature`. The folder is the present one.
#[test]
#[ignore = "a signer for the other tests"]
fn signs() {
    let key = fs::read_to_string("signer.key").unwrap();
    let key = SecretKey::from_sec1_pem(&key).unwrap().to_nonzero_scalar();
    let request = fs::read_to_string("request").unwrap();
    let digest = SigningRequest::from_json(&request).unwrap().digest;
    let short = (0..100_000_u32).find_map(|number| {
        let number = number.to_be_bytes();
        let (signature, _) = sign_prehashed_rfc6979::<NistP256, Sha256>(&key, &digest, &number);
        let bytes: [u8; 64] = signature.to_bytes().into();
        (bytes[0] == 0 && bytes[1] < 0x80).then_some(bytes)
    });
    let hex = data_encoding::HEXUPPER.encode(&short.unwrap());
    fs::write("signature", json!({ "signature": hex }).to_string()).unwrap();
}

/// Two signers that write down that they were asked: `short` always signs so
/// that the library cannot read it, `once` only the first time.
fn harness() -> Harness {
    let harness = Harness::new();
    good(&harness);
    let test = std::env::current_exe().unwrap();
    let short = format!(
        "echo asked >>asked\ncat >request\n\
         {} --exact readable::signs --ignored >/dev/null && cat signature",
        test.display()
    );
    script(&harness, "short", &short);
    script(
        &harness,
        "once",
        "[ -e asked ] && exec ./good; exec ./short",
    );
    harness
}

const PROVISION: [&str; 8] = [
    "provision",
    "--device",
    "emu:a.img",
    "--yes",
    "--serial",
    "N1",
    "--signer-cert",
    "signer.cert",
];

/// Result, what was said beside it, how often the signer was asked.
fn done(harness: &Harness, arguments: &[&str]) -> (Value, String, usize) {
    let output = harness.run(&[&["--json"], arguments].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let asked = fs::read_to_string(harness.path().join("asked")).unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap();
    (document, said, asked.lines().count())
}

const READABLE: &str = "signature_readable_by_elixir_library";

#[test]
fn a_command_is_asked_twice_and_then_believed() {
    let harness = harness();
    let (report, said, asked) = done(
        &harness,
        &[&PROVISION[..], &["--signer-key", "exec:./short"]].concat(),
    );
    assert_eq!(asked, 2);
    assert!(said.contains(WARNING), "{said}");
    assert_eq!(report["device_certificate"][READABLE], false);
    assert_eq!(report["signer_certificate"][READABLE], true);
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(
        (&info["stage"], &info["verified"]),
        (&json!("finished"), &json!(true))
    );

    // Such a chip may come from anywhere.
    let doctor = harness.json(&["doctor", "--device", "emu:a.img"]);
    let findings = doctor["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|one| one["check"] == "compatibility")
        .unwrap();
    assert_eq!(
        (&found["status"], &doctor["faults"]),
        (&json!("warning"), &json!(0))
    );
    let seen = found["seen"].as_str().unwrap();
    assert!(seen.contains("device certificate"), "{seen}");
    assert!(found["next"].as_str().unwrap().contains("aux provision"));
}

#[test]
fn the_second_signature_is_taken_where_it_is_better() {
    let harness = harness();
    let (report, said, asked) = done(
        &harness,
        &[&PROVISION[..], &["--signer-key", "exec:./once"]].concat(),
    );
    assert_eq!(asked, 1);
    assert!(!said.contains(WARNING), "{said}");
    assert_eq!(report["device_certificate"][READABLE], true);
    let doctor = harness.ok(&["doctor", "--device", "emu:a.img"]);
    assert!(!doctor.contains("compatibility"), "{doctor}");
}

#[test]
fn an_answer_from_elsewhere_is_believed_and_said() {
    let harness = harness();
    harness.ok(&[&PROVISION[..], &["--request", "wanted"]].concat());
    let answer = [
        "signer",
        "answer",
        "wanted",
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "exec:./short",
        "--out",
        "answer",
    ];
    let (document, said, asked) = done(&harness, &answer);
    assert_eq!(asked, 2);
    assert!(said.contains(WARNING), "{said}");
    assert!(document["warnings"][0].as_str().unwrap().contains(WARNING));
    let second = [&PROVISION[..], &["--answer", "answer"]].concat();
    let (report, said, _) = done(&harness, &second);
    assert!(said.contains(WARNING), "{said}");
    assert_eq!(report["device_certificate"][READABLE], false);
}

#[test]
fn auxiliary_and_file_certificates_are_said_too() {
    let harness = harness();
    harness.ok(&Harness::provision(
        "emu:a.img",
        &["--serial", "N1", "--yes"],
    ));
    let short = [
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "exec:./short",
    ];
    let auxiliary = [&["aux", "provision", "--device", "emu:a.img"], &short[..]].concat();
    let (document, said, _) = done(&harness, &auxiliary);
    assert!(said.contains(WARNING), "{said}");
    assert_eq!(document["auxiliary"]["device_certificate"][READABLE], false);
    let (document, said, _) = done(
        &harness,
        &[&["device", "create", "D1"], &short[..]].concat(),
    );
    assert!(said.contains(WARNING), "{said}");
    assert_eq!(document["certificate"][READABLE], false);
}
