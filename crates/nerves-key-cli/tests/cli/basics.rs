//! From a blank chip to signatures, exit codes, files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use atecc_x509::{Certificate, SignatureBytes};
use data_encoding::HEXUPPER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::Harness;
use crate::interrupted;

const CHIPS: [&str; 3] = ["atecc508a", "atecc608a", "atecc608b"];

#[test]
fn the_demonstration() {
    let harness = Harness::new();
    for chip in CHIPS {
        let shown = harness.json(&["demo", "--out", "demo", "--chip", chip]);
        assert_eq!(shown["chain_verified"], true);
        assert_eq!(shown["signature_verified"], true);
        let pem = fs::read_to_string(harness.path().join("demo/demo-device.pem")).unwrap();
        let signer = fs::read_to_string(harness.path().join("demo/demo-signer.pem")).unwrap();
        let signer = Certificate::from_pem(&signer).unwrap();
        let device = Certificate::from_pem(&pem).unwrap();
        device.verify(&signer.public_key().unwrap()).unwrap();
        assert_eq!(device.subject_text(), "CN=DEMO-0001");
    }
}

/// `--device` is taken where people write it, and only by commands that have one.
#[test]
fn the_device_may_come_first() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "chip.img"]);
    let after = harness.ok(&["info", "--device", "emu:chip.img"]);
    assert_eq!(harness.ok(&["--device", "emu:chip.img", "info"]), after);
    assert_eq!(harness.ok(&["--device=emu:chip.img", "info"]), after);
    let both = ["--device", "emu:chip.img", "info", "--device", "emu:"];
    let none = ["--device", "emu:chip.img", "signer", "create", "x"];
    for wrong in [&both[..], &none] {
        let (code, message) = harness.fails(wrong);
        assert_eq!((code, message.contains("--device")), (2, true), "{message}");
    }
}

/// Only what provisions makes the image file of a chip: a name that is mistyped is
/// no chip.
#[test]
fn a_mistyped_image_is_no_chip() {
    let harness = Harness::new();
    for command in [
        &["info"][..],
        &["doctor"],
        &["scan"],
        &["random"],
        &["config", "show"],
    ] {
        let (code, message) = harness.fails(&[command, &["--device", "emu:chpi.img"]].concat());
        assert_eq!(code, 5, "{message}");
        assert!(message.contains("no such image file"), "{message}");
        assert!(!harness.path().join("chpi.img").exists(), "{command:?}");
    }
    let (code, message) = harness.fails(&["harden", "--yes", "--device", "emu:chpi.img"]);
    assert_eq!(
        (code, harness.path().join("chpi.img").exists()),
        (5, false),
        "{message}"
    );
}

#[test]
fn quiet_leaves_progress_out_and_nothing_else() {
    let harness = Harness::new();
    let arguments = Harness::provision("emu:chip.img", &["--serial", "Q1", "--yes", "-q"]);
    let output = harness.run(&arguments);
    assert!(output.status.success() && !output.stdout.is_empty());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let (code, message) = harness.fails(&["info", "-q", "--device", "/dev/i2c-99"]);
    assert_eq!((code, message.is_empty()), (3, false));
}

