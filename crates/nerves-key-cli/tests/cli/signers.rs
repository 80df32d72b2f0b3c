//! Signers of each kind but tokens, which `crates/nerves-key-provision/tests/softhsm.rs` has;
//! reports and plan digests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::Harness;

fn exec<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let signer = ["--signer-cert", "signer.cert", "--signer-key", command];
    [
        &["provision", "--device", "emu:a.img", "--yes"],
        &signer[..],
        more,
    ]
    .concat()
}

/// A shell script that is a signer.
pub(crate) fn script(harness: &Harness, name: &str, text: &str) {
    let path = harness.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Our own command at the other end, as through ssh.
pub(crate) fn good(harness: &Harness) {
    let command = env!("CARGO_BIN_EXE_nerves-key");
    let text = format!(
        "tee request | {command} signer answer - --signer-cert signer.cert --signer-key signer.key"
    );
    script(harness, "good", &text);
}

#[test]
fn a_command_signs() {
    let harness = Harness::new();
    good(&harness);
    harness.ok(&exec("exec:./good", &["--serial", "N1"]));
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(
        (&info["stage"], &info["verified"]),
        (&json!("finished"), &json!(true))
    );
    // What it was given: as documented.
    let request: Value =
        serde_json::from_slice(&fs::read(harness.path().join("request")).unwrap()).unwrap();
    assert_eq!(request["chip_serial_number"], info["serial_number"]);
    assert_eq!(request["public_key"], info["public_key"]);
    assert_eq!(request["manufacturer_serial"], "N1");
    let bytes = |member: &str| {
        let text = request[member].as_str().unwrap();
        data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap()
    };
    assert_eq!(Sha256::digest(bytes("to_be_signed"))[..], bytes("digest"));
}

/// Whatever a signer does wrong, the chip goes on with the right one.
#[test]
fn a_command_that_fails_leaves_a_chip_that_resumes() {
    let harness = Harness::new();
    good(&harness);
    let zeros = "00".repeat(64);
    let cases = [
        ("false", "exit status: 1"),
        ("./missing", "exit status: 127"),
        ("kill -9 $$", "signal: 9"),
        ("true", "no signing request"),
        ("echo approved", "no signing request"),
        ("echo '{}'", "no signature"),
        ("echo '{\"signature\": \"00\"}'", "1 bytes instead of 64"),
        ("echo '{\"signature\": \"xx\"}'", "signature: "),
        ("echo '{\"signature_der\": \"3000\"}'", "signature_der: "),
        (
            &format!("echo '{{\"signature\": \"{zeros}\"}}'"),
            "does not verify",
        ),
        ("head -c 70000 /dev/zero", "more than 65536"),
        ("sleep 5", "within 1 s"),
        ("sleep 5 & exit 0", "within 1 s"),
        ("exec >&-; sleep 5", "within 1 s"),
    ];
    for (command, part) in cases {
        let (start, key) = (Instant::now(), format!("exec:{command}"));
        let (code, message) = harness.fails(&exec(&key, &["--signer-timeout", "1"]));
        assert_eq!(code, 1, "{command}: {message}");
        assert!(message.contains(part), "{command}: {message}");
        assert!(
            message.contains("run the same command again"),
            "{command}: {message}"
        );
        assert!(start.elapsed().as_secs() < 20, "{command}");
        let info = harness.json(&["info", "--device", "emu:a.img"]);
        assert_eq!(info["stage"], "keyed", "{command}");
        assert_eq!(info["locks"]["data"], false, "{command}");
    }
    harness.ok(&exec("exec:./good", &[]));
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(
        (&info["stage"], &info["verified"]),
        (&json!("finished"), &json!(true))
    );
}

/// No wrong input: the same command again may do.
#[test]
fn a_signer_that_fails_ends_a_certificate_without_a_chip_with_1() {
    let harness = Harness::new();
    for command in ["exec:false", "exec:echo '{}'"] {
        let device = ["device", "create", "D1", "--signer-cert", "signer.cert"];
        let (code, message) = harness.fails(&[&device[..], &["--signer-key", command]].concat());
        assert_eq!(code, 1, "{message}");
        assert!(!harness.path().join("D1.key").exists(), "{command}");
    }
}

/// A chip signs anything, so a `NervesKey` can stand for a signer: here for one
/// with the wrong key.
#[test]
fn a_command_with_another_key_is_noticed_before_the_lock() {
    let harness = Harness::new();
    good(&harness);
    let other = Harness::provision("emu:other.img", &["--yes", "--serial", "OTHER"]);
    harness.ok(&other);
    let command = env!("CARGO_BIN_EXE_nerves-key");
    let text = format!(
        "digest=$(sed -n 's/.*\"digest\": \"\\(.*\\)\".*/\\1/p')\n\
         {command} --json sign --device emu:other.img --digest $digest"
    );
    script(&harness, "wrong", &text);
    let (code, message) = harness.fails(&exec("exec:./wrong", &[]));
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("the signer's signature"), "{message}");
    assert!(message.contains("run the same command again"), "{message}");
    harness.ok(&exec("exec:./good", &[]));
}

