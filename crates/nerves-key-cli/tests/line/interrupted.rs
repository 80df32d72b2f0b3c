//! Stations that are killed, or stopped by Ctrl-C.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nerves_key_line::{Database, Sqlite};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::bench::Bench;

/// Killed a little later each time, until every chip is done: none has two
/// serials, none is lost, and the ledger and the chips say the same.
#[test]
fn kill_costs_nothing() {
    let bench = Bench::with_batch();
    let devices = bench.chips(12);
    let mut kills = 0;
    for (index, pair) in devices.chunks(2).enumerate() {
        for round in 0u64.. {
            let station = format!("station {index}");
            let mut command = bench.command(&Bench::line_run(pair, &["--station", &station]));
            let mut child = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(10 + 7 * round + index as u64));
            let ended = child.try_wait().unwrap();
            if ended.is_some_and(|status| status.success()) {
                break;
            }
            assert!(round < 2000, "{pair:?} is never done");
            assert!(ended.is_none(), "{pair:?}: {ended:?}");
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
    }
    assert!(kills >= 6, "{kills}");
    bench.audit(&devices);
    let units = bench.units();
    let serials: BTreeSet<_> = units
        .iter()
        .map(|unit| unit["serial"].to_string())
        .collect();
    assert_eq!((units.len(), serials.len()), (12, 12));
    assert!(units.iter().all(|unit| unit["state"] == "verified"));
}

/// A ledger that does not take the key, or the certificate: nobody is asked for
/// a certificate, or none reaches the chip, and no data are locked. Once it does,
/// the chip goes on.
#[test]
fn what_the_ledger_does_not_know_is_not_locked() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    let script = |text: &str| {
        let mut ledger = Sqlite::open(&bench.path().join("line.db")).unwrap();
        ledger.script(text).unwrap();
    };
    let cases = [
        ("key", "it was not asked"),
        ("certificate", "the chip does not get it"),
    ];
    for (device, (table, part)) in devices.iter().zip(cases) {
        let device = std::slice::from_ref(device);
        let refuse = format!("CREATE TRIGGER no BEFORE INSERT ON {table} BEGIN SELECT");
        script(&format!("{refuse} RAISE(ROLLBACK, 'no room'); END"));
        let output = bench.run(&Bench::line_run(device, &[]));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(part), "{table}: {said}");
        let info = bench.json(&["info", "--device", &device[0]]);
        assert_eq!(info["stage"], "keyed", "{table}: {info}");
        assert_eq!(info["locks"]["data"], false, "{table}: {info}");
        script("DROP TRIGGER no");
        bench.done(&Bench::line_run(device, &[]));
    }
    bench.audit(&devices);
}

/// Ctrl-C, of which a terminal tells everything in its foreground, ends the
/// station after the chip in hand, whose programs are no part of that.
#[test]
fn a_program_is_not_interrupted() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let program = "#!/bin/sh\ntouch begun\nwhile [ ! -e go ]; do sleep 0.05; done\n";
    bench.write("hook", program);
    let path = |name: &str| bench.path().join(name);
    fs::set_permissions(path("hook"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = bench.command(&Bench::line_run(&devices, &["--on-pass", "./hook"]));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.process_group(0).spawn().unwrap();
    let begin = Instant::now();
    while !path("begun").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it never begins");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    bench.write("go", "");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("PASS"), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("stopped: "), "{said}");
}
