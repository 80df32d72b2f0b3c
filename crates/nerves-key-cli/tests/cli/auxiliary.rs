//! `nerves-key aux`: auxiliary certificates.

use crate::harness::Harness;

const CHIP: &str = "emu:chip.img";

#[test]
fn auxiliary_certificates_come_and_go() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "K1", "--yes"]));
    let show = ["aux", "show", "--device", CHIP];
    assert_eq!(harness.json(&show)["auxiliary"], serde_json::Value::Null);
    let (code, message) = harness.fails(&["aux", "export", "--device", CHIP]);
    assert_eq!(code, 4, "{message}");
    harness.ok(&["signer", "create", "other"]);
    for signer in ["other", "signer"] {
        let (cert, key) = (format!("{signer}.cert"), format!("{signer}.key"));
        harness.ok(&[
            "aux",
            "provision",
            "--device",
            CHIP,
            "--signer-cert",
            &cert,
            "--signer-key",
            &key,
        ]);
        let shown = harness.json(&show);
        let device = &shown["auxiliary"]["device_certificate"];
        assert_eq!(device["subject"], "CN=K1");
        let pem = std::fs::read_to_string(harness.path().join(&cert)).unwrap();
        let exported = harness.ok(&["aux", "export", "signer", "--device", CHIP]);
        assert_eq!(exported.trim(), pem.trim());
    }
    // The primary ones are still there.
    assert_eq!(harness.json(&["info", "--device", CHIP])["verified"], true);
    harness.ok(&["aux", "clear", "--device", CHIP]);
    assert_eq!(harness.json(&show)["auxiliary"], serde_json::Value::Null);
}
