//! Which serials are given: those that can be seen and read, and each once.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use crate::harness::Harness;

fn with<'a>(device: &'a str, serial: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let start = Harness::provision(device, &["--yes", "--serial", serial]);
    [&start[..], more].concat()
}

/// Refused before the chip is looked at: there is no such bus.
#[test]
fn what_nobody_sees_is_refused_before_the_chip() {
    let harness = Harness::new();
    let signer = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    for (text, part) in [
        ("\u{FEFF}NK-1", "byte-order mark"),
        ("NK-1\u{200B}", "no width"),
        ("NK-1 ", "blank"),
        (" NK-1", "blank"),
        ("NK-1\u{A0}", "looks like a blank"),
        ("NK-1\r", "control character"),
        ("NK\u{9B}1", "control character"),
        ("NK\u{202E}1", "direction"),
        ("NK\u{AD}1", "U+00AD"),
    ] {
        let device = Harness::provision("i2c:/dev/i2c-4000099", &[]);
        for option in ["--serial", "--board"] {
            let (code, message) = harness.fails(&[&device[..], &[option, text]].concat());
            assert_eq!(code, 5, "{option} {text:?}: {message}");
            assert!(message.contains(part), "{option} {text:?}: {message}");
        }
        let create = [&["device", "create", text][..], &signer].concat();
        let (code, message) = harness.fails(&create);
        assert_eq!(
            (code, message.contains(part)),
            (5, true),
            "{text:?}: {message}"
        );
    }
}

#[test]
fn a_serial_that_the_elixir_library_cannot_read_has_to_be_wanted() {
    let harness = Harness::new();
    for serial in ["A/1", "A1/O=x", "/CN=x"] {
        let (code, message) = harness.fails(&with("emu:a.img", serial, &[]));
        assert_eq!(code, 5, "{message}");
        assert!(message.contains("--incompatible-serial"), "{message}");
        assert!(!harness.path().join("a.img").exists());
    }
    let wanted = with("emu:a.img", "A/1", &["--incompatible-serial"]);
    let dry = [&wanted[..], &["--dry-run"]].concat();
    let says = |warning: &serde_json::Value| warning.as_str().unwrap().contains("slash");
    assert!(says(&harness.json(&dry)["warnings"][0]));
    let output = harness.run(&dry);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("warning: the Elixir library"), "{message}");
    assert!(says(&harness.json(&wanted)["warnings"][0]));
    // What is there is read without a word of consent.
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(
        (&info["manufacturer_serial"], &info["verified"]),
        (&json!("A/1"), &json!(true))
    );
    let again = harness.json(&Harness::provision("emu:a.img", &[]));
    assert_eq!(again["done"], false);
    assert!(says(&again["warnings"][0]));
    let plain = harness.json(&with("emu:b.img", "B1", &["--dry-run"]));
    assert_eq!(plain["warnings"], json!([]));
}

#[test]
fn a_list_with_marks_and_blanks_still_holds_its_serials() {
    let harness = Harness::new();
    for list in [
        "\u{FEFF}N1\n",
        "N1 \n",
        "N1\r\n",
        "\tN1",
        "N0\n\u{FEFF}N1",
        "N1;x",
    ] {
        fs::write(harness.path().join("used"), list).unwrap();
        for dry in [&[][..], &["--dry-run"]] {
            let more = [&["--used-serials", "used"], dry].concat();
            let (code, message) = harness.fails(&with("emu:a.img", "N1", &more));
            assert_eq!(
                (code, message.contains("used serials")),
                (5, true),
                "{list:?}: {message}"
            );
        }
    }
    for list in ["N\u{200B}1\n", "N0\rN1\r", "\"N1\"\n"] {
        fs::write(harness.path().join("used"), list).unwrap();
        let (code, message) = harness.fails(&with("emu:a.img", "N1", &["--used-serials", "used"]));
        assert_eq!(
            (code, message.contains("used: line 1")),
            (5, true),
            "{list:?}: {message}"
        );
    }
    assert!(!harness.path().join("a.img").exists());
}

