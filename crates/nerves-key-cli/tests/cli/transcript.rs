//! Recording and reading transcripts, as a user does it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::Harness;

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings")
}

/// A provisioning that is recorded in `prov.txt`.
fn provisioned(chip: &str) -> Harness {
    let harness = Harness::new();
    let device = format!("emu:chip.img?chip={chip}");
    let mut arguments = vec!["provision", "--device", &device, "--record", "prov.txt"];
    arguments.extend(["--signer-cert", "signer.cert", "--signer-key", "signer.key"]);
    arguments.extend(["--serial", "N1", "--yes"]);
    harness.ok(&arguments);
    harness
}

#[test]
fn a_recorded_provisioning_tells_no_secret() {
    for chip in ["atecc508a", "atecc608b"] {
        let folder = provisioned(chip);
        let path = folder.path();
        let record = path.join("prov.txt");
        let mode = fs::metadata(&record).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let decoded = folder.json(&["transcript", "decode", "prov.txt"]);
        let steps = decoded["steps"].as_array().unwrap();
        let requests = |begins: &str| -> Vec<&Value> {
            let begins = |step: &&Value| step["request"].as_str().unwrap().starts_with(begins);
            steps.iter().filter(begins).collect()
        };
        // Slots 1 to 8 are where keys and settings go: every byte of theirs.
        for slot in 1..=8 {
            let mut writes = requests(&format!("Write slot {slot},"));
            writes.extend(requests(&format!("Write slot {slot} (")));
            assert!(!writes.is_empty(), "slot {slot}");
            for write in writes {
                let bytes = write["request_bytes"].as_str().unwrap();
                let data = &bytes[2 * 5..];
                assert!(data.len() > 8 && data.chars().all(|c| c == '.'), "{write}");
            }
        }
        for step in requests("Random").iter().chain(&requests("Read slot 0")) {
            assert!(step["response_bytes"].as_str().unwrap().contains(".."));
        }
        assert_eq!(requests("Write slot 10 (device certificate)").len(), 3);
        assert_eq!(requests("Lock").len(), 7);
        for outcome in ["failed", "damaged", "nack", "unread"] {
            let found: Vec<_> = steps
                .iter()
                .filter(|step| step["outcome"] == outcome)
                .collect();
            assert!(found.is_empty(), "{chip}: {found:?}");
        }
        // The private key that the emulated chip made, bytes 4 to 35 of slot 0.
        let image = fs::read_to_string(path.join("chip.img")).unwrap();
        let key = private_key(&image);
        let told: String = fs::read_to_string(&record)
            .unwrap()
            .chars()
            .filter(char::is_ascii_hexdigit)
            .collect();
        assert!(!told.to_lowercase().contains(&key[..32]));
    }
}

/// Hex digits of the private key in an image file.
fn private_key(image: &str) -> String {
    let slot = image
        .lines()
        .filter_map(|line| line.strip_prefix("slot 0 0x0"))
        .map(|line| &line[2..]);
    let digits: String = slot
        .flat_map(str::chars)
        .filter(char::is_ascii_hexdigit)
        .collect();
    let key = digits.to_lowercase()[8..72].to_owned();
    assert_ne!(key, "0".repeat(64));
    key
}

#[test]
fn a_record_never_replaces_a_file() {
    let folder = Harness::new();
    let path = folder.path();
    fs::write(path.join("a.txt"), "mine").unwrap();
    let (code, message) = folder.fails(&["info", "--device", "emu:", "--record", "a.txt"]);
    assert_eq!((code, message.contains("exists already")), (5, true));
    assert_eq!(fs::read_to_string(path.join("a.txt")).unwrap(), "mine");
    // Without a bus no file is left behind.
    let missing = ["info", "--device", "unix:nowhere", "--record", "b.txt"];
    assert_eq!(folder.fails(&missing).0, 3);
    assert!(!path.join("b.txt").exists());
}

