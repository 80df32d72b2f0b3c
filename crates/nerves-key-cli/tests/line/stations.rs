//! From an empty bench to units.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::bench::{BATCH, Bench};

#[test]
fn four_devices_at_once() {
    let bench = Bench::with_batch();
    let devices = bench.chips(4);
    let said = bench.done(&Bench::line_run(&devices, &[]));
    assert_eq!(
        said.lines().filter(|line| line.starts_with("PASS")).count(),
        4,
        "{said}"
    );
    let status = bench.json(&["line", "status"]);
    assert_eq!(status["batches"][0]["units"]["verified"], 4);
    let serials: BTreeSet<_> = bench
        .units()
        .iter()
        .map(|unit| unit["serial"].to_string())
        .collect();
    let expected = (1..=4)
        .map(|number| format!("\"ACME-{number:06}\""))
        .collect();
    assert_eq!(serials, expected);
    bench.audit(&devices);
    // The chips say the same.
    for (device, unit) in devices.iter().zip(by_device(&bench, &devices)) {
        let info = bench.json(&["info", "--device", device]);
        assert_eq!(info["manufacturer_serial"], unit["serial"], "{info}");
    }
}

/// The unit of each device.
fn by_device(bench: &Bench, devices: &[String]) -> Vec<Value> {
    let units = bench.units();
    let of = |device: &String| {
        let info = bench.json(&["info", "--device", device]);
        let chip = info["serial_number"].clone();
        assert!(chip.is_string(), "{info}");
        units
            .iter()
            .find(|unit| unit["chip"] == chip)
            .unwrap()
            .clone()
    };
    devices.iter().map(of).collect()
}

#[test]
fn what_was_made_is_not_made_again() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    let image = fs::read(bench.path().join("chip0.img")).unwrap();
    let said = bench.done(&Bench::line_run(&devices, &[]));
    assert!(said.contains("made before"), "{said}");
    assert_eq!(fs::read(bench.path().join("chip0.img")).unwrap(), image);
    assert_eq!(bench.units().len(), 1);
}

#[test]
fn a_chip_that_was_finished_elsewhere_is_recorded_or_refused() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    bench.done(&[
        "provision",
        "--device",
        &devices[0],
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "signer.key",
        "--serial",
        "OLD-1",
        "--yes",
    ]);
    let said = bench.done(&Bench::line_run(&devices[..1], &[]));
    assert!(
        said.contains("OLD-1") && said.contains("recorded"),
        "{said}"
    );
    bench.audit(&devices[..1]);
    bench.done(&["signer", "create", "other"]);
    bench.done(&[
        "provision",
        "--device",
        &devices[1],
        "--signer-cert",
        "other.cert",
        "--signer-key",
        "other.key",
        "--serial",
        "OLD-2",
        "--yes",
    ]);
    let output = bench.run(&Bench::line_run(&devices[1..], &[]));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(said.contains("another signer than the batch's"), "{said}");
    assert_eq!(bench.units().len(), 1);
}

#[test]
fn a_chip_of_another_batch_is_left_alone() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.write("c.toml", &BATCH.replace("\"b\"", "\"c\""));
    bench.done(&["line", "batch", "c.toml"]);
    // It is begun in the other batch, and the hook keeps it from being made.
    let mut arguments = Bench::line_run(&devices, &["--on-start", "/bin/false"]);
    arguments[3] = "c";
    bench.refused(&arguments);
    let refused = || {
        let output = bench.run(&Bench::line_run(&devices, &[]));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("belongs to the batch \"c\""), "{said}");
    };
    refused();
    // Nor is it this batch's when it is finished.
    arguments.truncate(arguments.len() - 2);
    bench.done(&arguments);
    refused();
}

#[test]
fn hooks_get_the_unit() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    let script = |name: &str, text: &str| {
        bench.write(name, text);
        let path = bench.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("keep", "#!/bin/sh\ncat >> told\n");
    let hooks = ["--on-start", "./keep", "--on-pass", "./keep"];
    bench.done(&Bench::line_run(&devices[..1], &hooks));
    let told = fs::read_to_string(bench.path().join("told")).unwrap();
    let told: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(
        (&told[0]["state"], &told[1]["state"]),
        (&"reserved".into(), &"verified".into())
    );
    assert!(
        told[1]["certificate"]
            .as_str()
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    // A hook that says no: the chip stays blank, and its serial its own.
    let output = bench.run(&Bench::line_run(
        &devices[1..],
        &["--on-start", "/bin/false"],
    ));
    assert_eq!(output.status.code(), Some(1));
    let info = bench.json(&["info", "--device", &devices[1]]);
    assert_eq!(info["stage"], "blank", "{info}");
    bench.done(&Bench::line_run(&devices[1..], &[]));
    bench.audit(&devices);
}

#[test]
fn scanned_serials_come_from_standard_input() {
    use std::io::Write;
    use std::process::Stdio;
    let bench = Bench::new();
    let scanned = BATCH.split("pattern").next().unwrap().to_owned() + "scanned = true\n";
    bench.write("b.toml", &scanned);
    bench.done(&["line", "batch", "b.toml"]);
    let devices = bench.chips(2);
    for (device, line, fits) in [(0, "S-1\n", true), (1, "S-1\n", false), (1, "S-2\n", true)] {
        let mut command = bench.command(&Bench::line_run(&devices[device..=device], &[]));
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), fits, "{line}: {said}");
    }
    bench.audit(&devices);
}

