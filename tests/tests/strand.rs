//! A part of what `cargo xtask strand` does in full.

use std::path::Path;

use nerves_key_tests::strand::{FAULTS, SETUPS, Tally, pairs, references, singles};

/// A prime, and other transactions for each setup.
const STRIDE: usize = 113;

fn clean(tally: &Tally, what: &str) {
    assert_eq!(tally.stranded, [] as [String; 0], "{what}");
    assert_eq!(tally.unverified, [] as [String; 0], "{what}");
    assert_eq!(tally.recovered(), tally.runs, "{what}");
    assert!(tally.resumed > 0, "{what}: no fault stopped anything");
}

#[test]
fn one_fault() {
    for (index, setup) in (0..).zip(SETUPS) {
        let first = 67 * index;
        let tally = singles(setup, first, STRIDE);
        assert!(tally.runs >= 3 * FAULTS.len(), "{setup}: {}", tally.runs);
        clean(&tally, &setup.to_string());
    }
}

#[test]
fn two_faults() {
    for (seed, setup) in (1..).zip(SETUPS) {
        let tally = pairs(setup, 12, seed);
        assert_eq!(tally.runs, 12);
        clean(&tally, &setup.to_string());
    }
}

#[test]
fn chips_that_the_reference_left_half_done() {
    let vectors = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors"));
    let tallies = references(vectors, 37);
    assert!(tallies.len() >= 8, "four sequences, played in two ways");
    for tally in tallies {
        let named: usize = tally.named.values().sum();
        assert_eq!(tally.neither, [] as [String; 0], "{}", tally.sequence);
        assert_eq!(tally.recovered + named, tally.runs, "{}", tally.sequence);
        // Only a certificate for another key cannot be finished.
        assert_eq!(named > 0, tally.certificate != "its own");
    }
}
