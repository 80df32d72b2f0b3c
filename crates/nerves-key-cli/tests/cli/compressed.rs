//! The compressed form without a chip, and its format 1.

use crate::harness::Harness;

const CHIP: &str = "emu:chip.img";

#[test]
fn there_and_back() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "Z1", "--yes"]));
    harness.ok(&[
        "cert",
        "export",
        "device",
        "--device",
        CHIP,
        "--out",
        "device.pem",
    ]);
    let info = harness.json(&["info", "--device", CHIP]);
    let sn = info["serial_number"].as_str().unwrap();
    let public_key = info["public_key"].as_str().unwrap();
    let device = [
        "device.pem",
        "--signer-cert",
        "signer.cert",
        "--device-sn",
        sn,
    ];
    let check = harness.json(&[&["cert", "check"], &device[..]].concat());
    assert_eq!(check["compressible"], true);
    let compressed = harness.json(&[&["cert", "compress"], &device[..]].concat());
    let compressed = compressed["compressed"].as_str().unwrap();
    let pem = harness.ok(&[
        "cert",
        "decompress",
        compressed,
        "--kind",
        "device",
        "--public-key",
        public_key,
        "--serial",
        "Z1",
        "--device-sn",
        sn,
        "--signer-key",
        "@signer.cert",
    ]);
    let exported = std::fs::read_to_string(harness.path().join("device.pem")).unwrap();
    assert_eq!(pem.trim(), exported.trim());
    // Another serial makes another certificate, which does not verify.
    let (code, message) = harness.fails(&[
        "cert",
        "decompress",
        compressed,
        "--kind",
        "device",
        "--public-key",
        public_key,
        "--serial",
        "Z2",
        "--device-sn",
        sn,
        "--signer-key",
        "@signer.cert",
    ]);
    assert_eq!(code, 1, "{message}");
    let signer = harness.json(&["cert", "compress", "signer.cert"]);
    assert_eq!(
        (&signer["kind"], &signer["format"]),
        (&"signer".into(), &0.into())
    );
}

#[test]
fn what_does_not_survive_is_named() {
    let harness = Harness::new();
    harness.ok(&[
        "device",
        "create",
        "D1",
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "signer.key",
    ]);
    let output = harness.run(&["--json", "cert", "check", "D1.cert"]);
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields = document["fields"].as_array().unwrap();
    let lost: Vec<_> = fields
        .iter()
        .filter(|field| field["survives"] == false)
        .collect();
    assert!(lost.len() > 3, "{lost:?}");
    let (code, message) = harness.fails(&["cert", "compress", "D1.cert"]);
    assert_eq!(
        (code, message.contains("cert check")),
        (5, true),
        "{message}"
    );
    let (code, message) = harness.fails(&[
        "cert",
        "decompress",
        "00",
        "--kind",
        "signer",
        "--public-key",
        "00",
    ]);
    assert_eq!(
        (code, message.contains("1 byte instead of 72")),
        (5, true),
        "{message}"
    );
}

/// 72 bytes that are no device's, however that is found out.
#[test]
fn bytes_of_something_else_are_refused_with_one_exit_code() {
    let harness = Harness::new();
    let signer = harness.json(&["cert", "compress", "signer.cert"]);
    let signer = signer["compressed"].as_str().unwrap();
    // The format is the low half of byte 70, where 0 and 1 are known.
    let unknown = format!("{}F{}", &signer[..141], &signer[142..]);
    let sn = "0123456789ABCDEFEE";
    let key = [
        "--public-key",
        "@signer.cert",
        "--signer-key",
        "@signer.cert",
    ];
    let rest = ["--kind", "device", "--serial", "Z1", "--device-sn", sn];
    for (bytes, part) in [(signer, "is of"), (&unknown, "format")] {
        let decompress = ["cert", "decompress", bytes];
        let (code, message) = harness.fails(&[&decompress[..], &key, &rest].concat());
        assert_eq!((code, message.contains(part)), (5, true), "{message}");
    }
}

/// Format 1, on request: a chip that this library reads, with a warning that
/// the other one does not.
#[test]
fn format_1_is_written_on_request() {
    let harness = Harness::new();
    let new = ["--certificate-format", "1"];
    let signer = ["signer", "create", "late", "--years", "100"];
    let (code, message) = harness.fails(&signer);
    assert_eq!(
        (code, message.contains("format 0 holds 1 to 31")),
        (5, true),
        "{message}"
    );
    harness.ok(&[&signer[..], &new[..]].concat());
    let compressed = harness.json(&["cert", "compress", "late.cert"]);
    assert_eq!(compressed["format"], 1);
    let provision = [
        "provision",
        "--device",
        CHIP,
        "--signer-cert",
        "late.cert",
        "--signer-key",
        "late.key",
        "--serial",
        "L1",
        "--yes",
    ];
    let output = harness.run(&[&provision[..], &new[..]].concat());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{message}");
    assert!(
        message.contains("cannot be read by the Elixir library"),
        "{message}"
    );
    let info = harness.json(&["info", "--device", CHIP]);
    assert_eq!(info["verified"], true);
    // Once more: nothing is left to do.
    harness.ok(&[&provision[..], &new[..]].concat());
    let image = std::fs::read_to_string(harness.path().join("chip.img")).unwrap();
    harness.ok(&[
        "cert",
        "export",
        "device",
        "--device",
        CHIP,
        "--out",
        "device.pem",
    ]);
    let sn = info["serial_number"].as_str().unwrap();
    let device = [
        "device.pem",
        "--signer-cert",
        "late.cert",
        "--device-sn",
        sn,
    ];
    let compressed = harness.json(&[&["cert", "compress"], &device[..]].concat());
    assert_eq!(compressed["format"], 1);
    let bytes = compressed["compressed"].as_str().unwrap();
    let stored = image.to_uppercase().replace(char::is_whitespace, "");
    assert!(stored.contains(&bytes[..64]), "the chip holds it");
}
