//! Stations that go on while their server is away.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests_postgres::OWNER;

use crate::bench::Bench;
use crate::server::{gate, server, wait_for};

const SPOOL: [&str; 4] = ["--spool", "spool.db", "--spool-units", "2"];

/// A station that works on a device of an image, in which chips are put.
struct Station<'a> {
    bench: &'a Bench,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl<'a> Station<'a> {
    fn start(bench: &'a Bench, more: &[&str]) -> Self {
        let device = ["emu:slot.img".to_owned()];
        let mut arguments = Bench::line_run(&device, &SPOOL);
        arguments.retain(|word| *word != "--once");
        arguments.extend(more.iter().copied().chain(["--json"]));
        let mut command = bench.command(&arguments);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            bench,
            child,
            lines,
        }
    }

    /// What it says next of any of `events`.
    fn next(&mut self, events: &[&str]) -> Value {
        loop {
            let line = self.lines.next().unwrap().unwrap();
            let said: Value = serde_json::from_str(&line).unwrap();
            if events.iter().any(|event| said["event"] == *event) {
                return said;
            }
        }
    }

    /// Connect a chip, until it is done, and take it away again.
    fn chip(&mut self, number: usize) -> Value {
        let path = |name: &str| self.bench.path().join(name);
        let (chip, slot) = (path(&format!("chip{number}.img")), path("slot.img"));
        fs::rename(&chip, &slot).unwrap();
        let said = self.next(&["pass", "fail"]);
        fs::rename(&slot, &chip).unwrap();
        self.next(&["waiting"]);
        said
    }

    fn passes(&mut self, number: usize, serial: &str) {
        let said = self.chip(number);
        assert_eq!(said["unit"]["serial"], serial, "{said}");
    }

    fn fails(&mut self, number: usize, part: &str) {
        let said = self.chip(number);
        let cause = said["cause"].as_str().unwrap_or_default();
        assert!(cause.contains(part), "{said}");
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        kill.args(["-INT", &id]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

/// From the first chip without a server to the last that it gets.
#[test]
fn a_station_goes_on_while_the_server_is_away() {
    let Some(server) = server() else {
        return;
    };
    let bench = Bench::on(server.url(OWNER)).loaded();
    let devices = bench.chips(6);
    let mut station = Station::start(&bench, &[]);
    station.next(&["waiting"]);
    // 1 and 2 are leased.
    station.passes(0, "ACME-000003");
    let status = bench.done(&["line", "status"]);
    let leased = "2 leased to \"bench\": ACME-000001 to ACME-000002";
    assert!(status.contains(leased), "{status}");
    assert!(bench.done(&["line", "audit"]).contains(leased));
    server.hide();
    station.passes(1, "ACME-000001");
    // A program that begins while the server is away goes on with the spool.
    station.kill();
    let mut station = Station::start(&bench, &[]);
    station.next(&["waiting"]);
    station.passes(2, "ACME-000002");
    station.fails(3, "every serial that was leased before is used");
    station.fails(0, "was begun before");
    server.show();
    let back = station.next(&["back"]);
    assert!(back["events"].as_u64() >= Some(10), "{back}");
    // 4 and 5 are leased in the place of those that were used.
    station.passes(3, "ACME-000006");
    station.passes(1, "ACME-000001");
    assert_eq!(station.interrupt(), Some(1), "two failed");
    let numbers = &bench.json(&["line", "status"])["batches"][0]["numbers"];
    assert_eq!(numbers["leased"].as_array().map(Vec::len), Some(0));
    let returned = serde_json::json!(["ACME-000004", "ACME-000005"]);
    assert_eq!(numbers["returned"], returned);
    assert_eq!(numbers["skipped"].as_array().map(Vec::len), Some(0));
    bench.audit(&devices[..4]);
    assert_eq!(bench.units().len(), 4);
}

/// A chip that another station makes while this one has it in its spool: that is
/// said by name, and nothing of the other's is overwritten.
#[test]
fn a_conflict_is_named() {
    let Some(server) = server() else {
        return;
    };
    let bench = Bench::on(server.url(OWNER)).loaded();
    bench.chips(1);
    let path = |name: &str| bench.path().join(name);
    fs::copy(path("chip0.img"), path("twin.img")).unwrap();
    let mut station = Station::start(&bench, &[]);
    station.next(&["waiting"]);
    server.hide();
    station.passes(0, "ACME-000001");
    station.kill();
    server.show();
    let twin = ["emu:twin.img".to_owned()];
    bench.done(&Bench::line_run(&twin, &["--station", "two"]));
    let units = bench.units();
    let mut station = Station::start(&bench, &[]);
    let conflict = station.next(&["conflict"]);
    assert_eq!(conflict["serial"], "ACME-000001", "{conflict}");
    assert_eq!(conflict["chip"], units[0]["chip"], "{conflict}");
    let cause = conflict["cause"].as_str().unwrap();
    assert!(cause.contains("as \"ACME-000003\""), "{cause}");
    station.fails(0, "which did not take it");
    assert_eq!(station.interrupt(), Some(1));
    let output = bench.run(&["line", "reconcile", "spool.db"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("FAIL  spool"), "{said}");
    assert_eq!(bench.units(), units);
    bench.audit(&twin);
    let numbers = &bench.json(&["line", "status"])["batches"][0]["numbers"];
    let leased = serde_json::json!(["ACME-000001"]);
    assert_eq!(numbers["leased"][0]["serials"], leased, "{numbers}");
}

/// The server says nothing when a chip is in hand: that one fails, the next one
/// is made, and the first one goes on afterwards.
#[test]
fn a_chip_in_hand_waits_for_a_stopped_server_and_the_next_does_not() {
    let Some(server) = server() else {
        return;
    };
    let bench = Bench::on(server.url(OWNER)).loaded();
    let devices = bench.chips(2);
    gate(&bench);
    let mut station = Station::start(&bench, &["--on-start", "./gate"]);
    let path = |name: &str| bench.path().join(name);
    station.next(&["waiting"]);
    fs::rename(path("chip0.img"), path("slot.img")).unwrap();
    wait_for(&bench, "begun");
    server.freeze();
    bench.write("go", "");
    let failed = station.next(&["pass", "fail"]);
    assert_eq!(failed["event"], "fail", "{failed}");
    fs::rename(path("slot.img"), path("chip0.img")).unwrap();
    station.next(&["waiting"]);
    station.passes(1, "ACME-000001");
    server.thaw();
    station.next(&["back"]);
    station.passes(0, "ACME-000003");
    assert_eq!(station.interrupt(), Some(1), "one failed");
    bench.audit(&devices);
    assert_eq!(bench.units().len(), 2);
}

/// Killed again and again, with the server there or away: each chip has one
/// serial, none is lost, and every number is accounted for.
#[test]
fn kill_costs_nothing_with_a_spool() {
    let Some(server) = server() else {
        return;
    };
    let bench = Bench::on(server.url(OWNER)).loaded();
    let devices = bench.chips(8);
    let mut kills = 0;
    for (index, pair) in devices.chunks(2).enumerate() {
        // The spool has serials before the server goes away.
        let mut is_away = false;
        for round in 0u64.. {
            let mut command = bench.command(&Bench::line_run(pair, &SPOOL));
            let command = command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(30 + 11 * round + index as u64));
            let ended = child.try_wait().unwrap();
            child.kill().unwrap();
            let status = child.wait().unwrap();
            if ended.is_some_and(|_| status.success()) {
                break;
            }
            assert!(round < 1000, "{pair:?} is never done");
            kills += u32::from(ended.is_none());
            if round % 7 == 3 && bench.path().join("spool.db").exists() {
                if is_away {
                    server.show();
                } else {
                    server.hide();
                }
                is_away = !is_away;
            }
        }
        if is_away {
            server.show();
        }
    }
    assert!(kills >= 8, "{kills}");
    println!("{kills} kills");
    bench.done(&["line", "reconcile", "spool.db"]);
    bench.audit(&devices);
    let units = bench.units();
    let serials: BTreeSet<_> = units.iter().map(|it| it["serial"].to_string()).collect();
    assert_eq!((units.len(), serials.len()), (8, 8));
    assert!(units.iter().all(|unit| unit["state"] == "verified"));
    let numbers = &bench.json(&["line", "audit"])["numbers"]["b"];
    for (name, count) in [("leased", Some(0)), ("skipped", Some(0))] {
        assert_eq!(numbers[name].as_array().map(Vec::len), count, "{numbers}");
    }
}

#[test]
fn a_spool_of_something_else_is_refused() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let refused = |arguments: &[&str], part: &str| {
        let (code, said) = bench.refused(arguments);
        assert_eq!(code, 5, "{said}");
        assert!(said.contains(part), "{said}");
    };
    // In a file, too; what was not used went back.
    bench.done(&Bench::line_run(&devices, &SPOOL));
    let numbers = &bench.json(&["line", "status"])["batches"][0]["numbers"];
    assert_eq!(numbers["returned"][0], "ACME-000001", "{numbers}");
    let other = [&SPOOL[..], &["--station", "two"]].concat();
    refused(
        &Bench::line_run(&devices, &other),
        "of the station \"bench\"",
    );
    let ledger = ["--spool", "line.db"];
    refused(&Bench::line_run(&devices, &ledger), "it is no spool");
    refused(&["line", "reconcile", "none.db"], "no such spool");
    assert!(!bench.path().join("none.db").exists());
    refused(
        &["line", "reconcile", "spool.db", "--station", "two"],
        "of the station \"bench\"",
    );
    bench.write("c.toml", &crate::bench::BATCH.replace("\"b\"", "\"c\""));
    bench.done(&["line", "batch", "c.toml"]);
    let mut arguments = Bench::line_run(&devices, &SPOOL);
    arguments[3] = "c";
    refused(&arguments, "of the batch \"b\"");
    let said = bench.done(&["line", "reconcile", "spool.db"]);
    assert!(said.contains("0 events"), "{said}");
}

/// Serials that nobody has, of each kind.
fn where_serials_are(bench: &Bench) -> Value {
    let numbers = &bench.json(&["line", "status"])["batches"][0]["numbers"];
    let leased = numbers["leased"].as_array().unwrap().iter();
    let leased: Vec<_> = leased.map(|lease| lease["serials"].clone()).collect();
    serde_json::json!([leased, numbers["returned"]])
}

/// Nothing is leased before everything is checked.
#[test]
fn a_run_that_does_not_begin_leases_nothing() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&["signer", "create", "other"]);
    let twice = [&SPOOL[..], &["--device", &devices[0]]].concat();
    let mut wrong_key = Bench::line_run(&devices, &SPOOL);
    wrong_key[5] = "other.key";
    let mut unconfirmed = Bench::line_run(&devices, &SPOOL);
    unconfirmed.retain(|word| *word != "--yes");
    for (arguments, part) in [
        (Bench::line_run(&devices, &twice), "is given twice"),
        (wrong_key, "key"),
        (unconfirmed, "there is no terminal"),
    ] {
        let (code, said) = bench.refused(&arguments);
        assert_eq!(code, 5, "{said}");
        assert!(said.contains(part), "{said}");
        let nothing = serde_json::json!([[], []]);
        assert_eq!(where_serials_are(&bench), nothing, "{said}");
    }
}