#[test]
fn the_same_and_another() {
    let folder = Harness::new();
    let path = folder.path();
    folder.ok(&["emulator", "create", "c.img"]);
    for name in ["a.txt", "b.txt"] {
        folder.ok(&["info", "--device", "emu:c.img", "--record", name]);
    }
    let same = folder.json(&["transcript", "diff", "a.txt", "b.txt"]);
    assert_eq!(same["same_exchanges"], true);
    let text = fs::read_to_string(path.join("a.txt")).unwrap();
    // The read of the second block becomes one of the first.
    let (block, other) = (
        "write 60 03 07 02 80 0800 0a4d",
        "write 60 03 07 02 80 0000 09ad",
    );
    assert!(text.contains(block), "{text}");
    fs::write(path.join("c.txt"), text.replacen(block, other, 1)).unwrap();
    let output = folder.run(&["transcript", "diff", "a.txt", "c.txt"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("+ -            {other}")), "{text}");
}

#[test]
fn one_frame() {
    let folder = Harness::new();
    let decode = |hex| folder.ok(&["transcript", "decode", "--hex", hex]);
    for (hex, words) in [
        ("03 07 30 00 00 00 03 5d", "Info revision"),
        (
            "07:30:00:00:00:03:5D",
            "a command without its word address 03: Info revision; or an answer: 4 bytes 30000000",
        ),
        // One digit is one byte, whatever stands between.
        ("4,F,23,42", "status 0F execution error"),
        (
            "7 0 0 60 2 80 38",
            "4 bytes 00006002: ATECC608A (revision 00006002)",
        ),
        ("4 11 33 43", "awake (11)"),
        ("\\x04\\x11\\x33\\x43", "awake (11)"),
        ("{0x04, 0x11, 0x33, 0x43};", "awake (11)"),
        (
            "07 01 23 4b 16 13 4f",
            "4 bytes 01234b16: configuration word 0, a serial number",
        ),
        ("0x04,0x11,0x33,0x43", "awake (11)"),
        ("040f2342", "status 0F execution error"),
        (
            "03 07 40 04 00 00 83 87",
            "GenKey, create private key in slot 0",
        ),
        (
            "03 07 17 80 00 00 39 8d",
            "Lock configuration without check of a CRC",
        ),
        ("02", "idle"),
    ] {
        assert_eq!(decode(hex).trim(), words);
    }
    let wrong = ["transcript", "decode", "--hex", "03 07 30 00 00 00 03 5c"];
    let (code, message) = folder.fails(&wrong);
    assert_eq!(code, 1);
    let words = "Info revision; bad CRC: is 03 5c, should be 03 5d";
    assert!(message.contains(words), "{message}");
    let (code, _) = folder.fails(&["transcript", "decode", "--hex", "xy"]);
    assert_eq!(code, 5);
}

#[test]
fn recordings_are_imported_shown_and_drawn() {
    let folder = Harness::new();
    let path = folder.path();
    let recording = recordings().join("sigrok-atecc508a-s1.json");
    let recording = recording.to_str().unwrap();
    let out = [
        "transcript",
        "import",
        recording,
        "--out",
        "s1.txt",
        "--secrets",
    ];
    folder.ok(&out);
    assert_eq!(folder.fails(&out).0, 5);
    let difference = folder.json(&["transcript", "diff", recording, "s1.txt"]);
    assert_eq!(difference["same_actions"], true);
    let shown = folder.json(&["transcript", "show", "s1.txt"]);
    assert_eq!(shown["header"]["provenance"], "hardware-capture");
    folder.ok(&["transcript", "show", "s1.txt", "--html", "s1.html"]);
    let page = fs::read_to_string(path.join("s1.html")).unwrap();
    assert!(page.contains("host → chip") && page.contains("Nonce"));
    let (code, message) = folder.fails(&["transcript", "show", "s1.html"]);
    assert_eq!((code, message.contains("no transcript")), (5, true));
}

/// A NervesKey's names for slots only where the chip is one, or somebody says so.
#[test]
fn slots_have_the_names_of_their_chip() {
    let folder = Harness::new();
    let transcripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts");
    let of = |name: &str, more: &[&str]| {
        let path = transcripts.join(name);
        let file = path.to_str().unwrap().to_owned();
        folder.ok(&[&["transcript", "decode", &file][..], more].concat())
    };
    let provisioned = "atecc508a/reference-provision-a-blank-508a.txt";
    let vendor = "atecc508a/vendor-log-508a-genkey-sign-verify.txt";
    let named = "slot 0 (device private key)";
    assert!(of(provisioned, &[]).contains(named));
    let as_they_are = of(vendor, &[]);
    assert!(as_they_are.contains("slot 0"), "{as_they_are}");
    assert!(!as_they_are.contains("device private key"), "{as_they_are}");
    assert!(of(vendor, &["--layout", "nerves-key"]).contains(named));
    let volatile = of(vendor, &["--layout", "nerves-key-volatile"]);
    assert!(volatile.contains(named), "{volatile}");
}

