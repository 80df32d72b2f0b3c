//! A folder of signing requests, answered in one go.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::harness::Harness;

const SIGNER: [&str; 4] = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];

/// Requests `in/1.json` to `in/N.json`, of chips `1.img` to `N.img` and serials
/// N1 to NN.
fn harness(count: usize) -> Harness {
    let harness = Harness::new();
    fs::create_dir(harness.path().join("in")).unwrap();
    for number in 1..=count {
        ask(
            &harness,
            number,
            &format!("N{number}"),
            &format!("in/{number}.json"),
        );
    }
    harness
}

/// Have chip `number` ask for `serial`.
fn ask(harness: &Harness, number: usize, serial: &str, request: &str) {
    let device = format!("emu:{number}.img");
    harness.ok(&[
        "provision",
        "--device",
        &device,
        "--yes",
        "--signer-cert",
        "signer.cert",
        "--serial",
        serial,
        "--request",
        request,
    ]);
}

fn answer<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["--json", "signer", "answer", "in"], &SIGNER[..], more].concat()
}

/// Exit code, the document, and the state of each file.
fn run(harness: &Harness, more: &[&str]) -> (i32, Value, BTreeMap<String, String>) {
    let output = harness.run(&answer(more));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let document: Value = serde_json::from_slice(&output.stdout).expect(&error);
    let files = document["files"].as_array().expect(&error);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let states = files
        .iter()
        .map(|file| (text(&file["file"]), text(&file["state"])));
    let states = states.collect();
    (output.status.code().unwrap(), document, states)
}

/// The reason why `file` has no answer.
fn reason(document: &Value, file: &str) -> String {
    let files = document["files"].as_array().unwrap();
    let found = files.iter().find(|it| it["file"] == file);
    found.unwrap()["reason"].as_str().unwrap().to_owned()
}

fn states<'a>(expected: &[(&'a str, &'a str)]) -> BTreeMap<String, String> {
    let owned = expected.iter();
    owned
        .map(|(file, state)| ((*file).to_owned(), (*state).to_owned()))
        .collect()
}

#[test]
fn every_chip_is_finished_with_its_answer() {
    let harness = harness(3);
    fs::create_dir(harness.path().join("out")).unwrap();
    let (code, document, found) = run(&harness, &["--out", "out"]);
    assert_eq!((code, &document["answered"]), (0, &json!(3)), "{document}");
    let all = |state| ["1.json", "2.json", "3.json"].map(|file| (file, state));
    assert_eq!(found, states(&all("answered")));
    for number in 1..=3 {
        let device = format!("emu:{number}.img");
        let serial = format!("N{number}");
        let answer = format!("out/{number}.json.answer");
        let done = harness.json(&[
            "provision",
            "--device",
            &device,
            "--yes",
            "--signer-cert",
            "signer.cert",
            "--serial",
            &serial,
            "--answer",
            &answer,
        ]);
        assert_eq!(done["done"], true, "{done}");
    }
    // Again: nothing is signed, nothing written.
    let before = fs::read(harness.path().join("out/1.json.answer")).unwrap();
    let (code, document, found) = run(&harness, &["--out", "out"]);
    assert_eq!((code, &document["answered_before"]), (0, &json!(3)));
    assert_eq!(found, states(&all("answered-before")));
    assert_eq!(
        fs::read(harness.path().join("out/1.json.answer")).unwrap(),
        before
    );
}

#[test]
fn answers_lie_beside_their_requests_without_a_folder_for_them() {
    let harness = harness(2);
    let (code, _, _) = run(&harness, &[]);
    assert_eq!(code, 0);
    assert!(harness.path().join("in/2.json.answer").exists());
    ask(&harness, 3, "N3", "in/3.json");
    let (code, document, found) = run(&harness, &[]);
    assert_eq!(code, 0, "{document}");
    assert_eq!(
        found,
        states(&[
            ("1.json", "answered-before"),
            ("1.json.answer", "left-alone"),
            ("2.json", "answered-before"),
            ("2.json.answer", "left-alone"),
            ("3.json", "answered"),
        ])
    );
}

