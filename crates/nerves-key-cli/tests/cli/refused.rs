//! "Execution error" (0x0F) with its causes: set-ups that people ask about, each
//! as an emulated chip, by the command that ends in it.

use std::path::Path;

use atecc_emulator::{Image, Slot};

use crate::harness::Harness;
use crate::in_process::InProcess;
use crate::stuck::built;

/// Bytes of the configuration. Source: ATECC508A datasheet, "Configuration Zone".
const fn slot_config(slot: usize) -> usize {
    20 + 2 * slot
}

const fn key_config(slot: usize) -> usize {
    96 + 2 * slot
}

/// One chip, what is asked of it, and what is to be said.
struct SetUp {
    name: &'static str,
    /// The chip that it is made of.
    from: &'static str,
    /// Offsets in the configuration, and what is there.
    config: &'static [(usize, u8)],
    /// A slot whose first byte is another, and which.
    contents: Option<(u8, u8)>,
    command: &'static [&'static str],
    cause: &'static str,
    remedy: &'static str,
}

const DIGEST: &str = "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A";
const SIGN: &[&str] = &["sign", "--digest", DIGEST];
const AUX: &[&str] = &[
    "aux",
    "provision",
    "--signer-cert",
    "signer.cert",
    "--signer-key",
    "signer.key",
];
const SET: &[&str] = &["settings", "set", "a", "1"];
/// What a NervesKey has, so that each set-up says only what differs.
const NERVES_KEY: SetUp = SetUp {
    name: "",
    from: "n.img",
    config: &[],
    contents: None,
    command: SIGN,
    cause: "",
    remedy: "none: the configuration is locked and stays so",
};

