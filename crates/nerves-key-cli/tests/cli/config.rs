//! What the configuration zone means.

use serde_json::json;

use crate::harness::Harness;

const CHIP: &str = "emu:chip.img";

/// A configuration that is locked, but whose data is not.
const BETWEEN: &str = "0123FE1E 00006002 CBC3C08F EEC13900 C0000000 83208720 8F20C48F 8F8F8F8F \
    9F8FAF8F 00000000 00000000 00000000 0000AF8F FFFFFFFF 00000000 FFFFFFFF 00000000 00000000 \
    00000000 00000000 00000000 00005500 FFFF0000 00000000 33003300 33001C00 1C001C00 1C001C00 \
    3C003C00 3C003C00 3C003C00 3C001C00";

#[test]
fn a_chip_is_explained() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "C1", "--yes"]));
    let explained = harness.ok(&["config", "explain", "--device", CHIP]);
    let row = "0     private key  public half  never       locked    sign sign-internal ecdh";
    assert!(explained.contains(row), "{explained}");
    assert!(explained.lines().all(|line| line.chars().count() < 81));
    let document = harness.json(&["config", "explain", "--device", CHIP]);
    assert_eq!(document["slots"][0]["used_by"][0], "sign");
    assert_eq!(document["slots"][10]["changed_by"], "never");
    let shown = harness.json(&["config", "show", "--device", CHIP]);
    let fields = shown["fields"].as_array().unwrap().iter();
    let bytes: String = fields
        .map(|field| field["bytes"].as_str().unwrap())
        .collect();
    assert_eq!(shown["configuration"], bytes);
    // A NervesKey has no faults, and is what its layout makes of it.
    harness.ok(&["config", "lint", "--device", CHIP]);
    let same = harness.json(&["config", "diff", "standard", "--device", CHIP]);
    assert_eq!(same["differences"], json!([]));
}

/// ReadKey bit 3 (SlotConfig 208F): the secret goes into the next slot.
#[test]
fn where_a_secret_goes_is_said() {
    let harness = Harness::new();
    let zone = "01236c4100006002bbe66928ee015500c0000000832087208f20c48f8f8f8f8f\
                9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff\
                000000000000000000000000000000000000000000000000ffff000000000000\
                3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00";
    let why = |slot| ["config", "why", "ecdh", slot, "--dump", zone];
    let text = harness.ok(&why("2"));
    assert!(
        text.contains("its result goes into slot 3, and not"),
        "{text}"
    );
    assert_eq!(harness.json(&why("2"))["changes_slot"], 3);
    let text = harness.ok(&why("1"));
    assert!(!text.contains("its result goes"), "{text}");
    assert_eq!(
        harness.json(&why("1"))["changes_slot"],
        serde_json::Value::Null
    );
}

#[test]
fn a_dump_is_asked_why() {
    let harness = Harness::new();
    let why = |operation| harness.json(&["config", "why", operation, "10", "--dump", BETWEEN]);
    let refused = why("read");
    assert_eq!(refused["allowed"], false);
    let cause = refused["reasons"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("data and OTP are not locked"), "{cause}");
    let allowed = why("Write");
    assert_eq!(allowed["allowed"], true);
    let need = allowed["needs"][0].as_str().unwrap();
    assert!(need.contains("32 bytes at once"), "{need}");
    // Lint has a warning for the state, which is no fault.
    let lint = harness.json(&["config", "lint", "--dump", BETWEEN]);
    assert_eq!(lint["faults"], 0);
    assert_eq!(lint["findings"][0]["rule"], "data-unlocked");
}

#[test]
fn faults_are_an_exit_code() {
    let harness = Harness::new();
    // I2C_Address 0: a chip that nobody can reach. In a file, as bytes.
    let stranded = BETWEEN
        .replace("C0000000 83", "00000000 83")
        .replace(' ', "");
    std::fs::write(harness.path().join("dump.txt"), stranded).unwrap();
    let output = harness.run(&["--json", "config", "lint", "--dump", "@dump.txt"]);
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"][0]["rule"], "address");
}

