//! The vector files of this repository.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use tests_vector_runner::{DIFFERENCES, Tally};
use tests_vector_suites::{SUITES, host};

fn vectors() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors"))
}

/// A folder of vector files that are not part of this repository, if the
/// environment names one.
fn extra() -> Option<PathBuf> {
    std::env::var_os("ATECC_EXTRA_VECTORS").map(PathBuf::from)
}

/// Run the suite of `file` in `dir`: no failures, and something was run.
fn run_in(dir: &Path, file: &str) -> Vec<Tally> {
    let (_, suite) = SUITES
        .iter()
        .find(|(name, _)| *name == file)
        .unwrap_or_else(|| panic!("no suite for {file}"));
    let tallies = suite(dir);
    let failures: Vec<_> = tallies.iter().flat_map(|tally| &tally.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let cases: usize = tallies.iter().map(|tally| tally.cases).sum();
    assert!(cases > 0, "{file} has no cases");
    for tally in &tallies {
        let differing: usize = tally.differs.values().sum();
        assert_eq!(tally.passed + differing, tally.cases, "{}", tally.list);
    }
    tallies
}

fn run(file: &str) {
    run_in(vectors(), file);
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
fn settings() {
    run("settings.json");
}

#[test]
fn tng() {
    run("tng.json");
}

/// The same with what cryptoauthlib answers, which this repository does not
/// have.
#[test]
fn extra_tng() {
    let Some(dir) = extra() else {
        let mut stderr = std::io::stderr();
        writeln!(
            stderr,
            "tng.json: cryptoauthlib's certificates not compared: ATECC_EXTRA_VECTORS is not set"
        )
        .unwrap();
        return;
    };
    run_in(&dir, "tng.json");
}

#[test]
fn jwt() {
    run("jwt.json");
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
fn host_crypto() {
    run("host_crypto.json");
}

/// The lists of `host_crypto.json` that this repository does not have.
#[test]
fn extra_host_crypto() {
    let Some(dir) = extra() else {
        // Past the capture of the test harness: a pass must not look like a run.
        let lists = host::EXTRA.len();
        let mut stderr = std::io::stderr();
        writeln!(
            stderr,
            "{lists} lists not run: ATECC_EXTRA_VECTORS is not set"
        )
        .unwrap();
        return;
    };
    let tallies = run_in(&dir, "host_crypto.json");
    for list in host::EXTRA {
        let tally = tallies.iter().find(|tally| tally.list == *list);
        let cases = tally.map_or(0, |tally| tally.cases);
        assert!(cases > 0, "{list} is not in {}", dir.display());
        println!("{list}: {cases} cases");
    }
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

/// A reason that no case needs is stale. Those of lists that are not here are
/// looked for where these lists are.
#[test]
fn every_difference_is_used() {
    let folders = [Some(vectors().to_owned()), extra()];
    let tallies: Vec<Tally> = folders
        .iter()
        .flatten()
        .flat_map(|dir| SUITES.iter().flat_map(|(_, suite)| suite(dir)))
        .collect();
    let here = |list: &str| extra().is_some() || !host::EXTRA.contains(&list);
    let used: BTreeSet<_> = tallies
        .iter()
        .flat_map(|tally| {
            let ids = tally.differs.keys();
            ids.map(|id| (id.as_str(), tally.file.as_str(), tally.list.as_str()))
        })
        .collect();
    for difference in DIFFERENCES.iter().filter(|known| here(&known.list)) {
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
