//! What a ledger says whose rows were changed by another hand.

use nerves_key_line::{Database, Sqlite};

use crate::bench::Bench;

fn change(bench: &Bench, script: &str) {
    let mut file = Sqlite::open(&bench.path().join("line.db")).unwrap();
    file.script(script).unwrap();
}

#[test]
fn an_event_of_the_last_number_of_all_stops_its_station() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &["--station", "other"]));
    let last = i64::MAX;
    change(
        &bench,
        &format!("UPDATE event SET seq = {last} WHERE kind = 'loaded'"),
    );
    let chip = bench.units()[0]["chip"].as_str().unwrap().to_owned();
    bench.write("c.toml", &crate::bench::BATCH.replace("\"b\"", "\"c\""));
    for arguments in [
        &["line", "batch", "c.toml"][..],
        &["line", "scrap", &chip, "--reason", "x"],
    ] {
        let (code, said) = bench.refused(arguments);
        assert_eq!(code, 5, "{arguments:?}: {said}");
        assert!(said.contains("cannot be read: audit it"), "{said}");
    }
    bench.done(&["line", "status"]);
    let (code, said) = bench.refused(&["line", "audit"]);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn a_batch_that_was_altered_makes_no_chip() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    change(
        &bench,
        "UPDATE batch SET document = replace(document, 'ACME-', '=cmd|')",
    );
    for arguments in [
        Bench::line_run(&devices, &[]),
        vec!["line", "batch", "b.toml"],
        vec!["line", "status"],
        vec!["line", "export", "--batch", "b", "--for", "csv"],
    ] {
        let (code, said) = bench.refused(&arguments);
        assert_eq!(code, 5, "{arguments:?}: {said}");
        assert!(said.contains("is not as it was loaded"), "{said}");
    }
    assert_eq!(
        bench.json(&["info", "--device", &devices[0]])["stage"],
        "blank"
    );
    // Who is sent there learns what was changed.
    let output = bench.run(&["line", "audit"]);
    assert_eq!(output.status.code(), Some(1));
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(found.contains("batch: name \"b\""), "{found}");
}

/// What was quoted before is not escaped again.
#[test]
fn a_character_that_is_not_visible_is_escaped_once() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    change(&bench, "UPDATE unit SET serial = 'A' || char(27)");
    let output = bench.run(&["line", "audit"]);
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(found.contains("serial \"A\\u{1b}\""), "{found}");
    let found = bench.run(&["line", "audit", "--json"]).stdout;
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    let findings = found["findings"].as_array().unwrap().iter();
    let mut findings = findings.filter_map(serde_json::Value::as_str);
    assert!(
        findings.any(|it| it.contains("serial \"A\\u{1b}\"")),
        "{found}"
    );
    let (_, said) = bench.refused(&["line", "audit"]);
    assert!(said.contains(" found"), "{said}");
}

#[test]
fn one_thing_is_not_called_several() {
    let bench = Bench::new();
    let said = |bench: &Bench| bench.done(&["line", "audit"]);
    assert!(said(&bench).starts_with("0 events of 0 stations, 0 chips: "));
    let bench = bench.loaded();
    assert!(said(&bench).starts_with("1 event of 1 station, 0 chips: "));
    let one = crate::bench::BATCH.replace("\"b\"", "\"c\"");
    bench.write("c.toml", &one.replace("100", "1"));
    let loaded = bench.done(&["line", "batch", "c.toml"]);
    assert!(loaded.contains("is loaded: 1 unit, digest"), "{loaded}");
}