#[test]
fn what_is_no_zone_is_refused() {
    let harness = Harness::new();
    for (dump, says) in [
        ("0123", "2 bytes; a configuration zone has 128"),
        ("zz", "256 hex digits"),
        ("012 3", "odd number of digits"),
        ("@/nonexistent", "/nonexistent: No such file"),
        ("dump.txt", "\n@FILE reads it from a file."),
        (
            "signer.cert",
            "\nsigner.cert is a file: @signer.cert reads it.",
        ),
    ] {
        let (code, message) = harness.fails(&["config", "show", "--dump", dump]);
        assert_eq!((code, message.contains(says)), (5, true), "{message}");
    }
    let (code, message) = harness.fails(&["config", "why", "read", "16"]);
    assert_eq!(
        (code, message.contains("16 is not in 0..16")),
        (2, true),
        "{message}"
    );
}

/// A TrustFLEX part's image as source code has it: a C array from byte 16 on.
const IMAGE: &str = "/* from byte 16 on */ static const uint8_t image[112] = {
    0x6C, 0x00, 0x00, 0x01, 0x85, 0x00, 0x82, 0x00, 0x85, 0x20, 0x85, 0x20, 0x85, 0x20, 0x8F, 0x46,
    0x8F, 0x0F, 0x9F, 0x8F, 0x0F, 0x0F, 0x8F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F,
    0x0D, 0x1F, 0x0F, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xF7, 0x00, 0x69, 0x76, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x55, 0x55, 0xFF, 0xFF, 0x0E, 0x60, 0x00, 0x00, 0x00, 0x00,
    0x53, 0x00, 0x53, 0x00, 0x73, 0x00, 0x73, 0x00, 0x73, 0x00, 0x38, 0x00, 0x7C, 0x00, 0x1C, 0x00,
    0x3C, 0x00, 0x1A, 0x00, 0x3C, 0x00, 0x30, 0x00, 0x3C, 0x00, 0x30, 0x00, 0x12, 0x00, 0x30, 0x00,
}; // locks last";

