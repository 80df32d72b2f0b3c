//! What the race came to, by the ledger and by the chips.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use xtask_support::error::Error;
use xtask_support::{run, table};

use crate::bench::Bench;
use crate::station::serial_of;

/// What the stations said.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) time: Duration,
    pub(crate) passed: Vec<u32>,
    pub(crate) aside: Vec<(u32, String)>,
    pub(crate) failures: BTreeMap<String, u32>,
    pub(crate) conflicts: Vec<Value>,
    pub(crate) kills: u32,
    pub(crate) restarts: u32,
    pub(crate) away: Duration,
    /// Units that passed while the socket was away.
    pub(crate) spooled: usize,
    pub(crate) unreconciled: u32,
}

/// Compare what they said with the ledger, print it, and name what is wrong.
pub(crate) fn check(
    bench: &Bench,
    batch: &str,
    first: u32,
    outcome: &Outcome,
) -> Result<Vec<String>, Error> {
    let units = bench.units(batch)?;
    let text = |unit: &Value, name: &str| unit[name].as_str().unwrap_or_default().to_owned();
    let verified: BTreeSet<_> = units
        .iter()
        .filter(|unit| unit["state"] == "verified")
        .map(|unit| text(unit, "chip"))
        .collect();
    let mut chips_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for unit in &units {
        let chips = chips_of.entry(text(unit, "serial")).or_default();
        chips.insert(text(unit, "chip"));
    }
    let duplicates: Vec<_> = chips_of
        .iter()
        .filter(|(_, chips)| chips.len() > 1)
        .collect();
    let named: BTreeSet<_> = outcome
        .conflicts
        .iter()
        .map(|conflict| text(conflict, "chip"))
        .chain(outcome.aside.iter().map(|(chip, _)| serial_of(*chip)))
        .collect();
    let passed: BTreeSet<_> = outcome.passed.iter().map(|chip| serial_of(*chip)).collect();
    // What passed and is not verified is lost, unless it is a named conflict.
    let lost: Vec<_> = passed
        .iter()
        .filter(|chip| !verified.contains(*chip) && !named.contains(*chip))
        .collect();
    let numbers = numbers(bench, batch, &units)?;
    let seconds = outcome.time.as_secs_f64();
    let per_minute = f64::from(u32::try_from(verified.len()).unwrap_or(0)) * 60.0 / seconds;
    let rows = [
        ("units verified", verified.len().to_string()),
        ("seconds", format!("{seconds:.0}")),
        ("units a minute", format!("{per_minute:.0}")),
        ("kills (SIGKILL)", outcome.kills.to_string()),
        ("restarts of the server", outcome.restarts.to_string()),
        (
            "seconds without a socket",
            outcome.away.as_secs().to_string(),
        ),
        ("units passed meanwhile", outcome.spooled.to_string()),
        (
            "runs that failed and were begun again",
            outcome.failures.values().sum::<u32>().to_string(),
        ),
        ("conflicts, named", outcome.conflicts.len().to_string()),
        ("chips put aside, named", outcome.aside.len().to_string()),
        ("duplicates", duplicates.len().to_string()),
        ("lost", lost.len().to_string()),
        ("serials leased, given back, left out", numbers.explained),
        ("serials unexplained", numbers.unexplained.len().to_string()),
    ];
    let rows = rows.map(|(what, value)| [what.to_owned(), value]);
    table::print([&format!("{batch}, from chip {first}"), ""], &rows);
    println!();
    for (cause, count) in &outcome.failures {
        println!("failed {count} times: {cause}");
    }
    for conflict in &outcome.conflicts {
        println!("conflict: {conflict}");
    }
    for (chip, cause) in &outcome.aside {
        println!("aside: {}: {cause}", serial_of(*chip));
    }
    let mut findings = Vec::new();
    let mut find = |what: &str, found: String| findings.push(format!("{batch}: {what}: {found}"));
    for (serial, chips) in duplicates {
        find("duplicate", format!("{serial}: {chips:?}"));
    }
    for chip in lost {
        find("lost", chip.clone());
    }
    for serial in numbers.unexplained {
        find("unexplained", serial);
    }
    let unnamed = units.len() - verified.len();
    let unfinished = units.iter().map(|unit| text(unit, "chip"));
    for chip in unfinished.filter(|it| !verified.contains(it) && !named.contains(it)) {
        find(
            "neither finished nor named",
            format!("{chip} ({unnamed} in all)"),
        );
    }
    if outcome.unreconciled > 0 && outcome.conflicts.is_empty() {
        find(
            "spools that were not brought home",
            outcome.unreconciled.to_string(),
        );
    }
    Ok(findings)
}

struct Numbers {
    explained: String,
    unexplained: Vec<String>,
}

/// Every serial up to the highest one: a unit's, or explained.
fn numbers(bench: &Bench, batch: &str, units: &[Value]) -> Result<Numbers, Error> {
    let status = bench.json(&["line", "status"])?;
    let batches = status["batches"].as_array();
    let batches = batches.map(Vec::as_slice).unwrap_or_default();
    let of_it = batches.iter().find(|it| it["name"] == batch);
    let numbers = of_it.map_or(&Value::Null, |it| &it["numbers"]);
    let texts = |list: &Value| -> BTreeSet<String> {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect()
    };
    let stations = numbers["leased"].as_array();
    let stations = stations.map(Vec::as_slice).unwrap_or_default();
    let leased: BTreeSet<_> = stations
        .iter()
        .flat_map(|it| texts(&it["serials"]))
        .collect();
    let [returned, skipped] = ["returned", "skipped"].map(|name| texts(&numbers[name]));
    let explained = format!("{}, {}, {}", leased.len(), returned.len(), skipped.len());
    // The other batch has the same pool.
    let mut known: BTreeSet<String> = leased.into_iter().chain(returned).chain(skipped).collect();
    let serial = |unit: &Value| unit["serial"].as_str().map(str::to_owned);
    known.extend(units.iter().filter_map(serial));
    for other in batches.iter().filter(|it| it["name"] != batch) {
        let name = other["name"].as_str().unwrap_or_default();
        known.extend(bench.units(name)?.iter().filter_map(serial));
    }
    let number = |serial: &String| serial.trim_start_matches("ACME-").parse::<u32>().ok();
    let last = known.iter().filter_map(number).max().unwrap_or(0);
    let all = (1..=last).map(|number| format!("ACME-{number:06}"));
    let unexplained = all.filter(|serial| !known.contains(serial)).collect();
    Ok(Numbers {
        explained,
        unexplained,
    })
}

/// The chains of events, and every chip beside the ledger.
pub(crate) fn audit(bench: &Bench, chips: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut compared = 0;
    for chips in chips.chunks(500) {
        let mut arguments = vec!["line".to_owned(), "audit".to_owned()];
        for chip in chips {
            arguments.extend(["--against-chips".to_owned(), format!("emu:{chip}")]);
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        match run::captured(&mut bench.command(&arguments)) {
            Ok(said) => {
                compared += chips.len();
                println!("{}", said.lines().next().unwrap_or_default());
            }
            Err(error) => findings.push(error.to_string()),
        }
    }
    println!("{compared} chips are as the ledger says");
    findings
}
