//! Provisioning in two halves, with the signer elsewhere.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use atecc_x509::Certificate;
use serde_json::{Value, json};

use crate::harness::Harness;

const SIGNER: [&str; 2] = ["--signer-cert", "signer.cert"];

fn half<'a>(device: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [
        &["provision", "--device", device, "--yes"],
        &SIGNER[..],
        more,
    ]
    .concat()
}

fn answer<'a>(request: &'a str, out: &'a str) -> Vec<&'a str> {
    let key = ["--signer-key", "signer.key", "--out", out];
    [&["signer", "answer", request], &SIGNER[..], &key].concat()
}

/// A chip up to its request, and the answer in `answer`.
fn harness() -> Harness {
    let harness = Harness::new();
    harness.ok(&half(
        "emu:a.img",
        &["--request", "request", "--serial", "N1", "--board", "Board"],
    ));
    harness.ok(&answer("request", "answer"));
    harness
}

/// The second half, with the same options as the first.
fn second<'a>(device: &'a str, answer: &'a str) -> Vec<&'a str> {
    half(
        device,
        &["--answer", answer, "--serial", "N1", "--board", "Board"],
    )
}

#[test]
fn through_both_halves() {
    let harness = harness();
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(info["stage"], "keyed");
    assert_eq!(info["locks"]["data"], false);
    // At the signer's side no chip is needed, and nothing else is known.
    let done = harness.json(&second("emu:a.img", "answer"));
    assert_eq!(done["done"], true);
    assert_eq!(done["board_name"], "Board");
    let pem = harness.ok(&["cert", "export", "device", "--device", "emu:a.img"]);
    let certificate = Certificate::from_pem(&pem).unwrap();
    let signer = fs::read_to_string(harness.path().join("signer.cert")).unwrap();
    let signer = Certificate::from_pem(&signer).unwrap();
    certificate.verify(&signer.public_key().unwrap()).unwrap();
    assert_eq!(certificate.subject_text(), "CN=N1");
    // Again: nothing is left to do.
    let again = harness.json(&second("emu:a.img", "answer"));
    assert_eq!(again["done"], false);
}

/// Whoever adds a signature to the request has answered it.
#[test]
fn an_answer_is_the_request_with_a_signature() {
    let harness = harness();
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(harness.path().join(name)).unwrap()).unwrap()
    };
    let (mut request, answer) = (read("request"), read("answer"));
    request["signature"] = answer["signature"].clone();
    assert_eq!(request, answer);
    request["comment"] = json!("approved");
    fs::write(harness.path().join("by-hand"), request.to_string()).unwrap();
    harness.ok(&second("emu:a.img", "by-hand"));
}

#[test]
fn an_answer_for_another_chip_key_or_serial_is_refused() {
    let harness = harness();
    let refused = |arguments: &[&str], exit, part: &str| {
        let (code, message) = harness.fails(arguments);
        assert_eq!(code, exit, "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    };
    let image = |name: &str| fs::read(harness.path().join(name)).unwrap();
    let before = image("a.img");
    // Another chip, blank or with a key of its own.
    refused(&second("emu:b.img", "answer"), 4, "for the chip");
    assert!(!harness.path().join("b.img").exists());
    harness.ok(&half(
        "emu:b.img",
        &["--request", "b-request", "--serial", "N1"],
    ));
    let other = image("b.img");
    refused(&second("emu:b.img", "answer"), 4, "for the chip");
    assert_eq!(image("b.img"), other);
    // Other contents than asked for.
    let options =
        |more: &[&'static str]| half("emu:a.img", &[&["--answer", "answer"], more].concat());
    refused(&options(&["--serial", "N2"]), 5, "\"N1\", not \"N2\"");
    refused(&options(&["--serial", "N1"]), 5, "--board");
    refused(
        &options(&["--serial", "N1", "--board", "Board", "--otp-user", "01"]),
        5,
        "--otp-user",
    );
    // Another signer's certificate.
    harness.ok(&["signer", "create", "other"]);
    let other = ["--signer-cert", "other.cert", "--answer", "answer"];
    refused(
        &[&["provision", "--device", "emu:a.img", "--yes"], &other[..]].concat(),
        5,
        "does not belong",
    );
    assert_eq!(image("a.img"), before);
    harness.ok(&second("emu:a.img", "answer"));
}

/// The key in the chip was replaced after the request, by whomever.
#[test]
fn an_answer_for_a_key_that_is_gone_is_refused() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "a.img"]);
    harness.ok(&["emulator", "snapshot", "a.img", "blank"]);
    let first = |request| half("emu:a.img", &["--request", request, "--serial", "N1"]);
    harness.ok(&first("one"));
    harness.ok(&answer("one", "answer"));
    // The same chip, taken back and begun again: it makes another key.
    harness.ok(&["emulator", "restore", "blank", "a.img"]);
    let last = half("emu:a.img", &["--answer", "answer", "--serial", "N1"]);
    let (code, message) = harness.fails(&last);
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("no key"), "{message}");
    harness.ok(&first("two"));
    let before = fs::read(harness.path().join("a.img")).unwrap();
    let (code, message) = harness.fails(&last);
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("another key"), "{message}");
    assert_eq!(fs::read(harness.path().join("a.img")).unwrap(), before);
}