#[test]
fn a_scrapped_chip_is_refused() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    let chip = bench.units()[0]["chip"].as_str().unwrap().to_owned();
    bench.done(&["line", "scrap", &chip, "--reason", "cracked"]);
    let output = bench.run(&Bench::line_run(&devices, &[]));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("scrapped, for good"), "{said}");
    bench.done(&["line", "audit"]);
    let (code, _) = bench.refused(&["line", "scrap", "0123000000000000EE", "--reason", "x"]);
    assert_eq!(code, 4);
}

/// What a program reads along: every line is a document.
#[test]
fn every_line_is_json_where_that_is_asked_for() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    let text = bench.done(&Bench::line_run(&devices, &["--json"]));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!(of("pass"), 2);
    assert!(of("step") > 20, "{}", of("step"));
    assert_eq!(of("pass") + of("step"), lines.len());
    let output = bench.run(&Bench::line_run(&["emu:none.img".to_owned()], &["--json"]));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&line["event"], &line["exit_code"]),
        (&"fail".into(), &3.into())
    );
    assert!(!bench.path().join("none.img").exists());
}

#[test]
fn a_ledger_that_was_changed_is_found_out() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    bench.done(&Bench::line_run(&devices[..1], &[]));
    let heads = bench.json(&["line", "audit"]);
    bench.write("heads.json", &heads.to_string());
    bench.done(&Bench::line_run(&devices[1..], &[]));
    bench.done(&["line", "audit", "--heads", "heads.json"]);
    let longer = heads.to_string().replace("\"seq\":", "\"seq\":9");
    bench.write("heads.json", &longer);
    let (code, _) = bench.refused(&["line", "audit", "--heads", "heads.json"]);
    assert_eq!(code, 1);
    let (code, said) = bench.refused(&["line", "audit", "--heads", "b.toml"]);
    assert_eq!(code, 5, "{said}");
}

/// A device that is empty says so once; one that then fails otherwise says that
/// too, and counts.
#[test]
fn a_device_that_fails_is_not_taken_for_an_empty_one() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let bench = Bench::with_batch();
    let late = ["emu:late.img".to_owned()];
    let mut arguments = Bench::line_run(&late, &["--json"]);
    arguments.retain(|word| *word != "--once");
    let mut command = bench.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["event"], "waiting");
    bench.write("late.img", "no image");
    let failed = next();
    assert_eq!(
        (&failed["event"], failed["chip"].is_null()),
        (&"fail".into(), true),
        "{failed}"
    );
    let failed_with = failed["exit_code"]
        .as_i64()
        .and_then(|code| i32::try_from(code).ok());
    // A chip that comes after that is made as any other.
    fs::remove_file(bench.path().join("late.img")).unwrap();
    assert_eq!(next()["event"], "waiting");
    bench.done(&["emulator", "create", "late.img"]);
    let passed = loop {
        let said = next();
        if said["event"] != "step" {
            break said;
        }
    };
    assert_eq!(passed["event"], "pass", "{passed}");
    let id = child.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &id])
        .status()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), failed_with, "one failed");
}

/// What is longer than a serial is nobody's, and no part of it is the next one's.
#[test]
fn a_scanned_line_that_is_too_long_ends_where_it_ends() {
    use std::io::Write;
    use std::process::Stdio;
    let bench = Bench::new();
    let scanned = BATCH.split("pattern").next().unwrap().to_owned() + "scanned = true\n";
    bench.write("b.toml", &scanned);
    bench.done(&["line", "batch", "b.toml"]);
    let devices = bench.chips(2);
    let mut command = bench.command(&Bench::line_run(&devices, &[]));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let lines = format!("{}\nS-2\n", "A".repeat(1030));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap();
    let units = bench.units();
    assert_eq!(units.len(), 1, "{units:?}");
    assert_eq!(units[0]["serial"], "S-2");
}

#[test]
fn a_chip_that_was_made_otherwise_takes_no_place() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    let provision = |device: &str, more: &[&str]| {
        let mut arguments = vec![
            "provision",
            "--device",
            device,
            "--signer-cert",
            "signer.cert",
        ];
        arguments.extend(more);
        bench.done(&arguments);
    };
    provision(
        &devices[0],
        &["--signer-key", "signer.key", "--board", "other", "--yes"],
    );
    // A key that the ledger does not know, and a request for its certificate.
    provision(&devices[1], &["--request", "request.json", "--yes"]);
    for (device, part) in devices
        .iter()
        .zip(["another board", "the ledger does not know it"])
    {
        let output = bench.run(&Bench::line_run(std::slice::from_ref(device), &[]));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with("FAIL") && said.contains(part), "{said}");
    }
    assert_eq!(bench.units().len(), 0);
}

/// Whoever reads along is gone: no chip is made that nobody sees.
#[test]
fn a_run_that_nobody_reads_ends() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let mut arguments = Bench::line_run(&devices, &["--json"]);
    arguments.retain(|word| *word != "--once");
    let mut command = bench.command(&arguments);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    drop(output);
    assert!(!child.wait().unwrap().success());
}