/// What the bytes do not tell is left out; `--chip` tells it.
#[test]
fn an_image_of_source_code_is_understood() {
    let harness = Harness::new();
    std::fs::write(harness.path().join("image.c"), IMAGE).unwrap();
    let image = ["--dump", "@image.c"];
    let explained = harness.ok(&["config", "explain", "--dump", "@image.c"]);
    let head = "chip not told, serial number not told, address 0x36";
    assert!(explained.starts_with(head), "{explained}");
    let rules = |more: &[&str]| -> Vec<String> {
        let lint = harness.json(&[&["config", "lint"][..], &image, more].concat());
        let findings = lint["findings"].as_array().unwrap().iter();
        findings
            .map(|one| one["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    let untold = rules(&[]);
    assert!(untold.contains(&"not-told".to_owned()), "{untold:?}");
    for rule in ["key-type", "otp-mode", "interface"] {
        assert!(!untold.contains(&rule.to_owned()), "{untold:?}");
    }
    assert!(!rules(&["--chip", "atecc608b"]).contains(&"not-told".to_owned()));
    // An answer that depends on the chip says so.
    let why =
        |more: &[&str]| harness.json(&[&["config", "why", "hmac", "6"][..], &image, more].concat());
    assert_eq!(why(&[])["allowed"], serde_json::Value::Null);
    assert_eq!(why(&["--chip", "atecc608a"])["allowed"], false);
    let shown = harness.json(&["config", "show", "--dump", "@image.c"]);
    assert_eq!(shown["crc"], serde_json::Value::Null);
    // A chip that is told cannot be told another.
    let (code, message) =
        harness.fails(&["config", "show", "--dump", BETWEEN, "--chip", "atecc508a"]);
    assert_eq!(
        (code, message.contains("leave --chip out")),
        (5, true),
        "{message}"
    );
}

/// The CRCs of two blank chips, as the bus carries them, for the open zone.
#[test]
fn the_crc_is_what_lock_wants() {
    let harness = Harness::new();
    let open = BETWEEN.replace("00005500 FFFF", "00005555 FFFF");
    for dump in [open.as_str(), BETWEEN] {
        let shown = harness.json(&["config", "show", "--dump", dump]);
        assert_eq!(shown["crc"], "213D");
    }
    let blank_508 = "01231503 00005000 3785F0A2 EEC05900 C0005500 83208720 8F20C48F 8F8F8F8F \
        9F8FAF8F 00000000 00000000 00000000 0000AF8F FFFFFFFF 00000000 FFFFFFFF 00000000 FFFFFFFF \
        FFFFFFFF FFFFFFFF FFFFFFFF 00005555 FFFF0000 00000000 33003300 33001C00 1C001C00 1C001C00 \
        3C003C00 3C003C00 3C003C00 3C001C00";
    let shown = harness.ok(&["config", "show", "--dump", blank_508]);
    assert!(shown.contains("CRC, as Lock sends it: CB23"), "{shown}");
}

/// A dump that has lost a byte is that, and not what would follow.
#[test]
fn a_dump_that_has_lost_a_byte_is_told() {
    let harness = Harness::new();
    let short = BETWEEN.replace("8F20C48F", "8F20C4");
    let (code, message) = harness.fails(&["config", "lint", "--dump", &short]);
    let says = "127 bytes instead of 128: the dump looks shifted by 1 from byte 51 on";
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
    let filled = format!("{short} 00");
    let output = harness.run(&["--json", "config", "lint", "--dump", &filled]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"][0]["rule"], "shifted");
    assert_eq!(document["findings"].as_array().unwrap().len(), 1);
}

/// The page shows what the command prints of the zone that stands there.
#[test]
fn the_page_shows_a_real_chip() {
    let page = include_str!("../../../../docs/config.md");
    let harness = Harness::new();
    let block = |start: &str| {
        let (_, rest) = page.split_once(start).unwrap();
        rest.split_once("\n```").unwrap().0.to_owned()
    };
    let dump = block("```text dump\n");
    for command in ["explain", "lint"] {
        let expected = block(&format!("$ nerves-key config {command} --dump @chip.txt\n"));
        let printed = harness.ok(&["config", command, "--dump", &dump]);
        assert_eq!(printed.trim_end(), expected.trim_end());
    }
    let expected = block("$ nerves-key config why read 0 --dump @chip.txt\n");
    let printed = harness.ok(&["config", "why", "read", "0", "--dump", &dump]);
    assert_eq!(printed.trim_end(), expected.trim_end());
}

/// Bytes are read as bytes, text as text; a cut is no gap.
#[test]
fn dumps_of_a_wrong_length() {
    let harness = Harness::new();
    let zone = data_encoding::HEXUPPER
        .decode(BETWEEN.replace(' ', "").as_bytes())
        .unwrap();
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(harness.path().join(name), bytes).unwrap();
    write("short.bin", &zone[..120]);
    write("long.bin", &[&zone[..], &[0; 12]].concat());
    write("lost.bin", &[&zone[..30], &zone[31..]].concat());
    for (dump, says) in [
        (
            "@short.bin",
            "120 bytes that begin as a configuration zone does: its last 8 are missing",
        ),
        ("@long.bin", "140 bytes; a configuration zone has 128"),
        (
            "@lost.bin",
            "127 bytes instead of 128: the dump looks shifted by 1",
        ),
    ] {
        let (code, message) = harness.fails(&["config", "show", "--dump", dump]);
        assert_eq!((code, message.contains(says)), (5, true), "{message}");
    }
    // A comment in another script is text.
    write("text", format!("# für später\n{BETWEEN}\n").as_bytes());
    write("whole.bin", &zone);
    let show = |dump| harness.ok(&["config", "show", "--dump", dump]);
    assert_eq!(show("@text"), show("@whole.bin"));
}

/// Byte 18 is `OTPmode` on an ATECC508A and `CountMatch` on an ATECC608.
#[test]
fn each_zone_of_a_diff_is_read_by_its_own_rule() {
    let harness = Harness::new();
    let of_508 = BETWEEN
        .replace(' ', "")
        .replacen("00006002", "00005000", 1)
        .replacen("C0000000", "C000AA00", 1);
    let diff = ["config", "diff", &of_508, "--dump", BETWEEN];
    let text = harness.ok(&diff);
    let (_, after) = text.split_once("(byte 18)").unwrap();
    let mut lines = after.lines().skip(1);
    let (this, other) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(
        this.starts_with("  this   00  ") && !this.contains("OTP"),
        "{text}"
    );
    assert!(other.starts_with("  other  AA  OTPmode: "), "{text}");
}

/// A name is compared with the part, not with its family.
#[test]
fn another_part_of_the_family_is_no_chip_of_the_name() {
    let harness = Harness::new();
    for (chip, code) in [("atecc608a", 0), ("atecc608b", 5), ("atecc508a", 5)] {
        let show = ["config", "show", "--dump", BETWEEN, "--chip", chip];
        let output = harness.run(&show);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{chip}: {message}");
        assert_eq!(message.contains("leave --chip out"), code == 5, "{message}");
    }
}
