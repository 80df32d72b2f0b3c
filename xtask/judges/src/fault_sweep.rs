//! `cargo xtask strand`: provisioning, disturbed at every bus transaction, on
//! each chip and layout; then chips that the reference left half done, and
//! chips that somebody else prepared.
//!
//! The runs belong to the package `tests-fault-sweep`; the tests do a part of
//! them under `cargo test`. Always an optimized build: a run takes several
//! operations on P-256.

use std::time::Instant;

use serde_json::{Value, json};
use tests_fault_sweep::{FAULTS, PreparedTally, ReferenceTally, SETUPS, Tally};
use tests_station::Records;

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// `--quick` takes every so many-th transaction.
const QUICK: usize = 23;

/// Options of `cargo xtask strand`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many runs have two faults, over all chips.
    #[arg(long, default_value_t = 10_000)]
    samples: usize,
    /// The same seed draws the same pairs of faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A few of the transactions, and a hundredth of the pairs.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    destination: Destination,
}

/// Run them all.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let start = Instant::now();
    let (stride, samples) = if options.quick {
        (QUICK, options.samples / 100)
    } else {
        (1, options.samples)
    };
    let each = samples.div_ceil(SETUPS.len());

    let (mut rows, mut values, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for setup in SETUPS {
        for (faults, records) in [
            ("one", Records::None),
            ("one, on record", Records::Kept),
            ("two", Records::None),
            ("hardening, one", Records::None),
        ] {
            let start = Instant::now();
            let tally = match faults {
                "two" => tests_fault_sweep::pairs(setup, records, each, options.seed),
                "hardening, one" => tests_fault_sweep::hardened(setup, 0, 1),
                _ => tests_fault_sweep::singles(setup, records, 0, stride),
            };
            let seconds = start.elapsed().as_secs_f64();
            let runs = tally.runs;
            eprintln!("{setup}, faults: {faults}: {runs} runs, {seconds:.1} s");
            let chip = setup.revision.to_string();
            let layout = setup.layout.to_string();
            rows.push(row(&chip, &layout, faults, &tally, seconds));
            values.push(value(&chip, &layout, faults, &tally, seconds));
            let lists = tally.stranded.iter().chain(&tally.unverified);
            findings.extend(lists.map(|line| format!("{setup}: {line}")));
        }
    }
    table::print(
        [
            "chip",
            "layout",
            "faults",
            "transactions",
            "kinds",
            "runs",
            "at once",
            "resumed",
            "recovered",
            "stranded",
            "unverified",
            "issued",
            "orphaned",
            "time",
        ],
        &rows,
    );
    println!(
        "faults: {}",
        FAULTS
            .iter()
            .map(|kind| kind.name)
            .collect::<Vec<_>>()
            .join("; ")
    );
    println!("unverified: locked without a verified chain");
    println!("issued: certificates; orphaned: of these, for a key that was replaced");
    println!("on record: the station writes down which key it has certified\n");

    let references = references(stride, &mut findings);
    let prepared = prepared(&mut findings);
    let seconds = start.elapsed().as_secs_f64();
    println!("\n{seconds:.1} s in all");
    options.destination.write(&json!({
        "seed": options.seed,
        "stride": stride,
        "kinds": FAULTS.iter().map(|kind| kind.name).collect::<Vec<_>>(),
        "provisionings": values,
        "prepared": prepared,
        "reference": references,
        "seconds": seconds,
    }))?;
    Error::unless_empty(
        "chips stranded, locked without a verified chain, or with another's key or signer",
        findings,
    )
}

/// Chips that the reference left half done.
fn references(stride: usize, findings: &mut Vec<String>) -> Vec<Value> {
    let references = tests_fault_sweep::references(&run::root().join("tests/vectors"), stride);
    let rows: Vec<_> = references.iter().map(reference_row).collect();
    table::print(
        [
            "the reference's sequence",
            "certificate",
            "transactions",
            "runs",
            "recovered",
            "named",
            "neither",
        ],
        &rows,
    );
    for tally in &references {
        for (reason, count) in &tally.named {
            println!("named, {count} times, and left untouched: {reason}");
        }
        let lines = tally.neither.iter();
        findings.extend(lines.map(|line| format!("{}: {line}", tally.sequence)));
    }
    references.iter().map(reference_value).collect()
}