#[test]
fn whatever_is_changed_in_an_answer_it_is_refused() {
    let harness = harness();
    let before = fs::read(harness.path().join("a.img")).unwrap();
    let text = fs::read_to_string(harness.path().join("answer")).unwrap();
    let whole: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    for (member, value) in &whole {
        let value = value.as_str().unwrap();
        let last = value.chars().last().unwrap();
        let other = match last {
            '0' => '1',
            'Z' => 'z',
            _ => '0',
        };
        let changed = format!("{}{other}", &value[..value.len() - 1]);
        for value in [json!(changed), json!(""), json!(7), Value::Null] {
            let mut answer = whole.clone();
            answer.insert(member.clone(), value.clone());
            let text = serde_json::to_string(&answer).unwrap();
            fs::write(harness.path().join("changed"), text).unwrap();
            let (code, message) = harness.fails(&second("emu:a.img", "changed"));
            assert_eq!(code, 5, "{member} {value}: {message}");
        }
        let mut answer = whole.clone();
        answer.remove(member);
        let text = serde_json::to_string(&answer).unwrap();
        fs::write(harness.path().join("changed"), text).unwrap();
        assert_eq!(
            harness.fails(&second("emu:a.img", "changed")).0,
            5,
            "{member}"
        );
    }
    assert_eq!(fs::read(harness.path().join("a.img")).unwrap(), before);
    harness.ok(&second("emu:a.img", "answer"));
}

/// The signer's side signs device certificates and nothing else.
#[test]
fn the_signers_side_refuses() {
    let harness = harness();
    harness.ok(&["signer", "create", "other"]);
    fs::write(harness.path().join("used"), "N0\nN1\n").unwrap();
    let read = fs::read_to_string(harness.path().join("request")).unwrap();
    let mut request: Value = serde_json::from_str(&read).unwrap();
    // The bytes of a certificate authority instead of the device's.
    let pem = fs::read_to_string(harness.path().join("signer.cert")).unwrap();
    let authority = Certificate::from_pem(&pem).unwrap();
    let hex = |bytes: &[u8]| json!(data_encoding::HEXUPPER.encode(bytes));
    request["to_be_signed"] = hex(authority.tbs_der());
    request["digest"] = hex(&authority.digest());
    fs::write(harness.path().join("authority"), request.to_string()).unwrap();
    let with = |request, certificate, key| {
        vec![
            "signer",
            "answer",
            request,
            "--signer-cert",
            certificate,
            "--signer-key",
            key,
        ]
    };
    let mut used = with("request", "signer.cert", "signer.key");
    used.extend(["--used-serials", "used"]);
    for (arguments, part) in [
        (
            with("authority", "signer.cert", "signer.key"),
            "not the device certificate",
        ),
        (with("request", "other.cert", "other.key"), "another signer"),
        (
            with("request", "signer.cert", "other.key"),
            "does not belong",
        ),
        (
            with("signer.cert", "signer.cert", "signer.key"),
            "no signing request",
        ),
        (with("missing", "signer.cert", "signer.key"), "missing"),
        (answer("request", "answer"), "exists already"),
        (used, "in use"),
    ] {
        let (code, message) = harness.fails(&arguments);
        assert_eq!(code, 5, "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
}

/// Killed anywhere in either half, the same command goes on.
#[test]
fn a_killed_half_is_run_again() {
    let harness = Harness::new();
    for round in 0..8 {
        let device = format!("emu:{round}.img");
        let names = [format!("request-{round}"), format!("answer-{round}")];
        let [request, answered] = &names;
        let kill = |arguments: &[&str]| {
            let mut command = harness.command(arguments);
            let mut child = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(4 * round));
            child.kill().unwrap();
            child.wait().unwrap();
        };
        let first = half(&device, &["--request", request, "--serial", "N1"]);
        kill(&first);
        if !harness.path().join(request).exists() {
            harness.ok(&first);
        }
        harness.ok(&answer(request, answered));
        let last = half(&device, &["--answer", answered, "--serial", "N1"]);
        kill(&last);
        harness.ok(&last);
        let info = harness.json(&["info", "--device", &device]);
        assert_eq!(
            (&info["stage"], &info["verified"]),
            (&json!("finished"), &json!(true))
        );
    }
}

#[test]
fn what_needs_no_answer_asks_for_none() {
    let harness = harness();
    harness.ok(&second("emu:a.img", "answer"));
    let done = harness.json(&half(
        "emu:a.img",
        &["--request", "again", "--serial", "N1"],
    ));
    assert_eq!(done["steps"], json!([]));
    assert!(!harness.path().join("again").exists());
    // Both ways to a signature at once.
    let both = half(
        "emu:a.img",
        &["--request", "r", "--signer-key", "signer.key"],
    );
    assert_eq!(harness.fails(&both).0, 2);
    assert_eq!(harness.fails(&half("emu:a.img", &[])).0, 2);
}