const SET_UPS: &[SetUp] = &[
    SetUp {
        name: "blank",
        from: "blank.img",
        cause: "the configuration is not locked (byte 87 is 55)",
        remedy: "lock the configuration once it is final",
        ..NERVES_KEY
    },
    SetUp {
        name: "latch not set",
        config: &[(69, 0x85), (key_config(0) + 1, 0x10)],
        cause: "it needs the persistent latch set (KeyConfig.PersistentDisable of slot 0), and has \
                not",
        remedy: "authorize with the key that VolatileKeyPermission (byte 69) names, then set",
        ..NERVES_KEY
    },
    SetUp {
        name: "latch that nothing sets",
        config: &[(69, 0x00), (key_config(0) + 1, 0x10)],
        command: &["jwt"],
        cause: "the persistent latch (KeyConfig.PersistentDisable), which nothing can set",
        ..NERVES_KEY
    },
    SetUp {
        name: "volatile key not active",
        from: "v.img",
        command: &["csr"],
        cause: "it needs the persistent latch set",
        remedy: "nerves-key volatile unlock",
        ..NERVES_KEY
    },
    SetUp {
        name: "uses at the end",
        // Counter0 at 2097151: both unary parts full, 65535 and 65535 turns.
        config: &[
            (slot_config(0), 0xA7),
            (52, 0x00),
            (53, 0x00),
            (54, 0x00),
            (55, 0x01),
            (56, 0xFF),
            (57, 0xFF),
            (58, 0xFF),
            (59, 0xFF),
        ],
        cause: "no use is left: Counter0 is at 2097151 of 2097151 (SlotConfig.LimitedUse)",
        remedy: "none: uses do not come back",
        ..NERVES_KEY
    },
    SetUp {
        name: "internal signing only",
        config: &[(slot_config(0), 0x82)],
        cause: "SlotConfig.ReadKey bit 0 is 0: no external signatures",
        ..NERVES_KEY
    },
    SetUp {
        name: "ECDH output protected",
        config: &[(91, 0x02)],
        command: &["ecdh", "signer.cert"],
        cause: "ChipOptions bits 9-8: no secret leaves the chip",
        remedy: "keep it in the chip (ecdh-temp-key)",
        ..NERVES_KEY
    },
    SetUp {
        name: "ECDH output encrypted only",
        config: &[(91, 0x01)],
        command: &["ecdh", "signer.cert"],
        cause: "ChipOptions bits 9-8: a secret leaves the chip encrypted only",
        remedy: "ask for it encrypted (ecdh-encrypted)",
        ..NERVES_KEY
    },
    SetUp {
        name: "locked slot",
        config: &[(89, 0xC2)],
        command: SET,
        cause: "the slot is locked (its bit of SlotLocked is 0)",
        remedy: "none: a slot's lock cannot be undone",
        ..NERVES_KEY
    },
    SetUp {
        name: "ReqAuth",
        config: &[(key_config(0), 0xB3), (key_config(0) + 1, 0x05)],
        cause: "an authorization with slot 5 before: CheckMac or Verify (KeyConfig.ReqAuth of slot \
                0)",
        remedy: "authorize right before, in the same awake session",
        ..NERVES_KEY
    },
    SetUp {
        name: "wrong key type",
        config: &[(key_config(0), 0x3F)],
        cause: "the slot's key is not of P-256 (KeyConfig.KeyType is not 4)",
        ..NERVES_KEY
    },
    SetUp {
        name: "no slot of private keys",
        config: &[(key_config(0), 0x32)],
        cause: "the slot holds no private key (KeyConfig.Private is 0)",
        ..NERVES_KEY
    },
    SetUp {
        name: "no key",
        contents: Some((0, 0xFF)),
        cause: "there is no key in the slot",
        remedy: "if there is none, make a key there (GenKey; it replaces one that is there)",
        ..NERVES_KEY
    },
    SetUp {
        name: "data not locked",
        config: &[(86, 0x55)],
        command: &["cert", "export"],
        cause: "data and OTP are not locked (byte 86 is 55)",
        remedy: "lock data and OTP once they are final",
        ..NERVES_KEY
    },
    SetUp {
        name: "public key hidden",
        config: &[(key_config(0), 0x31)],
        command: &["csr"],
        cause: "KeyConfig.PubInfo is 0: the public key stays in the chip",
        ..NERVES_KEY
    },
    SetUp {
        name: "public key validated",
        config: &[(slot_config(14) + 1, 0x1F), (key_config(14), 0x32)],
        contents: Some((14, 0x50)),
        command: AUX,
        cause: "the public key there not validated",
        remedy: "invalidate it first (Verify, Param1 07)",
        ..NERVES_KEY
    },
    SetUp {
        name: "encrypted read without the key",
        config: &[(slot_config(10), 0xC5)],
        command: &["cert", "export"],
        cause: "the slot is read encrypted only (SlotConfig.IsSecret 1, EncryptRead 1)",
        remedy: "read it encrypted, with the key in slot ReadKey",
        ..NERVES_KEY
    },
    SetUp {
        name: "secret slot",
        config: &[(slot_config(12), 0x80)],
        command: &["cert", "show"],
        cause: "the slot is secret (SlotConfig.IsSecret 1, EncryptRead 0)",
        ..NERVES_KEY
    },
    SetUp {
        name: "never written",
        config: &[(slot_config(15) + 1, 0x2F)],
        command: AUX,
        cause: "SlotConfig.WriteConfig says never",
        ..NERVES_KEY
    },
    SetUp {
        name: "written encrypted only",
        config: &[(slot_config(15) + 1, 0x45)],
        command: AUX,
        cause: "SlotConfig.WriteConfig wants encrypted writes",
        remedy: "write it encrypted, with the key in slot WriteKey",
        ..NERVES_KEY
    },
];

/// A folder with a blank chip, a NervesKey, and one of the volatile layout.
fn chips() -> Harness {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "blank.img"]);
    harness.ok(&Harness::provision(
        "emu:n.img",
        &["--yes", "--serial", "N1"],
    ));
    for (name, key) in [("activation", [0x11; 16]), ("encryption", [0x22; 16])] {
        std::fs::write(harness.path().join(name), key).unwrap();
    }
    let volatile = [
        "--yes",
        "--serial",
        "V1",
        "--layout",
        "volatile",
        "--activation-key",
        "activation",
        "--encryption-key",
        "encryption",
    ];
    harness.ok(&Harness::provision("emu:v.img?chip=atecc608a", &volatile));
    harness
}

fn changed(path: &Path, set_up: &SetUp) -> Image {
    let image = Image::load(path).unwrap();
    let mut config = *image.config();
    for (at, byte) in set_up.config {
        config[*at] = *byte;
    }
    let mut image = image.with_config(config).unwrap();
    if let Some((slot, byte)) = set_up.contents {
        let contents = image.slot_mut(Slot::new(slot).unwrap());
        if slot == 0 {
            contents.fill(byte);
        } else {
            contents[0] = byte;
        }
    }
    image
}

