//! `cargo xtask vectors [DIR]`: what the reference implementations answered,
//! against what ours answers.
//!
//! The suites belong to the package `tests-vector-suites` and run under
//! `cargo test` as well; this shows their counts, and runs them on other files
//! of the same form. Lists that are not part of this repository come from the
//! folder that `ATECC_EXTRA_VECTORS` names.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests_vector_runner::{DIFFERENCES, Tally};
use tests_vector_suites::{SUITES, host};

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// Options of `cargo xtask vectors`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Directory of the vector files [default: tests/vectors].
    directory: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

/// Run every suite.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let default = || run::root().join("tests/vectors");
    let directory = options.directory.clone().unwrap_or_else(default);
    let suites = SUITES.iter();
    let mut tallies: Vec<_> = suites.flat_map(|(_, suite)| suite(&directory)).collect();
    if let (None, Some(extra)) = (&options.directory, std::env::var_os("ATECC_EXTRA_VECTORS")) {
        let lists = host::host(Path::new(&extra)).into_iter();
        tallies.extend(lists.filter(|tally| host::EXTRA.contains(&&*tally.list)));
        tallies.extend(
            tests_trust::tng(Path::new(&extra))
                .into_iter()
                .map(|tally| Tally {
                    list: format!("{}, with cryptoauthlib's", tally.list),
                    ..tally
                }),
        );
    }

    let rows: Vec<_> = tallies.iter().map(row).chain([total(&tallies)]).collect();
    table::print(
        ["file", "list", "cases", "passed", "differ", "failed"],
        &rows,
    );
    for difference in DIFFERENCES.iter() {
        let (id, reason) = (&difference.id, &difference.reason);
        let here = tallies
            .iter()
            .filter(|tally| (&tally.file, &tally.list) == (&difference.file, &difference.list));
        for count in here.filter_map(|tally| tally.differs.get(id)) {
            let place = format!("{} {}", difference.file, difference.list);
            println!(
                "{place}: {count} differ: {id}: {reason} ({})",
                difference.source
            );
        }
    }
    options
        .destination
        .write(&tallies.iter().map(value).collect())?;
    let failures = tallies.into_iter().flat_map(|tally| {
        let file = tally.file;
        tally
            .failures
            .into_iter()
            .map(move |failure| format!("{file}: {failure}"))
    });
    Error::unless_empty("vectors that fail", failures.collect())
}

fn differing(tally: &Tally) -> usize {
    tally.differs.values().sum()
}

fn row(tally: &Tally) -> [String; 6] {
    let counts = [
        tally.cases,
        tally.passed,
        differing(tally),
        tally.failures.len(),
    ];
    cells(&tally.file, &tally.list, counts)
}

fn total(tallies: &[Tally]) -> [String; 6] {
    let sum = |count: fn(&Tally) -> usize| tallies.iter().map(count).sum();
    let counts = [
        sum(|tally| tally.cases),
        sum(|tally| tally.passed),
        sum(differing),
        sum(|tally| tally.failures.len()),
    ];
    cells("total", "", counts)
}

fn cells(file: &str, list: &str, counts: [usize; 4]) -> [String; 6] {
    let [cases, passed, differ, failed] = counts.map(|count| count.to_string());
    [
        file.to_owned(),
        list.to_owned(),
        cases,
        passed,
        differ,
        failed,
    ]
}

fn value(tally: &Tally) -> Value {
    json!({
        "file": tally.file,
        "list": tally.list,
        "cases": tally.cases,
        "passed": tally.passed,
        "differs": tally.differs,
        "failures": tally.failures,
    })
}
