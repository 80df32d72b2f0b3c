//! Stations that are killed.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

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