/// As `openssl pkcs8 -topk8` writes them (OpenSSL 3.0), passphrase "station".
pub(crate) const ENCRYPTED: [(&str, &str); 2] = [
    ("-v2 aes-256-cbc", include_str!("keys/pbkdf2.pem")),
    ("-scrypt", include_str!("keys/scrypt.pem")),
];

#[test]
fn encrypted_key_files() {
    let harness = Harness::new();
    fs::write(harness.path().join("right"), "station\n").unwrap();
    fs::write(harness.path().join("wrong"), "Station\n").unwrap();
    fs::write(
        harness.path().join("plain.key"),
        include_str!("keys/plain.pem"),
    )
    .unwrap();
    harness.ok(&["signer", "create", "plain", "--key", "plain.key"]);
    for (form, pem) in ENCRYPTED {
        fs::write(harness.path().join("encrypted.key"), pem).unwrap();
        let key = [
            "--signer-cert",
            "plain.cert",
            "--signer-key",
            "encrypted.key",
            "--dry-run",
        ];
        let provision = [&["provision", "--device", "emu:"], &key[..]].concat();
        let with = |name| [&provision[..], &["--passphrase", name]].concat();
        harness.ok(&with("file:right"));
        for (name, part) in [
            ("file:wrong", "not opened by this passphrase"),
            ("file:missing", "missing"),
            ("env:NOT_SET", "not found"),
        ] {
            let (code, message) = harness.fails(&with(name));
            assert_eq!(code, 5, "{form}, {name}: {message}");
            assert!(message.contains(part), "{form}, {name}: {message}");
        }
        let mut command = harness.command(&with("env:STATION"));
        let status = command.env("STATION", "station").output().unwrap().status;
        assert!(status.success(), "{form}");
        // Nobody there to ask. A session of its own has no terminal.
        let mut command = Command::new("setsid");
        command
            .arg("--wait")
            .arg(env!("CARGO_BIN_EXE_nerves-key"))
            .args(&provision);
        let output = command.current_dir(harness.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--passphrase"));
    }
    fs::write(harness.path().join("old.key"), include_str!("keys/old.pem")).unwrap();
    let (code, message) = harness.fails(&["signer", "create", "old", "--key", "old.key"]);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("openssl pkcs8 -topk8"), "{message}");
}