#[test]
fn each_set_up_is_told_with_cause_and_remedy() {
    let harness = chips();
    let image = harness.path().join("x.img");
    for set_up in SET_UPS {
        let path = harness.path().join(set_up.from);
        // By no lock: a process that another test starts just then keeps it.
        std::fs::write(&image, changed(&path, set_up).to_text()).unwrap();
        let command = [set_up.command, &["--device", "emu:x.img"]].concat();
        let (code, message) = harness.fails(&command);
        std::fs::remove_file(&image).unwrap();
        let name = set_up.name;
        println!("== {name}: nerves-key {}\n{message}", command.join(" "));
        assert_eq!(code, 4, "{name}: {message}");
        for part in [set_up.cause, set_up.remedy] {
            assert!(message.contains(part), "{name}: {part} not in {message}");
        }
        assert!(message.contains("cause: "), "{name}: {message}");
    }
}

/// One cause, one exit code: whatever is asked of a blank chip that only a finished
/// one can do.
#[test]
fn a_blank_chip_is_refused_with_one_exit_code() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "blank.img"]);
    let device = ["device", "create", "D1", "--signer-cert", "signer.cert"];
    harness.ok(&[&device[..], &["--signer-key", "signer.key"]].concat());
    std::fs::write(harness.path().join("all.json"), "{\"a\": 1}").unwrap();
    std::fs::write(harness.path().join("all.bin"), b"\x83w\x01x").unwrap();
    std::fs::write(harness.path().join("key"), [0x11; 16]).unwrap();
    let challenge = "00".repeat(32);
    let signature = "01".repeat(64);
    let commands: &[&[&str]] = &[
        SIGN,
        AUX,
        SET,
        &["jwt"],
        &["csr"],
        &["csr", "--subject", "CN=a"],
        &["ecdh", "D1.cert"],
        &["random"],
        &["verify", "--digest", DIGEST, "--signature", &signature],
        &["cert", "show"],
        &["cert", "export"],
        &["otp", "show"],
        &["aux", "show"],
        &["aux", "export"],
        &["aux", "clear"],
        &["settings", "get"],
        &["settings", "get", "a"],
        &["settings", "unset", "a"],
        &["settings", "clear"],
        &["settings", "export"],
        &["settings", "import", "all.json"],
        &["settings", "import", "--raw", "all.bin"],
        &["volatile", "unlock", "--activation-key", "key"],
        &["volatile", "mac", &challenge],
        &["harden", "--yes"],
        #[cfg(feature = "connect")]
        &["connect", "localhost:1"],
    ];
    for command in commands {
        let (code, message) =
            harness.fails(&[command, &["--device", "emu:blank.img"][..]].concat());
        assert_eq!(code, 4, "{command:?}: {message}");
    }
}

/// KeyConfig.ReqRandom of the encryption key: its MAC is over a nonce that is
/// none of the chip's.
#[test]
fn a_nonce_of_the_hosts_own_is_told() {
    let harness = chips();
    let image = Image::load(harness.path().join("v.img")).unwrap();
    let mut config = *image.config();
    config[key_config(2)] |= 0x40;
    let image = image.with_config(config).unwrap();
    let _served = InProcess::new(&harness.path().join("s"), 4_000_061).with(&image);
    let unlock = ["volatile", "unlock", "--activation-key", "activation"];
    harness.ok(&[&unlock[..], &["--device", "unix:s"]].concat());
    let challenge = "00".repeat(32);
    let mac = ["volatile", "mac", &challenge, "--device", "unix:s"];
    let (code, message) = harness.fails(&mac);
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("a random Nonce before"), "{message}");
    assert!(
        message.contains("remedy: begin with a random Nonce"),
        "{message}"
    );
}

/// The chip answers, and is asked by the module first.
#[test]
fn the_check_of_the_module_says_it_too() {
    let harness = chips();
    let module = built("libnerves_key_pkcs11.so");
    let check = ["pkcs11", "check", "--module", module.to_str().unwrap()];
    for (device, cause) in [
        ("emu:blank.img", "the configuration is not locked"),
        ("emu:v.img", "it needs the persistent latch set"),
    ] {
        let output = harness.run(&[&check[..], &["--device", device]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        // In lines of the terminal's width.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(cause), "{device}: {text}");
        assert!(text.contains("remedy: "), "{device}: {text}");
    }
}