/// Chips that somebody else prepared: every place of the configuration.
fn prepared(findings: &mut Vec<String>) -> Vec<Value> {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for setup in SETUPS {
        let tally = tests_fault_sweep::prepared(setup, 0, 1);
        let (chip, layout) = (setup.revision.to_string(), setup.layout.to_string());
        rows.push(prepared_row(&chip, &layout, &tally));
        values.push(prepared_value(&chip, &layout, &tally));
        for (what, list) in [
            ("foreign key", &tally.foreign_key),
            ("another signer", &tally.other_signer),
            ("wrong", &tally.wrong),
        ] {
            findings.extend(list.iter().map(|line| format!("{what}: {line}")));
        }
    }
    println!();
    table::print(
        [
            "prepared chips",
            "layout",
            "runs",
            "finished, key anew",
            "refused",
            "silent",
            "foreign key certified",
            "another signer accepted",
        ],
        &rows,
    );
    values
}

fn row(chip: &str, layout: &str, faults: &str, tally: &Tally, seconds: f64) -> [String; 14] {
    [
        chip.to_owned(),
        layout.to_owned(),
        faults.to_owned(),
        tally.transactions.to_string(),
        tally.kinds.to_string(),
        tally.runs.to_string(),
        tally.at_once.to_string(),
        tally.resumed.to_string(),
        tally.recovered().to_string(),
        tally.stranded.len().to_string(),
        tally.unverified.len().to_string(),
        tally.issued.to_string(),
        tally.orphaned.to_string(),
        format!("{seconds:.1} s"),
    ]
}

fn value(chip: &str, layout: &str, faults: &str, tally: &Tally, seconds: f64) -> Value {
    json!({
        "chip": chip,
        "layout": layout,
        "faults": faults,
        "transactions": tally.transactions,
        "kinds": tally.kinds,
        "runs": tally.runs,
        "at_once": tally.at_once,
        "resumed": tally.resumed,
        "recovered": tally.recovered(),
        "stranded": tally.stranded,
        "unverified": tally.unverified,
        "issued": tally.issued,
        "orphaned": tally.orphaned,
        "seconds": seconds,
    })
}

fn prepared_row(chip: &str, layout: &str, tally: &PreparedTally) -> [String; 8] {
    [
        chip.to_owned(),
        layout.to_owned(),
        tally.runs.to_string(),
        tally.finished.to_string(),
        tally.refused.values().sum::<usize>().to_string(),
        tally.silent.to_string(),
        tally.foreign_key.len().to_string(),
        tally.other_signer.len().to_string(),
    ]
}

fn prepared_value(chip: &str, layout: &str, tally: &PreparedTally) -> Value {
    json!({
        "chip": chip,
        "layout": layout,
        "runs": tally.runs,
        "finished": tally.finished,
        "refused": tally.refused,
        "silent": tally.silent,
        "foreign_key": tally.foreign_key,
        "other_signer": tally.other_signer,
        "wrong": tally.wrong,
    })
}

fn reference_row(tally: &ReferenceTally) -> [String; 7] {
    [
        tally.sequence.clone(),
        tally.certificate.to_owned(),
        tally.transactions.to_string(),
        tally.runs.to_string(),
        tally.recovered.to_string(),
        tally.named.values().sum::<usize>().to_string(),
        tally.neither.len().to_string(),
    ]
}

fn reference_value(tally: &ReferenceTally) -> Value {
    json!({
        "sequence": tally.sequence,
        "certificate": tally.certificate,
        "transactions": tally.transactions,
        "runs": tally.runs,
        "recovered": tally.recovered,
        "named": tally.named,
        "neither": tally.neither,
    })
}