#[test]
fn from_blank_to_signature_on_each_chip() {
    let harness = Harness::new();
    fs::write(harness.path().join("message"), "as in a handshake").unwrap();
    for chip in CHIPS {
        let device = format!("emu:{chip}.img?chip={chip}");
        let info = |stage: &str| {
            let info = harness.json(&["info", "--device", &device]);
            assert_eq!(info["stage"], stage);
            info
        };
        harness.ok(&["emulator", "create", "--chip", chip, &format!("{chip}.img")]);
        info("blank");
        let plan = harness.json(&Harness::provision(&device, &["--dry-run"]));
        let irreversible = |step: &&Value| step["irreversible"] == true;
        let steps = plan["steps"].as_array().unwrap();
        // Configuration, data, slots 10 to 13 and 0.
        assert_eq!(steps.iter().filter(irreversible).count(), 7);
        info("blank");

        let done = harness.json(&Harness::provision(&device, &["--yes", "--serial", "S-1"]));
        assert_eq!(done["done"], true);
        let again = harness.json(&Harness::provision(&device, &["--yes", "--serial", "S-1"]));
        assert_eq!(again["done"], false);
        assert_eq!(again["steps"], serde_json::json!([]));

        let info = info("finished");
        assert_eq!(info["manufacturer_serial"], "S-1");
        assert_eq!(info["verified"], true);
        assert_eq!(info["locks"]["device_key"], true);

        let pem = harness.ok(&["cert", "export", "device", "--device", &device]);
        let certificate = Certificate::from_pem(&pem).unwrap();
        let signed = harness.json(&["sign", "message", "--device", &device]);
        let signature = HEXUPPER
            .decode(signed["signature"].as_str().unwrap().as_bytes())
            .unwrap();
        let signature = SignatureBytes::from_bytes(signature.try_into().unwrap());
        let digest = Sha256::digest("as in a handshake").into();
        let key = certificate.public_key().unwrap();
        key.verify(&digest, &signature).unwrap();
        assert!(key.verify(&[0; 32], &signature).is_err());
    }
}

#[test]
fn the_serial_is_the_chips_own_by_default() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "chip.img"]);
    let chip = harness.json(&["info", "--device", "emu:chip.img"]);
    harness.ok(&Harness::provision("emu:chip.img", &["--yes"]));
    let info = harness.json(&["info", "--device", "emu:chip.img"]);
    let bytes = HEXUPPER
        .decode(chip["serial_number"].as_str().unwrap().as_bytes())
        .unwrap();
    let expected = data_encoding::BASE32_NOPAD.encode(&bytes);
    assert_eq!(info["manufacturer_serial"], expected.as_str());
}

#[test]
fn refusals_leave_the_chip_as_it_was() {
    let harness = Harness::new();
    harness.ok(&["signer", "create", "other"]);
    harness.ok(&["emulator", "create", "chip.img"]);
    let image = || fs::read(harness.path().join("chip.img")).unwrap();
    let before = image();
    let long = "S".repeat(49);
    let mixed = ["--signer-cert", "signer.cert", "--signer-key", "other.key"];
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--serial", &long, "--yes"], 5, "49 bytes"),
        (&["--serial", "", "--yes"], 5, "is empty"),
        (&["--board", "ElevenBytes", "--yes"], 5, "11 bytes"),
        (&["--serial", "a\nb", "--yes"], 5, "control character"),
        (&["--otp-user", "xyz", "--yes"], 5, "--otp-user"),
        (&["--otp-user", "@missing", "--yes"], 5, "missing"),
        (&[], 5, "--yes"),
    ];
    for (more, exit, part) in cases {
        let (code, message) = harness.fails(&Harness::provision("emu:chip.img", more));
        assert_eq!(code, *exit, "{more:?}: {message}");
        assert!(message.contains(part), "{more:?}: {message}");
    }
    let mut arguments = vec!["provision", "--device", "emu:chip.img", "--yes"];
    arguments.extend(mixed);
    let (code, message) = harness.fails(&arguments);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("does not belong"), "{message}");
    assert_eq!(image(), before);
}

/// The rows of a page's table of exit codes.
fn documented_exit_codes() -> BTreeSet<i32> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/command-line.md")).unwrap();
    let (_, table) = page.split_once("| code | when |\n|---|---|\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().parse().unwrap())
        .collect()
}