/// The plan is shown before the key is asked for anything, and is what is done.
#[test]
fn what_would_be_signed_is_shown_first() {
    let harness = harness(2);
    let (code, document, found) = run(&harness, &["--dry-run"]);
    assert_eq!((code, &document["answered"]), (0, &json!(0)));
    let all = |state| ["1.json", "2.json"].map(|file| (file, state));
    assert_eq!(found, states(&all("to-be-signed")));
    assert_eq!(fs::read_dir(harness.path().join("in")).unwrap().count(), 2);
    // Without a key, too; and of one request.
    harness.ok(&[
        "signer",
        "answer",
        "in",
        "--signer-cert",
        "signer.cert",
        "--dry-run",
    ]);
    let one = [
        "signer",
        "answer",
        "in/1.json",
        "--signer-cert",
        "signer.cert",
        "--dry-run",
    ];
    let one = harness.json(&one);
    assert_eq!(one["manufacturer_serial"], "N1", "{one}");
    // With a key that is not the certificate's the plan is shown and nothing signed.
    harness.ok(&["signer", "create", "other"]);
    let (code, said) = harness.fails(&[
        "signer",
        "answer",
        "in",
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "other.key",
    ]);
    assert_eq!(code, 5, "{said}");
    let (plan, refusal) = (said.find("to-be-signed"), said.find("does not belong"));
    assert!(plan.is_some() && plan < refusal, "{said}");
    assert_eq!(fs::read_dir(harness.path().join("in")).unwrap().count(), 2);
}

#[test]
fn each_file_is_judged_alone() {
    let harness = harness(4);
    let path = |name: &str| harness.path().join("in").join(name);
    let whole = fs::read(path("2.json")).unwrap();
    fs::write(path("half.json"), &whole[..whole.len() / 2]).unwrap();
    fs::write(path("empty"), "").unwrap();
    fs::write(path("zeros.json"), [0; 100]).unwrap();
    fs::write(path("README"), "Requests of Monday\n").unwrap();
    fs::write(
        path("report.json"),
        r#"{"format": "nerves-key provisioning report 1"}"#,
    )
    .unwrap();
    fs::write(
        path("later.json"),
        r#"{"format": "nerves-key signing request 2"}"#,
    )
    .unwrap();
    fs::write(path(".nerves-key-x"), "{").unwrap();
    fs::create_dir(path("old")).unwrap();
    symlink("1.json", path("link.json")).unwrap();
    symlink("nowhere", path("3.json.answer")).unwrap();
    // The chip asks for another serial than the bytes that it wants signed.
    let text = String::from_utf8(whole)
        .unwrap()
        .replace("\"N2\"", "\"N9\"");
    fs::write(path("2.json"), text).unwrap();
    let used = harness.path().join("used");
    fs::write(&used, "N4\n").unwrap();
    let (code, document, found) = run(&harness, &["--used-serials", "used"]);
    assert_eq!(code, 5, "{document}");
    assert_eq!(
        found,
        states(&[
            (".nerves-key-x", "left-alone"),
            ("1.json", "answered"),
            ("2.json", "refused"),
            ("3.json", "refused"),
            ("3.json.answer", "unreadable"),
            ("4.json", "refused"),
            ("README", "left-alone"),
            ("empty", "unreadable"),
            ("half.json", "unreadable"),
            ("later.json", "refused"),
            ("link.json", "unreadable"),
            ("old", "left-alone"),
            ("report.json", "left-alone"),
            ("zeros.json", "unreadable"),
        ])
    );
    for (file, part) in [
        ("2.json", "\"N9\""),
        ("3.json", "3.json.answer is in the way"),
        ("4.json", "in use"),
        ("half.json", "ends in the middle"),
        ("empty", "after 0 bytes"),
        ("link.json", "not followed"),
        ("report.json", "provisioning report"),
    ] {
        let reason = reason(&document, file);
        assert!(reason.contains(part), "{file}: {reason}");
    }
    assert_eq!(document["not_answered"], 9, "{document}");
    // The list has the one serial that was signed for, and the link's target is
    // not there.
    let used = fs::read_to_string(used).unwrap();
    assert!(used.contains("N1\t") && !used.contains("N3"), "{used}");
    assert!(!path("nowhere").exists());
}

