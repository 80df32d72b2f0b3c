//! What the configuration zone means.

use serde_json::json;

use crate::bench::Bench;

const CHIP: &str = "emu:chip.img";

/// A configuration that is locked, but whose data is not.
const BETWEEN: &str = "0123FE1E 00006002 CBC3C08F EEC13900 C0000000 83208720 8F20C48F 8F8F8F8F \
    9F8FAF8F 00000000 00000000 00000000 0000AF8F FFFFFFFF 00000000 FFFFFFFF 00000000 00000000 \
    00000000 00000000 00000000 00005500 FFFF0000 00000000 33003300 33001C00 1C001C00 1C001C00 \
    3C003C00 3C003C00 3C003C00 3C001C00";

#[test]
fn a_chip_is_explained() {
    let bench = Bench::new();
    bench.ok(&Bench::provision(CHIP, &["--serial", "C1", "--yes"]));
    let explained = bench.ok(&["config", "explain", "--device", CHIP]);
    let row = "0     private key  public half  never       locked    sign sign-internal ecdh";
    assert!(explained.contains(row), "{explained}");
    assert!(explained.lines().all(|line| line.chars().count() < 81));
    let document = bench.json(&["config", "explain", "--device", CHIP]);
    assert_eq!(document["slots"][0]["used_by"][0], "sign");
    assert_eq!(document["slots"][10]["changed_by"], "never");
    let shown = bench.json(&["config", "show", "--device", CHIP]);
    let fields = shown["fields"].as_array().unwrap().iter();
    let bytes: String = fields
        .map(|field| field["bytes"].as_str().unwrap())
        .collect();
    assert_eq!(shown["configuration"], bytes);
    // A NervesKey has no faults, and is what its layout makes of it.
    bench.ok(&["config", "lint", "--device", CHIP]);
    let same = bench.json(&["config", "diff", "standard", "--device", CHIP]);
    assert_eq!(same["differences"], json!([]));
}

#[test]
fn a_dump_is_asked_why() {
    let bench = Bench::new();
    let why = |operation| bench.json(&["config", "why", operation, "10", "--dump", BETWEEN]);
    let refused = why("read");
    assert_eq!(refused["allowed"], false);
    let cause = refused["reasons"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("data and OTP are not locked"), "{cause}");
    let allowed = why("Write");
    assert_eq!(allowed["allowed"], true);
    let need = allowed["needs"][0].as_str().unwrap();
    assert!(need.contains("32 bytes at once"), "{need}");
    // Lint has a warning for the state, which is no fault.
    let lint = bench.json(&["config", "lint", "--dump", BETWEEN]);
    assert_eq!(lint["faults"], 0);
    assert_eq!(lint["findings"][0]["rule"], "data-unlocked");
}

#[test]
fn faults_are_an_exit_code() {
    let bench = Bench::new();
    // I2C_Address 0: a chip that nobody can reach. In a file, as bytes.
    let stranded = BETWEEN
        .replace("C0000000 83", "00000000 83")
        .replace(' ', "");
    std::fs::write(bench.path().join("dump.txt"), stranded).unwrap();
    let output = bench.run(&["--json", "config", "lint", "--dump", "@dump.txt"]);
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"][0]["rule"], "address");
}

#[test]
fn what_is_no_zone_is_refused() {
    let bench = Bench::new();
    for (dump, says) in [
        ("0123", "2 bytes; a configuration zone has 128"),
        ("zz", "256 hex digits"),
        ("@/nonexistent", "/nonexistent: No such file"),
    ] {
        let (code, message) = bench.fails(&["config", "show", "--dump", dump]);
        assert_eq!((code, message.contains(says)), (5, true), "{message}");
    }
    let (code, message) = bench.fails(&["config", "why", "read", "16"]);
    assert_eq!(
        (code, message.contains("16 is not in 0..16")),
        (2, true),
        "{message}"
    );
}

/// The CRCs of two blank chips, as the bus carries them, for the open zone.
#[test]
fn the_crc_is_what_lock_wants() {
    let bench = Bench::new();
    let open = BETWEEN.replace("00005500 FFFF", "00005555 FFFF");
    for dump in [open.as_str(), BETWEEN] {
        let shown = bench.json(&["config", "show", "--dump", dump]);
        assert_eq!(shown["crc"], "213D");
    }
    let blank_508 = "01231503 00005000 3785F0A2 EEC05900 C0005500 83208720 8F20C48F 8F8F8F8F \
        9F8FAF8F 00000000 00000000 00000000 0000AF8F FFFFFFFF 00000000 FFFFFFFF 00000000 FFFFFFFF \
        FFFFFFFF FFFFFFFF FFFFFFFF 00005555 FFFF0000 00000000 33003300 33001C00 1C001C00 1C001C00 \
        3C003C00 3C003C00 3C003C00 3C001C00";
    let shown = bench.ok(&["config", "show", "--dump", blank_508]);
    assert!(shown.contains("CRC, as Lock sends it: CB23"), "{shown}");
}

/// The page shows what the command prints of the zone that stands there.
#[test]
fn the_page_shows_a_real_chip() {
    let page = include_str!("../../../../docs/config.md");
    let bench = Bench::new();
    let block = |start: &str| {
        let (_, rest) = page.split_once(start).unwrap();
        rest.split_once("\n```").unwrap().0.to_owned()
    };
    let dump = block("```text dump\n");
    for command in ["explain", "lint"] {
        let expected = block(&format!("$ nerves-key config {command} --dump @chip.txt\n"));
        let printed = bench.ok(&["config", command, "--dump", &dump]);
        assert_eq!(printed.trim_end(), expected.trim_end());
    }
    let expected = block("$ nerves-key config why read 0 --dump @chip.txt\n");
    let printed = bench.ok(&["config", "why", "read", "0", "--dump", &dump]);
    assert_eq!(printed.trim_end(), expected.trim_end());
}
