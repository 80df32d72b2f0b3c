//! `nerves-key doctor`, `scan` and `otp show`.

use crate::harness::Harness;
use crate::serving::Serving;

const PAGE: &str = include_str!("../../../../docs/troubleshooting.md");

/// Times and serial numbers are each chip's own, and how many pulses fit the
/// time is the host's.
fn normalized(text: &str) -> Vec<String> {
    let pulses = text.split(" wake pulses").map(|before| {
        let digits = before.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let count = before.get(digits.len()..).and_then(|it| it.parse().ok());
        match count {
            Some(10..=67_u32) => format!("{digits}PULSES"),
            _ => before.to_owned(),
        }
    });
    let text = pulses.collect::<Vec<_>>().join(" wake pulses");
    text.split_whitespace()
        .map(|word| {
            let plain = word.trim_end_matches(',');
            let is_serial = plain.len() == 18 && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_time = plain.len() == 20 && plain.starts_with("20") && plain.ends_with('Z');
            match (is_serial, is_time) {
                (true, _) => "SERIAL".to_owned(),
                (_, true) => "TIME".to_owned(),
                _ => word.to_owned(),
            }
        })
        .collect()
}

/// The captures of the page are what the commands print.
#[test]
fn the_page_of_troubles_is_true() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:chip.img",
        &["--serial", "N1234", "--yes"],
    ));
    let _good = Serving::new(
        &harness,
        &["--socket", "good", "--fast", "--bus", "4000031=chip.img"],
    );
    let garbled = [
        "--socket",
        "garbled",
        "--fast",
        "--interference",
        "--bus",
        "4000032=g.img",
    ];
    let _garbled = Serving::new(&harness, &garbled);
    let mut captures = 0;
    for capture in PAGE.split("```text\n$ nerves-key ").skip(1) {
        let (capture, after) = capture.split_once("```\n").unwrap();
        let (command, expected) = capture.split_once('\n').unwrap();
        let arguments: Vec<_> = command.split(' ').collect();
        let output = harness.run(&arguments);
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        assert_eq!(
            normalized(&printed),
            normalized(expected),
            "{command}:\n{printed}"
        );
        let code = format!("Exit code {}.", output.status.code().unwrap());
        assert!(after.trim_start().starts_with(&code), "{command}: {code}");
        captures += 1;
    }
    assert_eq!(captures, 14);
}

#[test]
fn every_finding_has_a_next_step() {
    let harness = Harness::new();
    for device in ["/dev/i2c-9", "unix:nowhere"] {
        let output = harness.run(&["--json", "doctor", "--device", device]);
        assert_eq!(output.status.code(), Some(3));
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = document["findings"].as_array().unwrap();
        let faults = findings.iter().filter(|one| one["status"] == "fault");
        for fault in faults.clone() {
            assert!(fault["next"].is_string(), "{fault}");
        }
        assert_eq!(faults.count(), 1);
    }
    // A provisioning that was not ended is a warning, not a fault.
    let document = harness.json(&["doctor", "--device", "emu:"]);
    assert_eq!(document["faults"], 0);
}

#[test]
fn scans_find_chips_and_say_where_none_are() {
    let harness = Harness::new();
    let found = harness.json(&["scan", "--device", "emu:"]);
    assert_eq!(found["chips"][0]["stage"], "blank");
    let (code, message) = harness.fails(&["scan", "--device", "unix:nowhere"]);
    assert_eq!(
        (code, message.contains("no emulator")),
        (3, true),
        "{message}"
    );
}

#[test]
fn the_otp_zone_is_shown() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "chip.img"]);
    let chip = "emu:chip.img";
    let (code, message) = harness.fails(&["otp", "show", "--device", chip]);
    assert_eq!(
        (code, message.contains("once they are locked")),
        (4, true),
        "{message}"
    );
    let more = [
        "--serial",
        "O1",
        "--otp-user",
        "C0FFEE",
        "--board",
        "Board",
        "--yes",
    ];
    harness.ok(&Harness::provision(chip, &more));
    let shown = harness.json(&["otp", "show", "--device", chip]);
    assert_eq!(
        (&shown["board_name"], &shown["manufacturer_serial"]),
        (&"Board".into(), &"O1".into())
    );
    assert!(shown["user"].as_str().unwrap().starts_with("C0FFEE00"));
    assert!(
        shown["otp"]
            .as_str()
            .unwrap()
            .starts_with("4E7276730000426F617264")
    );
}