/// Each code of the documents' table is given by a command.
#[test]
fn exit_codes() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:chip.img",
        &["--yes", "--serial", "A"],
    ));
    let cases: &[(&[&str], i32, &str)] = &[
        (&["frobnicate"], 2, "frobnicate"),
        (&["info", "--device", "usb:1"], 2, "names no chip"),
        (&["info", "--device", "i2c:/dev/i2c-1?addr=0xC0"], 2, "0x60"),
        (
            &["info", "--device", "i2c:/dev/no-such-bus"],
            3,
            "no-such-bus",
        ),
        (&["cert", "show", "--device", "emu:"], 4, "does not show"),
        (
            &["sign", "--digest", "00", "--device", "emu:"],
            5,
            "1 byte instead of 32",
        ),
        (
            &["info", "--device", "emu:chip.img?chip=atecc508a"],
            5,
            "not an ATECC508A",
        ),
        (&["cert", "show", "signer.key"], 5, "signer.key"),
        (&["signer", "create", "signer"], 5, "exists already"),
        (&["signer", "create", "old", "--years", "32"], 5, "32"),
    ];
    for (arguments, exit, part) in cases {
        let (code, message) = harness.fails(arguments);
        assert_eq!(code, *exit, "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    let (code, message) = harness.fails(&Harness::provision("emu:chip.img", &["--serial", "B"]));
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("\"A\", not \"B\""), "{message}");
    // A chip without a key cannot sign.
    let digest = "00".repeat(32);
    let (code, message) = harness.fails(&["sign", "--digest", &digest, "--device", "emu:"]);
    assert_eq!(code, 4, "{message}");
    assert_eq!(interrupted::exit_code(), 130);
    let mut given = BTreeSet::from([0, 1, 130]);
    given.extend(cases.iter().map(|(_, exit, _)| *exit));
    assert_eq!(given, documented_exit_codes());
    println!("exit codes, each given by a command: {given:?}");
}

#[test]
fn with_json_an_error_is_a_document_too() {
    let harness = Harness::new();
    let output = harness.run(&["--json", "cert", "show", "--device", "emu:"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["exit_code"], 4);
    assert!(document["error"].is_string());
    let output = harness.run(&["--json", "info", "--device", "usb:1"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["exit_code"], 2);
}

/// As `openssl ecparam -name prime256v1 -genkey` writes it: parameters first.
#[test]
fn a_key_file_of_openssl_is_taken() {
    let harness = Harness::new();
    let key = harness.path().join("signer.key");
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let text = parameters.to_owned() + &fs::read_to_string(&key).unwrap();
    fs::write(&key, text).unwrap();
    harness.ok(&Harness::provision("emu:chip.img", &["--yes"]));
}

#[test]
fn what_a_finished_chip_holds_is_not_asked_for_otherwise() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:chip.img",
        &["--yes", "--otp-user", "0102"],
    ));
    harness.ok(&Harness::provision("emu:chip.img", &["--otp-user", "0102"]));
    for more in [["--board", "Other"], ["--otp-user", "0103"]] {
        let (code, message) = harness.fails(&Harness::provision("emu:chip.img", &more));
        assert_eq!(code, 4, "{message}");
    }
}

#[test]
fn private_keys_are_the_owners_and_nothing_is_overwritten() {
    let harness = Harness::new();
    let key = harness.path().join("signer.key");
    let certificate = harness.path().join("signer.cert");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    let device = ["device", "create", "D1", "--signer-cert", "signer.cert"];
    let mut device = device.to_vec();
    device.extend(["--signer-key", "signer.key"]);
    harness.ok(&device);
    assert_eq!(mode(&harness.path().join("D1.key")), 0o600);
    let before = (fs::read(&key).unwrap(), fs::read(&certificate).unwrap());
    assert_eq!(harness.fails(&["signer", "create", "signer"]).0, 5);
    assert_eq!(
        before,
        (fs::read(&key).unwrap(), fs::read(&certificate).unwrap())
    );

    // Neither file is left behind when one of them is in the way.
    fs::write(harness.path().join("half.cert"), "mine").unwrap();
    assert_eq!(harness.fails(&["signer", "create", "half"]).0, 5);
    assert!(!harness.path().join("half.key").exists());

    for serial in ["../D2", "a/", "a/.", "/", "..", ".", "a\nb"] {
        device[2] = serial;
        assert_eq!(harness.fails(&device).0, 5, "{serial:?}");
    }
}

#[test]
fn a_killed_process_loses_nothing() {
    let harness = Harness::new();
    for round in 0..12 {
        let device = format!("emu:{round}.img");
        let mut child = harness
            .command(&Harness::provision(&device, &["--yes"]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(3 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        harness.ok(&Harness::provision(&device, &["--yes"]));
        assert_eq!(
            harness.json(&["info", "--device", &device])["stage"],
            "finished"
        );
    }
}