/// The claim is the chip's: it goes on with it, and no other chip gets it.
#[test]
fn a_stopped_run_goes_on_with_its_serial() {
    let harness = Harness::new();
    fs::write(harness.path().join("used"), "N0").unwrap();
    let list = || fs::read_to_string(harness.path().join("used")).unwrap();
    let used = ["--used-serials", "used"];
    let (code, _) = harness.fails(&with(
        "emu:a.img",
        "N1",
        &[&used[..], &["--plan-digest", &"00".repeat(32)]].concat(),
    ));
    assert_eq!(
        (code, list().as_str()),
        (5, "N0"),
        "a refusal claims nothing"
    );
    harness.ok(&with(
        "emu:a.img",
        "N1",
        &[&used[..], &["--dry-run"]].concat(),
    ));
    assert_eq!(list(), "N0", "nor does a plan");
    // The signer fails: the configuration is locked and the serial claimed.
    let mut stopped = with("emu:a.img", "N1", &used);
    let key = stopped
        .iter()
        .position(|word| *word == "signer.key")
        .unwrap();
    stopped[key] = "exec:false";
    assert_eq!(harness.fails(&stopped).0, 1);
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    let chip = info["serial_number"].as_str().unwrap().to_owned();
    assert_eq!(info["stage"], "keyed");
    assert_eq!(list(), format!("N0\nN1\t{chip}\n"));
    let (code, message) = harness.fails(&with("emu:b.img", "N1", &used));
    assert_eq!(
        (code, message.contains("used serials")),
        (5, true),
        "{message}"
    );
    assert!(!harness.path().join("b.img").exists());
    harness.ok(&with("emu:a.img", "N1", &used));
    assert_eq!(list().lines().count(), 2);
    // Finished, it may be asked again, also where other lists have it.
    assert_eq!(harness.json(&with("emu:a.img", "N1", &used))["done"], false);
    fs::write(harness.path().join("used"), "N1\t0123FFFFFFFFFFFFEE\n").unwrap();
    let output = harness.run(&with("emu:a.img", "N1", &used));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && message.contains("0123FFFFFFFFFFFFEE"),
        "{message}"
    );
}

/// In two halves, each at its own computer, and with one list or two.
#[test]
fn both_halves_claim() {
    let harness = Harness::new();
    for list in ["used", "theirs"] {
        fs::write(harness.path().join(list), "").unwrap();
    }
    let half = |device, request| {
        let words = ["provision", "--device", device, "--yes", "--serial", "N1"];
        let more = ["--signer-cert", "signer.cert", "--request", request];
        [&words[..], &more].concat()
    };
    let answer = |request, list| {
        let words = ["signer", "answer", request, "--signer-cert", "signer.cert"];
        [
            &words[..],
            &["--signer-key", "signer.key", "--used-serials", list],
        ]
        .concat()
    };
    harness.ok(&[
        &half("emu:a.img", "a.json")[..],
        &["--used-serials", "used"],
    ]
    .concat());
    harness.ok(&half("emu:b.img", "b.json"));
    for list in ["used", "theirs"] {
        let said = harness.ok(&answer("a.json", list));
        fs::write(harness.path().join("answer"), said).unwrap();
        // Asked once more, it answers; another chip's request is refused.
        harness.ok(&answer("a.json", list));
        let (code, message) = harness.fails(&answer("b.json", list));
        assert_eq!((code, message.contains("in use")), (5, true), "{message}");
    }
    let mut second = with(
        "emu:a.img",
        "N1",
        &["--used-serials", "used", "--answer", "answer"],
    );
    second.retain(|word| *word != "--signer-key" && *word != "signer.key");
    harness.ok(&second);
    let list = fs::read_to_string(harness.path().join("used")).unwrap();
    assert_eq!(list.lines().count(), 1, "{list}");
}

/// Six stations, one serial: one of them gives it.
#[test]
fn of_several_at_once_one_gets_the_serial() {
    let harness = Harness::new();
    fs::write(harness.path().join("used"), "").unwrap();
    let devices: Vec<_> = (0..6).map(|index| format!("emu:{index}.img")).collect();
    let running: Vec<_> = devices
        .iter()
        .map(|device| {
            let mut command = harness.command(&with(device, "N1", &["--used-serials", "used"]));
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut codes: Vec<_> = running
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().status.code().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 5, 5, 5, 5, 5]);
    let list = fs::read_to_string(harness.path().join("used")).unwrap();
    assert_eq!(list.lines().count(), 1, "{list}");
    let made = devices
        .iter()
        .filter(|device| harness.path().join(&device[4..]).exists());
    assert_eq!(made.count(), 1, "the others left their chips alone");
}