/// Nobody reads what the station says: it ends, and gives its serials back.
#[test]
fn a_station_that_nobody_reads_gives_its_serials_back() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let mut arguments = Bench::line_run(&devices, &SPOOL);
    arguments.push("--json");
    let mut command = bench.command(&arguments);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let [leased, returned] = [0, 1].map(|kind| where_serials_are(&bench)[kind].clone());
    assert_eq!(leased, serde_json::json!([]));
    assert_ne!(returned, serde_json::json!([]));
}

/// A batch that was full has places again: serials are leased again.
#[test]
fn a_place_that_is_free_again_is_leased_again() {
    let bench = Bench::new();
    let small = crate::bench::BATCH.replace("count = 100", "count = 4");
    bench.write("b.toml", &small);
    bench.done(&["line", "batch", "b.toml"]);
    let devices = bench.chips(3);
    let mut station = Station::start(&bench, &[]);
    station.next(&["waiting"]);
    bench.done(&Bench::line_run(&devices[1..], &["--station", "two"]));
    // The last places are those of its own serials.
    station.passes(0, "ACME-000001");
    let nothing = serde_json::json!([[], ["ACME-000002"]]);
    assert_eq!(where_serials_are(&bench), nothing);
    let units = bench.units();
    let theirs: Vec<_> = units
        .iter()
        .filter(|unit| unit["serial"] != "ACME-000001")
        .collect();
    assert_eq!(theirs.len(), 2, "{units:?}");
    for unit in theirs {
        let chip = unit["chip"].as_str().unwrap();
        bench.done(&["line", "scrap", chip, "--reason", "cracked"]);
    }
    let begin = std::time::Instant::now();
    let again = serde_json::json!([[["ACME-000002"]], []]);
    while where_serials_are(&bench) != again {
        assert!(begin.elapsed() < Duration::from_secs(30), "not leased");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(station.interrupt(), Some(0));
    assert_eq!(where_serials_are(&bench), nothing);
}

/// What another one of the name gave back is not counted.
#[test]
fn serials_that_did_not_go_back_are_not_counted() {
    let bench = Bench::with_batch();
    bench.chips(1);
    let mut station = Station::start(&bench, &[]);
    station.next(&["waiting"]);
    station.kill();
    let path = |name: &str| bench.path().join(name);
    fs::copy(path("spool.db"), path("copy.db")).unwrap();
    let said = bench.done(&["line", "reconcile", "spool.db"]);
    assert!(said.contains("and 2 serials back"), "{said}");
    // A spool takes them before a chip does.
    let status = bench.done(&["line", "status"]);
    let back = "2 given back, and given or leased next: ACME-000001 to ACME-000002";
    assert!(status.contains(back), "{status}");
    let output = bench.run(&["line", "reconcile", "copy.db"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("and 0 serials back"), "{said}");
}

/// A spool that cannot be read is said once, and not every second.
#[test]
fn a_spool_that_cannot_be_read_is_said_once() {
    let bench = Bench::with_batch();
    bench.chips(1);
    let mut station = Station::start(&bench, &[]);
    station.next(&["waiting"]);
    bench.write(
        "other",
        "This is no database, and longer than a page's header.",
    );
    let path = |name: &str| bench.path().join(name);
    fs::rename(path("other"), path("spool.db")).unwrap();
    std::thread::sleep(Duration::from_millis(3500));
    let id = station.child.id().to_string();
    let mut kill = std::process::Command::new("kill");
    kill.args(["-INT", &id]).status().unwrap();
    let lines: Vec<_> = station.lines.by_ref().map(Result::unwrap).collect();
    let failures = lines.iter().filter(|line| line.contains("spool-failed"));
    // By the keeper, and at the end.
    assert_eq!(failures.count(), 2, "{lines:?}");
    assert_eq!(station.child.wait().unwrap().code(), Some(1));
}