/// What a recording prints beside its bus transactions is in the transcript, and
/// said to be of an unknown moment.
#[test]
fn exchanges_beside_the_bus_are_imported() {
    let folder = Harness::new();
    let path = recordings().join("loramac-608a-tnglora-wake-read-idle.json");
    let mut recording: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    // Info and its answer by an ATECC608A, as in rusty-608a-info.
    let info = json!({"addr": "59", "tx": "030730000000035d", "rx": "07000060028038"});
    recording["exchanges"].as_array_mut().unwrap().push(info);
    fs::write(folder.path().join("beside.json"), recording.to_string()).unwrap();
    let text = folder.ok(&["transcript", "import", "beside.json"]);
    let note = "note: The last 2 actions are exchanges that the source prints beside the transfers";
    assert!(text.contains(note), "{text}");
    assert!(
        text.contains("read 59 07 00006002 8038  # beside the transfers"),
        "{text}"
    );
    let decoded = folder.ok(&["transcript", "decode", "beside.json"]);
    assert!(decoded.contains("Info revision -> ATECC608A"), "{decoded}");
}

/// What a full disk leaves of a recording can be looked at.
#[test]
fn half_a_last_line_is_left_out_and_said() {
    let folder = provisioned("atecc608b");
    let path = folder.path();
    let text = fs::read_to_string(path.join("prov.txt")).unwrap();
    let show = |name| {
        let output = folder.run(&["transcript", "show", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        (output.stdout, said)
    };
    let end = text.rfind(" write ").unwrap();
    let (begin, _) = text.split_at(text[..end].rfind('\n').unwrap() + 1);
    fs::write(path.join("whole.txt"), begin).unwrap();
    let (whole, said) = show("whole.txt");
    assert_eq!(said, "");
    // Within the word.
    fs::write(path.join("cut.txt"), &text[..end + 4]).unwrap();
    let (cut, said) = show("cut.txt");
    let line = begin.lines().count() + 1;
    let warning = format!("warning: cut.txt: line {line} is cut off, and left out");
    assert!(said.starts_with(&warning), "{said}");
    let named = |shown: Vec<u8>| String::from_utf8(shown).unwrap();
    assert_eq!(named(cut), named(whole).replace("whole.txt", "cut.txt"));
    // Within its bytes, so that it is a shorter action.
    fs::write(
        path.join("bytes.txt"),
        &text[..end + " write 60 03 07".len()],
    )
    .unwrap();
    let (_, said) = show("bytes.txt");
    let warning = "warning: bytes.txt: the last line has no end: it may be cut off";
    assert!(said.starts_with(warning), "{said}");
    // A damaged line before the last one is none that was cut off.
    fs::write(
        path.join("bad.txt"),
        [&text[..end + 4], "\n", &text[end..]].concat(),
    )
    .unwrap();
    let (code, said) = folder.fails(&["transcript", "show", "bad.txt"]);
    assert_eq!(
        (code, said.contains(&format!("line {line}: "))),
        (5, true),
        "{said}"
    );
}

/// One byte that is no text makes no binary transcript of a text.
#[test]
fn a_damaged_byte_of_a_text_is_named() {
    let folder = provisioned("atecc608b");
    let path = folder.path();
    let mut bytes = fs::read(path.join("prov.txt")).unwrap();
    let third = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let (at, _) = third.clone().nth(2).unwrap();
    bytes[at - 1] = 0xFF;
    fs::write(path.join("bad.txt"), &bytes).unwrap();
    for command in ["show", "decode"] {
        let (code, said) = folder.fails(&["transcript", command, "bad.txt"]);
        let named = "bad.txt: line 3: the byte FF is no text";
        assert_eq!((code, said.contains(named)), (5, true), "{said}");
    }
}
