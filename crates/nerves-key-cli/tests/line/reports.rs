//! `line run --reports`: a report of each chip, as `provision --report` has it,
//! and for which line.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::bench::Bench;

const REPORTS: [&str; 4] = ["--reports", "reports", "--order", "PO-4711"];

fn bench() -> Bench {
    let bench = Bench::with_batch();
    fs::create_dir(bench.path().join("reports")).unwrap();
    bench
}

/// The names in the folder, and what is in them.
fn reports(bench: &Bench) -> Vec<(String, Value)> {
    let found = fs::read_dir(bench.path().join("reports")).unwrap();
    let mut found: Vec<_> = found
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read(&path).unwrap();
            (name, serde_json::from_slice(&text).unwrap())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn each_chip_has_its_report() {
    let bench = bench();
    let devices = bench.chips(2);
    bench.done(&Bench::line_run(&devices, &REPORTS));
    let found = reports(&bench);
    let units = bench.units();
    assert_eq!((found.len(), units.len()), (2, 2));
    for (name, report) in &found {
        let chip = report["chip_serial_number"].as_str().unwrap();
        assert_eq!(*name, format!("{chip}.json"));
        let unit = units.iter().find(|unit| unit["chip"] == chip).unwrap();
        assert_eq!(report["manufacturer_serial"], unit["serial"]);
        assert_eq!(report["public_key"], unit["public_key"]);
        assert_eq!(report["device_certificate"]["pem"], unit["certificate"]);
        assert_eq!(
            report["line"],
            json!({ "station": "bench", "operator": "ada", "batch": "b", "order": "PO-4711" })
        );
        assert_eq!(report["format"], "nerves-key provisioning report 1");
        assert_eq!(report["done"], true);
        let steps = report["steps"].as_array().unwrap();
        assert!(steps.iter().all(|step| step["milliseconds"].is_u64()));
    }
    // Once more: a report that is there stays, one that was lost is had again.
    let lost = bench.path().join("reports").join(&found[0].0);
    fs::remove_file(&lost).unwrap();
    bench.done(&Bench::line_run(&devices, &REPORTS[..2]));
    let again = reports(&bench);
    assert_eq!(again[1], found[1]);
    assert_eq!(again[0].1["done"], false);
    assert_eq!(again[0].1["line"]["order"], Value::Null);
    assert_eq!(
        again[0].1["device_certificate"],
        found[0].1["device_certificate"]
    );
}

/// A chip that was stopped at its signer goes on, and its report takes the place
/// of the record.
#[test]
fn a_chip_that_was_stopped_has_one_report() {
    let bench = bench();
    let devices = bench.chips(1);
    let mut arguments = Bench::line_run(&devices, &REPORTS);
    arguments[5] = "exec:cp reports/*.json seen; exit 1";
    bench.refused(&arguments);
    let seen: Value =
        serde_json::from_slice(&fs::read(bench.path().join("seen")).unwrap()).unwrap();
    assert_eq!(seen["certificate_asked_for"]["subject"], "CN=ACME-000001");
    assert_eq!(seen["line"]["order"], "PO-4711");
    bench.done(&Bench::line_run(&devices, &REPORTS));
    let found = reports(&bench);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1["done"], true);
    assert_eq!(found[0].1["public_key"], seen["public_key"]);
    assert_eq!(found[0].1["key_origin"], "earlier-run");
    bench.audit(&devices);
}

/// What is in the way, and a folder without room: the chip says FAIL and is as it
/// was.
#[test]
fn a_chip_without_room_for_its_report_is_left_alone() {
    let bench = bench();
    let devices = bench.chips(2);
    let image = |name: &str| fs::read(bench.path().join(name)).unwrap();
    let (one, other) = (image("chip0.img"), image("chip1.img"));
    let info = bench.json(&["info", "--device", &devices[0]]);
    let name = format!("reports/{}.json", info["serial_number"].as_str().unwrap());
    bench.write(&name, "{}");
    let output = bench.run(&Bench::line_run(&devices[..1], &REPORTS));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("FAIL") && said.contains("exists already"),
        "{said}"
    );
    assert_eq!(image("chip0.img"), one);
    // An order as long as this makes a report longer than any file may be here.
    let (script, order) = (
        "trap '' XFSZ; ulimit -f 230; exec \"$0\" \"$@\"",
        "x".repeat(120_000),
    );
    let mut limited = Command::new("sh");
    limited.args(["-c", script, env!("CARGO_BIN_EXE_nerves-key")]);
    limited.args(Bench::line_run(
        &devices[1..],
        &[&REPORTS[..3], &[&order]].concat(),
    ));
    limited.current_dir(bench.path());
    limited.env("NERVES_KEY_LEDGER", "line.db");
    let output = limited.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("FAIL") && said.contains("no room"),
        "{said}"
    );
    assert_eq!(image("chip1.img"), other);
    bench.done(&Bench::line_run(&devices[1..], &REPORTS));
    let (code, said) = bench.refused(&Bench::line_run(&devices, &["--reports", "nowhere"]));
    assert_eq!((code, said.contains("no folder")), (5, true), "{said}");
}