#[test]
fn a_report_of_what_was_done() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "a.img"]);
    let plan = harness.json(&["info", "--device", "emu:a.img"]);
    let dry = harness.json(&Harness::provision(
        "emu:a.img",
        &["--dry-run", "--serial", "N1"],
    ));
    let arguments = Harness::provision("emu:a.img", &["--yes", "--serial", "N1", "--report", "r"]);
    let printed = harness.json(&arguments);
    let report: Value =
        serde_json::from_slice(&fs::read(harness.path().join("r")).unwrap()).unwrap();
    assert_eq!(report, printed);
    assert_eq!(report["plan_digest"], dry["plan_digest"]);
    assert_eq!(report["stage_before"], "blank");
    assert_eq!(report["stage"], "finished");
    assert_eq!(report["chip_serial_number"], plan["serial_number"]);
    assert_eq!(
        report["tool"],
        concat!("nerves-key ", env!("CARGO_PKG_VERSION"))
    );
    let certificate = harness.json(&["cert", "show", "--device", "emu:a.img"]);
    for which in ["device_certificate", "signer_certificate"] {
        assert_eq!(report[which], certificate[which]);
    }
    assert_eq!(
        report["public_key"],
        certificate["device_certificate"]["public_key"]
    );
    let timed = |step: &Value| step["milliseconds"].is_u64();
    assert!(report["steps"].as_array().unwrap().iter().all(timed));
    // Not again over it; and a report that was lost can be had again.
    let before = fs::read(harness.path().join("r")).unwrap();
    assert_eq!(harness.fails(&arguments).0, 5);
    assert_eq!(fs::read(harness.path().join("r")).unwrap(), before);
    let again = Harness::provision("emu:a.img", &["--serial", "N1", "--report", "again"]);
    harness.ok(&again);
    let again: Value =
        serde_json::from_slice(&fs::read(harness.path().join("again")).unwrap()).unwrap();
    assert_eq!(again["device_certificate"], report["device_certificate"]);
    assert_eq!(again["done"], false);
    // A report that cannot be written is known before.
    let blank = |path| Harness::provision("emu:b.img", &["--yes", "--report", path]);
    for path in ["nowhere/r", "r"] {
        assert_eq!(harness.fails(&blank(path)).0, 5, "{path}");
    }
    assert!(!harness.path().join("b.img").exists());
    // Nothing else is left behind.
    let hidden = fs::read_dir(harness.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let hidden: Vec<_> = hidden
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn a_plan_is_held_to_its_digest() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "a.img"]);
    let with = |more: &[&'static str]| Harness::provision("emu:a.img", more);
    let digest = |more: &[&'static str]| {
        let arguments = with(&[&["--dry-run"], more].concat());
        harness.json(&arguments)["plan_digest"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let wanted = digest(&["--serial", "N1"]);
    assert_eq!(wanted, digest(&["--serial", "N1"]));
    let text = harness.ok(&with(&["--dry-run", "--serial", "N1"]));
    assert!(text.contains(&format!("plan digest {wanted}")), "{text}");
    let others: [&[&'static str]; 4] = [
        &["--serial", "N2"],
        &["--serial", "N1", "--board", "Other"],
        &["--serial", "N1", "--otp-user", "01"],
        &[],
    ];
    let before = fs::read(harness.path().join("a.img")).unwrap();
    for other in others {
        assert_ne!(digest(other), wanted, "{other:?}");
        let mut arguments = with(&[&["--yes"], other].concat());
        arguments.extend(["--plan-digest", &wanted]);
        let (code, message) = harness.fails(&arguments);
        assert_eq!(code, 5, "{message}");
        assert!(message.contains("another plan"), "{message}");
    }
    for wrong in ["00", "x", &"0".repeat(66)] {
        let mut arguments = with(&["--yes", "--serial", "N1"]);
        arguments.extend(["--plan-digest", wrong]);
        let (code, message) = harness.fails(&arguments);
        assert_eq!(code, 5, "{message}");
        assert!(message.contains("--plan-digest"), "{message}");
    }
    assert_eq!(fs::read(harness.path().join("a.img")).unwrap(), before);
    let mut arguments = with(&["--yes", "--serial", "N1"]);
    let lower = wanted.to_lowercase();
    arguments.extend(["--plan-digest", &lower]);
    harness.ok(&arguments);
}

#[test]
fn serials_in_use() {
    let harness = Harness::new();
    fs::write(harness.path().join("used"), "N1\r\nN2\n\nN30").unwrap();
    let with = |serial| {
        Harness::provision(
            "emu:a.img",
            &["--yes", "--used-serials", "used", "--serial", serial],
        )
    };
    for serial in ["N1", "N2", "N30"] {
        let (code, message) = harness.fails(&with(serial));
        assert_eq!(code, 5, "{message}");
        assert!(message.contains("used serials"), "{message}");
    }
    assert!(!harness.path().join("a.img").exists());
    harness.ok(&with("N3"));
    // A finished chip may well be in the list.
    fs::write(harness.path().join("used"), "N3\n").unwrap();
    assert_eq!(harness.json(&with("N3"))["done"], false);
}

/// It may be a checkout's, so it is used.
#[test]
fn a_secrets_file_that_others_may_read_is_warned_of() {
    let harness = Harness::new();
    let file = |name: &str, bytes: &str| {
        fs::write(harness.path().join(name), bytes).unwrap();
        name.to_owned()
    };
    let locked = file("locked.key", ENCRYPTED[0].1);
    let plain = file("plain.key", include_str!("keys/plain.pem"));
    let passphrase = file("passphrase", "station\n");
    let activation = file("activation", "A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n");
    let encryption = file("encryption", "SecretSecretKey!");
    let set_modes = |mode| {
        for name in [&locked, &plain, &passphrase, &activation, &encryption] {
            let path = harness.path().join(name);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    harness.ok(&["signer", "create", "plain", "--key", "plain.key"]);
    let named = ["provision", "--dry-run", "--device", "emu:"];
    let with =
        |more: &[&'static str]| [&named[..], &["--signer-cert", "plain.cert"], more].concat();
    let volatile = [
        "--layout",
        "volatile",
        "--activation-key",
        "activation",
        "--encryption-key",
        "encryption",
        "--signer-key",
        "plain.key",
    ];
    let encrypted = |passphrase| with(&["--signer-key", "locked.key", "--passphrase", passphrase]);
    let runs = [
        (with(&["--signer-key", "plain.key"]), vec!["plain.key"]),
        (
            with(&volatile),
            vec!["activation", "encryption", "plain.key"],
        ),
        (
            encrypted("file:passphrase"),
            vec!["locked.key", "passphrase"],
        ),
        (
            encrypted("passphrase"),
            vec!["locked.key", "the file that --passphrase names"],
        ),
    ];
    for (mode, shown) in [
        (0o600, None),
        (0o400, None),
        (0o640, Some("0640")),
        (0o644, Some("0644")),
        (0o602, Some("0602")),
    ] {
        set_modes(mode);
        for (arguments, files) in &runs {
            let output = harness.run(arguments);
            assert!(output.status.success(), "{mode:o}: {output:?}");
            let said = String::from_utf8(output.stderr).unwrap();
            let mut warnings: Vec<_> = said.lines().filter(|line| line.contains("mode")).collect();
            warnings.sort_unstable();
            let Some(shown) = shown else {
                assert!(warnings.is_empty(), "{mode:o}: {said}");
                continue;
            };
            assert_eq!(warnings.len(), files.len(), "{said}");
            for (warning, file) in warnings.iter().zip(files) {
                for part in [&*format!("warning: {file} is a "), shown, "chmod 600 "] {
                    assert!(warning.contains(part), "{mode:o}: {warning}");
                }
            }
        }
    }
}

/// A run that was killed after the key and before the certificate.
#[test]
fn a_key_that_has_no_certificate_yet_is_told_with_a_way_on() {
    let harness = Harness::new();
    let create = ["signer", "create", "k", "--years", "5"];
    harness.ok(&create);
    let signer = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    let device = [&["device", "create", "D1"][..], &signer].concat();
    harness.ok(&device);
    // With both there nothing is lost.
    let (code, message) = harness.fails(&create);
    assert_eq!(code, 5, "{message}");
    assert!(!message.contains("--key"), "{message}");
    for name in ["k.cert", "D1.cert"] {
        fs::remove_file(harness.path().join(name)).unwrap();
    }
    let (code, message) = harness.fails(&create);
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("k.key exists already")
            && message.contains("nerves-key signer create k --key k.key makes its certificate"),
        "{message}"
    );
    harness.ok(&[&create[..], &["--key", "k.key"]].concat());
    let (code, message) = harness.fails(&device);
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("D1.key exists already") && message.contains("Remove it"),
        "{message}"
    );
}
