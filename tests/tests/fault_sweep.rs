//! A part of what `cargo xtask strand` does in full.

use std::path::Path;

use tests_fault_sweep::{
    FAULTS, SETUPS, Tally, hardened, pairs, prepared, references, singles, trusting,
};
use tests_station::Records;

/// A prime, and other transactions for each setup.
const STRIDE: usize = 113;

fn clean(tally: &Tally, what: &str) {
    assert_eq!(tally.stranded, [] as [String; 0], "{what}");
    assert_eq!(tally.unverified, [] as [String; 0], "{what}");
    assert_eq!(tally.recovered(), tally.runs, "{what}");
    assert!(tally.resumed > 0, "{what}: no fault stopped anything");
    // One for each finished chip; and what else was issued is counted.
    assert!(tally.issued >= tally.runs, "{what}");
    assert!(tally.orphaned <= tally.issued - tally.runs, "{what}");
}

#[test]
fn one_fault() {
    for (index, setup) in (0..).zip(SETUPS) {
        let first = 67 * index;
        let tally = singles(setup, Records::None, first, STRIDE);
        assert!(tally.runs >= 3 * FAULTS.len(), "{setup}: {}", tally.runs);
        clean(&tally, &setup.to_string());
        // Where the signer has been asked, the next command asks for another key.
        assert!(tally.orphaned > 0, "{setup}");
        assert_eq!(tally.issued - tally.orphaned, tally.runs, "{setup}");
    }
}

/// The certificates' slots of a chip that is finished without their locks.
#[test]
fn hardening_with_one_fault() {
    for (index, setup) in (0..).zip(SETUPS) {
        let tally = hardened(setup, index, 5);
        assert!(tally.runs >= 3 * FAULTS.len(), "{setup}: {}", tally.runs);
        assert_eq!(tally.stranded, [] as [String; 0], "{setup}");
        assert_eq!(tally.unverified, [] as [String; 0], "{setup}");
        assert!(tally.resumed > 0, "{setup}: no fault stopped anything");
    }
}

/// A key whose birth is on record is kept, so nothing is issued in vain.
#[test]
fn one_fault_where_records_are_kept() {
    for (index, setup) in (0..).zip(SETUPS) {
        let first = 31 * index;
        let tally = singles(setup, Records::Kept, first, STRIDE);
        clean(&tally, &setup.to_string());
        assert!(tally.issued > tally.runs, "{setup}");
        assert_eq!(tally.orphaned, 0, "{setup}");
    }
}

#[test]
fn two_faults() {
    for (seed, setup) in (1..).zip(SETUPS) {
        for records in [Records::None, Records::Kept] {
            let tally = pairs(setup, records, 12, seed);
            assert_eq!(tally.runs, 12);
            clean(&tally, &format!("{setup}, {records:?}"));
        }
    }
}

/// A key, certificates, an OTP zone and locks of somebody else's, at every
/// stage, and foreign bytes at each place of the configuration.
#[test]
fn chips_that_somebody_else_prepared() {
    for (index, setup) in SETUPS.into_iter().enumerate() {
        // Each place on one of the chips.
        let tally = prepared(setup, index, SETUPS.len());
        assert_eq!(tally.foreign_key, [] as [String; 0], "{setup}");
        assert_eq!(tally.other_signer, [] as [String; 0], "{setup}");
        assert_eq!(tally.wrong, [] as [String; 0], "{setup}");
        assert!(tally.finished > 0, "{setup}");
    }
}

/// The same look finds them where they pass.
#[test]
fn what_somebody_else_prepared_is_seen_where_it_passes() {
    for setup in SETUPS {
        let tally = trusting(setup);
        assert!(!tally.foreign_key.is_empty(), "{setup}");
        assert!(!tally.other_signer.is_empty(), "{setup}");
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
