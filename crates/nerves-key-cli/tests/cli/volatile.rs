//! The volatile layout: a chip that only who has its keys can use, and keys
//! that nothing shows.

use std::fs;

use data_encoding::HEXUPPER;
use sha2::{Digest, Sha256};

use crate::harness::Harness;
use crate::serving::Serving;

const KEYS: [&str; 4] = [
    "--activation-key",
    "activation",
    "--encryption-key",
    "encryption",
];

#[test]
fn provisioned_in_silence() {
    let harness = Harness::new();
    let file = |name: &str, bytes: &[u8]| fs::write(harness.path().join(name), bytes).unwrap();
    file("activation", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n");
    file("encryption", b"SecretSecretKey!");
    let layout = ["--layout", "volatile", "--serial", "V1"];
    let device = "emu:v.img?chip=atecc608a";
    let with = |more: &[&'static str]| [&layout[..], &KEYS[..], more].concat();

    let plan = harness.ok(&Harness::provision(device, &with(&["--dry-run"])));
    assert!(
        plan.contains("activation key") && plan.contains("not shown"),
        "{plan}"
    );
    let done = harness.ok(&Harness::provision(
        device,
        &with(&["--yes", "--report", "report", "--record", "record"]),
    ));
    let info = harness.json(&["info", "--device", "emu:v.img"]);
    assert_eq!(
        (&info["stage"], &info["layout"]),
        (&"finished".into(), &"volatile".into())
    );

    let read = |name: &str| fs::read_to_string(harness.path().join(name)).unwrap();
    for text in [plan, done, read("report"), read("record")] {
        let text = text.to_uppercase().replace([' ', ','], "");
        for secret in ["A5A5A5A5", "5365637265745365", "SECRETSECRET"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    // It is finished, and rests.
    assert_eq!(info["active"], false);
    let text = harness.ok(&["info", "--device", "emu:v.img"]);
    assert!(text.contains("next        its key is not active"), "{text}");
    harness.ok(&["emulator", "create", "blank.img"]);
    let (code, message) = harness.fails(&["volatile", "status", "--device", "emu:blank.img"]);
    assert_eq!(code, 4);
    assert!(
        message.contains("is blank and has no layout yet"),
        "{message}"
    );
    // The chip itself has both.
    let image = read("v.img").to_uppercase().replace(' ', "");
    for secret in ["A5A5A5A5", "5365637265745365"] {
        assert!(image.contains(secret), "{secret} not in {image}");
    }

    // Again, and as another layout.
    harness.ok(&Harness::provision(device, &with(&["--yes"])));
    let (code, message) = harness.fails(&Harness::provision(device, &["--serial", "V1", "--yes"]));
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("volatile layout"), "{message}");
}

/// Another activation key makes it another chip than the one that was asked for,
/// whatever is left to do.
#[test]
fn another_activation_key_is_refused() {
    let harness = Harness::new();
    let file = |name: &str, bytes: &[u8]| fs::write(harness.path().join(name), bytes).unwrap();
    file("activation", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5");
    file("encryption", b"SecretSecretKey!");
    file("other", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A4");
    let device = "emu:v.img?chip=atecc608b";
    let with = |activation: &'static str, encryption: &'static str| {
        let keys = [
            "--activation-key",
            activation,
            "--encryption-key",
            encryption,
        ];
        let layout = ["--layout", "volatile", "--serial", "V3", "--yes"];
        Harness::provision(device, &[&layout[..], &keys].concat())
    };
    // One key for both: nothing is made.
    let (code, message) = harness.fails(&with("other", "other"));
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("are the same") && message.contains("give two"),
        "{message}"
    );
    assert!(!harness.path().join("v.img").exists());

    harness.ok(&with("activation", "encryption"));
    let refused = |image: &[u8]| {
        let (code, message) = harness.fails(&with("other", "encryption"));
        assert_eq!(code, 4, "{message}");
        assert!(
            message.contains("not the one that the chip holds")
                && message.contains("give --activation-key the chip's own key"),
            "{message}"
        );
        assert_eq!(fs::read(harness.path().join("v.img")).unwrap(), image);
    };
    refused(&fs::read(harness.path().join("v.img")).unwrap());
    let said = harness.ok(&with("activation", "encryption"));
    assert!(
        said.contains("nothing to do") && said.contains("active until its power goes"),
        "{said}"
    );
}

/// A served chip keeps its latch from command to command.
#[test]
fn activated_and_used() {
    let harness = Harness::new();
    let file = |name: &str, bytes: &[u8]| fs::write(harness.path().join(name), bytes).unwrap();
    file("activation", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n");
    file("encryption", b"SecretSecretKey!");
    file("wrong", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A4\n");
    let with = [
        &["--layout", "volatile", "--serial", "V2", "--yes"],
        &KEYS[..],
    ]
    .concat();
    harness.ok(&Harness::provision("emu:v.img?chip=atecc608b", &with));
    let _serving = Serving::new(
        &harness,
        &["--socket", "s", "--fast", "--bus", "4000021=v.img"],
    );
    let device = "unix:s";
    let active = || harness.json(&["volatile", "status", "--device", device])["active"].clone();
    assert_eq!(active(), false);
    let doctor = || harness.json(&["doctor", "--device", device])["warnings"].clone();
    assert_eq!(doctor(), 1);
    let challenge = "5A".repeat(32);
    let mac = ["volatile", "mac", &challenge, "--device", device];
    let sign = ["sign", "--device", device, "--digest", &challenge];
    let (code, message) = harness.fails(&mac);
    assert_eq!(
        (code, message.contains("not active")),
        (4, true),
        "{message}"
    );
    assert_eq!(harness.fails(&sign).0, 4);
    let unlock = |key| {
        [
            "volatile",
            "unlock",
            "--device",
            device,
            "--activation-key",
            key,
        ]
    };
    let (code, message) = harness.fails(&unlock("wrong"));
    assert_eq!(
        (code, message.contains("not the activation key")),
        (1, true),
        "{message}"
    );
    assert_eq!(active(), false);
    for _ in 0..2 {
        harness.ok(&unlock("activation"));
        assert_eq!(active(), true);
    }
    assert_eq!(doctor(), 0);
    harness.ok(&sign);
    // SHA-256 of key, challenge, the command's first four bytes and the chip.
    let first = harness.json(&mac)["mac"].clone();
    assert_eq!(harness.json(&mac)["mac"], first);
    let mut message = b"SecretSecretKey!".to_vec();
    message.resize(32, 0);
    message.extend([0x5A; 32]);
    message.extend([0x08, 0x05, 0x02, 0x00]);
    message.extend([0; 11]);
    // Parts of the serial number that every chip has.
    message.extend([0xEE, 0, 0, 0, 0, 0x01, 0x23, 0, 0]);
    let expected = HEXUPPER.encode(&Sha256::digest(&message));
    assert_eq!(first, expected);
    let (code, message) = harness.fails(&["volatile", "mac", "5A", "--device", device]);
    assert_eq!(
        (code, message.contains("has 1 byte instead")),
        (5, true),
        "{message}"
    );
}

#[test]
fn other_chips_have_nothing_to_unlock() {
    let harness = Harness::new();
    fs::write(harness.path().join("key"), [0x11; 16]).unwrap();
    let unlock = ["volatile", "unlock", "--activation-key", "key", "--device"];
    for chip in ["emu:a.img?chip=atecc508a", "emu:b.img"] {
        harness.ok(&Harness::provision(chip, &["--serial", "S1", "--yes"]));
        let (code, message) = harness.fails(&[&unlock[..], &[chip]].concat());
        assert_eq!(
            (code, message.contains("of the standard layout")),
            (4, true),
            "{message}"
        );
    }
}
