//! Captures as other programs write them, imported and explained. Each holds the
//! same conversation with an ATECC608A: wake, `Info`, sleep.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Harness;

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../atecc-transcript/tests/captures")
        .join(name)
}

/// File, `--from`, and what its import needs.
const CAPTURES: [(&str, &str, &[&str]); 7] = [
    ("saleae-terminal.txt", "saleae", &[]),
    ("saleae-results.csv", "saleae", &[]),
    ("pulseview.txt", "pulseview", &["--sample-rate", "1000000"]),
    ("dsview.csv", "dsview", &[]),
    ("esp-idf.txt", "esp-idf", &["--address", "0x60"]),
    ("bus-pirate.txt", "bus-pirate", &[]),
    ("bus-pirate-sniffer.txt", "bus-pirate", &[]),
];

#[test]
fn captures_are_imported_by_their_looks_and_explained() {
    let folder = Harness::new();
    for (name, from, more) in CAPTURES {
        let path = capture(name);
        let path = path.to_str().unwrap();
        let out = format!("{name}.transcript");
        let import = ["transcript", "import", path, "--out", &out];
        folder.ok(&[&import[..], more].concat());
        let text = fs::read_to_string(folder.path().join(&out)).unwrap();
        let named = ["transcript", "import", path, "--from", from];
        assert_eq!(folder.ok(&[&named[..], more].concat()).trim(), text.trim());
        assert!(text.contains("\naddress: 60\n"), "{text}");
        let logged = text.contains("\nprovenance: hardware-log\n");
        assert_eq!(logged, from == "esp-idf", "{text}");
        // Times where the source has them.
        let timed = text.contains("\n4000         write 60 03 07 30 00 0000 035d");
        let has_times = ["saleae-results.csv", "pulseview.txt", "dsview.csv"];
        assert_eq!(timed, has_times.contains(&name), "{text}");
        let decoded = folder.json(&["transcript", "decode", &out]);
        let steps = decoded["steps"].as_array().unwrap();
        let said: Vec<_> = steps
            .iter()
            .map(|step| (step["request"].as_str(), step["answer"].as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (Some("wake"), Some("awake (11)")),
                (Some("Info revision"), Some("ATECC608A (revision 00006002)")),
                (Some("sleep"), Some("")),
            ],
            "{name}: {decoded}"
        );
        // The log of the HAL tells no reads that were refused.
        assert_eq!(steps[1]["polls"], u8::from(from != "esp-idf"), "{name}");
    }
}

#[test]
fn what_is_no_capture_is_refused_with_the_known_forms() {
    let folder = Harness::new();
    let write = |text: &str| fs::write(folder.path().join("a.txt"), text).unwrap();
    let import = ["transcript", "import", "a.txt"];
    write("03 07 30 00 00 00 03 5d\n04 11 33 43\n");
    let (code, message) = folder.fails(&import);
    assert_eq!(code, 5);
    for part in [
        "Saleae Logic",
        "sigrok-cli",
        "PulseView",
        "DSView",
        "ftrace of Linux",
        "ESP-IDF",
        "Bus Pirate",
        "say by --from",
        "without direction and address",
        "transcript decode --hex",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    write("i2c-1: Start\nwrite to 0x60 ack\n");
    let (code, message) = folder.fails(&import);
    assert_eq!(code, 5);
    assert!(
        message.contains("lines of several forms: sigrok-cli, Saleae Logic"),
        "{message}"
    );
}

/// A log without what an action needs is not made up.
#[test]
fn a_log_without_direction_or_address_is_refused() {
    let folder = Harness::new();
    let log = capture("esp-idf.txt");
    let (code, message) = folder.fails(&["transcript", "import", log.to_str().unwrap()]);
    assert_eq!((code, message.contains("say it by --address")), (5, true));
    let dumps: String = fs::read_to_string(log)
        .unwrap()
        .lines()
        .filter(|line| !line.contains("txdata"))
        .flat_map(|line| [line, "\n"])
        .collect();
    fs::write(folder.path().join("a.txt"), dumps).unwrap();
    let import = ["transcript", "import", "a.txt", "--address", "0x60"];
    let (code, message) = folder.fails(&import);
    assert_eq!(code, 5);
    assert!(
        message.contains("line 4: bytes without direction"),
        "{message}"
    );
}

#[test]
fn a_capture_is_no_transcript_yet() {
    let folder = Harness::new();
    for (name, _, _) in CAPTURES {
        let path = capture(name);
        let (code, message) = folder.fails(&["transcript", "show", path.to_str().unwrap()]);
        let words = "nerves-key transcript import";
        assert_eq!((code, message.contains(words)), (5, true), "{message}");
    }
}

/// What `--from` says is compared with what is there.
#[test]
fn another_program_than_it_is_said() {
    let folder = Harness::new();
    let pulseview = capture("pulseview.txt");
    let import = ["transcript", "import", pulseview.to_str().unwrap()];
    let (code, message) = folder.fails(&[&import[..], &["--from", "sigrok"]].concat());
    let says = "--from says sigrok-cli, but these are lines of PulseView: leave it out";
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
    fs::write(folder.path().join("a.txt"), "nothing\n").unwrap();
    let import = ["transcript", "import", "a.txt", "--from", "dsview"];
    let (code, message) = folder.fails(&import);
    let says = "no line of DSView, as --from says";
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
}

/// Values that no header can have are told before the capture is read.
#[test]
fn days_and_clock_rates_that_do_not_exist() {
    let folder = Harness::new();
    let capture = capture("saleae-terminal.txt");
    let import = ["transcript", "import", capture.to_str().unwrap()];
    for (more, says) in [
        (
            ["--date", "2026-02-31"],
            "no day of the calendar: YYYY-MM-DD",
        ),
        (["--date", "31.5.2024"], "no day of the calendar"),
        (["--scl-hz", "0"], "invalid value '0' for '--scl-hz"),
    ] {
        let (code, message) = folder.fails(&[&import[..], &more].concat());
        assert_eq!((code, message.contains(says)), (2, true), "{message}");
    }
    let more = ["--date", "2024-02-29", "--scl-hz", "100000"];
    let text = folder.ok(&[&import[..], &more].concat());
    assert!(text.contains("\nscl-hz: 100000\n") && text.contains("\ndate: 2024-02-29\n"));
}

/// Lines of two buses are not one conversation.
#[test]
fn lines_of_two_decoders_are_not_merged() {
    let folder = Harness::new();
    let text = fs::read_to_string(capture("pulseview.txt")).unwrap();
    let other = text.replace("I²C: ", "I²C (2): ");
    fs::write(folder.path().join("a.txt"), text + &other).unwrap();
    let (code, message) = folder.fails(&["transcript", "import", "a.txt"]);
    let says = "lines of the decoders \"I²C\" and \"I²C (2)\": keep those of one";
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
}