#[test]
fn who_shares_a_serial_a_chip_or_a_key_is_refused() {
    let harness = harness(2);
    let path = |name: &str| harness.path().join("in").join(name);
    // Another chip with the serial of the first.
    ask(&harness, 3, "N1", "in/3.json");
    // The second chip once more: it has made another key.
    ask(&harness, 2, "N2", "in/2-again.json");
    // A copy of a request that is signed already is no second request.
    ask(&harness, 4, "N4", "in/4.json");
    fs::copy(path("4.json"), path("copy.json")).unwrap();
    ask(&harness, 5, "N5", "in/5.json");
    let (code, document, found) = run(&harness, &[]);
    assert_eq!(code, 5, "{document}");
    let refused = [
        "1.json",
        "2-again.json",
        "2.json",
        "3.json",
        "4.json",
        "copy.json",
    ];
    for file in refused {
        assert_eq!(found[file], "refused", "{file}");
    }
    assert_eq!(found["5.json"], "answered");
    for (file, part) in [
        ("1.json", "3.json has the same serial"),
        ("3.json", "1.json has the same serial"),
        ("2.json", "2-again.json has the same chip and serial"),
        ("copy.json", "4.json has the same chip and key and serial"),
    ] {
        let reason = reason(&document, file);
        assert!(reason.contains(part), "{file}: {reason}");
    }
    for gone in ["3.json", "2.json", "copy.json"] {
        fs::remove_file(path(gone)).unwrap();
    }
    let (code, document, _) = run(&harness, &[]);
    assert_eq!((code, &document["answered"]), (0, &json!(3)), "{document}");
    // One that comes later with a serial that was answered is refused alone.
    ask(&harness, 6, "N5", "in/6.json");
    let (code, _, found) = run(&harness, &[]);
    assert_eq!(
        (code, &*found["5.json"], &*found["6.json"]),
        (5, "answered-before", "refused")
    );
}

/// A signer that fails for one request signs the others.
#[test]
fn a_signer_that_fails_once_signs_the_others() {
    let harness = harness(3);
    let script = "request=$(cat)\ncase \"$request\" in *'\"N2\"'*) exit 7;; esac\n\
                  printf '%s' \"$request\" | \"$NERVES_KEY\" signer answer - --signer-cert signer.cert \
                  --signer-key signer.key\n";
    let (code, document) = run_by_script(&harness, script);
    assert_eq!(code, 1, "{document}");
    let states = states_of_requests(&document);
    assert_eq!(states, ["answered", "failed", "answered"]);
    assert_eq!(run(&harness, &[]).0, 0);
}

/// A folder that is answered by a program: exit code and document.
fn run_by_script(harness: &Harness, script: &str) -> (i32, Value) {
    fs::write(harness.path().join("sign.sh"), script).unwrap();
    let mut command = harness.command(&[
        "--json",
        "signer",
        "answer",
        "in",
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "exec:sh ./sign.sh",
    ]);
    command.env("NERVES_KEY", env!("CARGO_BIN_EXE_nerves-key"));
    let output = command.output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), document)
}

fn states_of_requests(document: &Value) -> Vec<&str> {
    let files = document["files"].as_array().unwrap().iter();
    files.map(|it| it["state"].as_str().unwrap()).collect()
}

/// What another run answers meanwhile is answered, and not signed again.
#[test]
fn two_runs_on_one_folder_answer_it_together() {
    let harness = harness(3);
    let script = "echo asked >> asked\nrequest=$(cat)\n\
                  \"$NERVES_KEY\" signer answer in --signer-cert signer.cert \
                  --signer-key signer.key > /dev/null || exit 1\n\
                  printf '%s' \"$request\" | \"$NERVES_KEY\" signer answer - --signer-cert signer.cert \
                  --signer-key signer.key\n";
    let (code, document) = run_by_script(&harness, script);
    assert_eq!(code, 0, "{document}");
    assert_eq!(states_of_requests(&document), ["answered-before"; 3]);
    assert_eq!(document["answered_before"], 3);
    let asked = fs::read_to_string(harness.path().join("asked")).unwrap();
    assert_eq!(
        asked, "asked\n",
        "the others were answered before they were signed"
    );
    // What is no answer is in the way, whenever it came there.
    ask(&harness, 4, "N4", "in/4.json");
    let script = "echo x > in/4.json.answer\n\"$NERVES_KEY\" signer answer - \
                  --signer-cert signer.cert --signer-key signer.key\n";
    let (code, document) = run_by_script(&harness, script);
    assert_eq!(code, 5, "{document}");
    let reason = reason(&document, "4.json");
    assert!(reason.contains("in the way, and no answer"), "{reason}");
}

#[test]
fn a_folder_for_answers_that_is_none_is_refused() {
    let harness = harness(1);
    let (code, said) = harness.fails(&answer(&["--out", "nowhere"]));
    assert_eq!((code, said.contains("no folder")), (5, true), "{said}");
}