/// No chip is changed before its serial is written down.
#[test]
fn the_claim_comes_before_the_chip() {
    let harness = Harness::new();
    let path = harness.path().join("used");
    fs::write(&path, "").unwrap();
    harness.ok(&["emulator", "create", "a.img"]);
    let image = || fs::read(harness.path().join("a.img")).unwrap();
    let blank = image();
    let list = File::open(&path).unwrap();
    flock(&list, FlockOperation::LockExclusive).unwrap();
    let mut command = harness.command(&with("emu:a.img", "N1", &["--used-serials", "used"]));
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(700));
    assert_eq!(image(), blank);
    drop(list);
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(fs::read_to_string(&path).unwrap().starts_with("N1\t"));
}

/// What names a new chip is not on the disk before the chip is: killed in between,
/// the same command goes on.
#[test]
fn a_new_chip_is_there_before_its_serial_is_claimed() {
    let harness = Harness::new();
    let path = harness.path().join("used");
    fs::write(&path, "").unwrap();
    let list = File::open(&path).unwrap();
    flock(&list, FlockOperation::LockExclusive).unwrap();
    let more = ["--used-serials", "used", "--report", "report"];
    let command = with("emu:a.img", "N1", &more);
    let mut child = harness.command(&command).spawn().unwrap();
    // The report is the last that comes before the claim.
    while !harness.path().join("report").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    flock(&list, FlockOperation::Unlock).unwrap();
    harness.ok(&command);
    let chip = harness.json(&["info", "--device", "emu:a.img"])["serial_number"].clone();
    let line = format!("N1\t{}\n", chip.as_str().unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), line);

    // Another chip is told whose they are, and what to do; it is not made.
    for (more, parts) in [
        (
            &more[..2],
            ["Give another serial, or the chip", "remove its line"],
        ),
        (&more[2..], ["report exists already", ""]),
    ] {
        let (code, message) = harness.fails(&with("emu:b.img", "N1", more));
        assert_eq!(code, 5, "{message}");
        for part in parts {
            assert!(message.contains(part), "{message}");
        }
        assert!(!harness.path().join("b.img").exists());
    }

    // Nor does a chip stay whose serial somebody else claims meanwhile.
    fs::write(&path, "").unwrap();
    flock(&list, FlockOperation::LockExclusive).unwrap();
    let child = harness.command(&with("emu:c.img", "N2", &more[..2]));
    let mut child = { child }.stderr(Stdio::null()).spawn().unwrap();
    while !harness.path().join("c.img").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        thread::sleep(Duration::from_millis(5));
    }
    fs::write(&path, "N2\n").unwrap();
    flock(&list, FlockOperation::Unlock).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert!(!harness.path().join("c.img").exists());
}

/// The record of a run that did not end names its chip.
#[test]
fn the_record_of_another_chip_is_told_with_a_way_out() {
    let harness = Harness::new();
    let fails = [
        "--signer-key",
        "exec:exit 1",
        "--signer-cert",
        "signer.cert",
    ];
    let begin = [
        "provision",
        "--yes",
        "--report",
        "r",
        "--device",
        "emu:a.img",
    ];
    harness.fails(&[&begin[..], &fails].concat());
    let (code, message) = harness.fails(&with("emu:b.img", "N1", &["--report", "r"]));
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("It is the record of the chip")
            && message.contains("name another file for the report"),
        "{message}"
    );
    assert!(!harness.path().join("b.img").exists());
    // Nor does a recording stay that has nothing but its beginning.
    let (code, _) = harness.fails(&with(
        "emu:b.img",
        "N1",
        &["--report", "r", "--record", "t"],
    ));
    assert_eq!(code, 5);
    assert!(!harness.path().join("t").exists());
}
