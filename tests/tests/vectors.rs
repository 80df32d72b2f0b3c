//! The vector files of this repository.

use std::collections::BTreeSet;
use std::path::Path;

use nerves_key_tests::SUITES;
use nerves_key_tests::tally::{DIFFERENCES, Tally};

fn vectors() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors"))
}

/// Run the suite of `file`: no failures, and something was run.
fn run(file: &str) {
    let (_, suite) = SUITES
        .iter()
        .find(|(name, _)| *name == file)
        .unwrap_or_else(|| panic!("no suite for {file}"));
    let tallies = suite(vectors());
    let failures: Vec<_> = tallies.iter().flat_map(|tally| &tally.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let cases: usize = tallies.iter().map(|tally| tally.cases).sum();
    assert!(cases > 0, "{file} has no cases");
    for tally in tallies {
        let differing: usize = tally.differs.values().sum();
        assert_eq!(tally.passed + differing, tally.cases, "{}", tally.list);
    }
}

#[test]
fn validity() {
    run("validity.json");
}

#[test]
fn serial() {
    run("serial.json");
}

#[test]
fn certs() {
    run("certs.json");
}

#[test]
fn crc() {
    run("crc.json");
}

#[test]
fn requests() {
    run("requests.json");
}

#[test]
fn otp() {
    run("otp.json");
}

#[test]
fn config() {
    run("config.json");
}

#[test]
fn transcripts() {
    run("transcripts.json");
}

/// A reason that no case needs is stale.
#[test]
fn every_difference_is_used() {
    let tallies: Vec<Tally> = SUITES
        .iter()
        .flat_map(|(_, suite)| suite(vectors()))
        .collect();
    let used: BTreeSet<_> = tallies
        .iter()
        .flat_map(|tally| {
            let ids = tally.differs.keys();
            ids.map(|id| (id.as_str(), tally.file.as_str(), tally.list.as_str()))
        })
        .collect();
    for difference in DIFFERENCES.iter() {
        let key = (
            difference.id.as_str(),
            difference.file.as_str(),
            difference.list.as_str(),
        );
        assert!(used.contains(&key), "{key:?} is used by no case");
    }
}

/// A file that is missing is a failure, not silence.
#[test]
fn a_missing_file_is_a_failure() {
    for (file, suite) in SUITES {
        let tallies = suite(Path::new("/nonexistent"));
        assert!(
            tallies.iter().all(|tally| !tally.failures.is_empty()),
            "{file}"
        );
    }
}
