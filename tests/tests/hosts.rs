//! Programs that work on every real board, reduced to their waits
//! (`tests/hosts`), on emulated chips in simulated time. `cargo xtask hosts` has
//! them in real time, and two whole libraries.

use std::collections::BTreeSet;

use atecc_emulator::{Bus, Chip, ExecutionTime, Revision};
use tests_hosts::{HOSTS, Host, Outcome};

fn run(host: &Host, chip: &str, model: ExecutionTime, rounds: u32) -> Outcome {
    let revision: Revision = chip.parse().unwrap();
    let bus = Bus::with_chip(Chip::blank(revision).with_execution_time(model));
    host.run(bus.i2c(), bus.delay(), rounds)
}

#[test]
fn every_host_makes_a_hundred_signatures() {
    let mut chips = BTreeSet::new();
    for host in HOSTS.iter() {
        for chip in &host.chips {
            let outcome = run(host, chip, ExecutionTime::default(), 100);
            assert_eq!(outcome.failures, [""; 0], "{} on {chip}", host.name);
            assert_eq!(outcome.rounds, 100, "{} on {chip}", host.name);
            chips.insert((chip, &host.name));
        }
    }
    for revision in Revision::ALL {
        let name = revision.to_string();
        let hosts = chips.iter().filter(|(chip, _)| **chip == name).count();
        assert!(hosts >= 4, "{name}: {hosts}");
    }
}

/// Chips that take as long as drivers must be ready to wait are not what these
/// hosts were written for: Lock takes 35 ms then, Nonce 29 on the older chip, and
/// Read 5.
#[test]
fn hosts_fail_where_chips_take_longer() {
    for (name, chip, failure) in [
        ("ArduinoECCX08", "ATECC608A", "Lock: no answer to 21 reads"),
        (
            "SparkFun ATECCX08a, first",
            "ATECC508A",
            "Nonce: no answer to 20 reads",
        ),
        (
            "atecc508a (Elixir), reading",
            "ATECC508A",
            "Read: no answer to 1 reads",
        ),
    ] {
        let host = HOSTS.iter().find(|host| host.name == name).unwrap();
        let outcome = run(host, chip, ExecutionTime::Longest, 3);
        assert_eq!(outcome.rounds, 0, "{name} on {chip}");
        let mut failures = outcome.failures.iter();
        assert!(
            failures.any(|line| line.starts_with(failure)),
            "{:?}",
            outcome.failures
        );
    }
}

#[test]
fn every_host_says_where_its_waits_are_published() {
    let mut published = BTreeSet::new();
    for host in HOSTS.iter() {
        let named = host.source == "the same" || host.source.starts_with("https://");
        assert!(named && !host.about.is_empty(), "{}", host.name);
        published.insert(&host.source);
    }
    assert!(published.len() > 6);
    let names: BTreeSet<_> = HOSTS.iter().map(|host| &host.name).collect();
    assert_eq!(names.len(), HOSTS.len());
}
