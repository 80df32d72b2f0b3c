//! `atecc-config` against the emulator, which shares no code with it, and on
//! the configuration zones of real chips.

mod chip;
mod compare;
mod dumps;
mod reports;
mod zones;

use atecc::{ConfigZone, Slot};
use atecc_config::Policy;
use compare::Comparison;
use proptest::prelude::*;
use zones::Prng;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the 128 bytes: something is said, and nothing panics.
    #[test]
    fn any_zone_is_explained(bytes in prop::collection::vec(any::<u8>(), 128)) {
        let zone = ConfigZone(bytes.try_into().unwrap());
        prop_assert!(atecc_config::fields(&zone).len() > 50);
        prop_assert_eq!(atecc_config::differences(&zone, &zone), []);
        for finding in atecc_config::lint(&zone) {
            prop_assert!(!finding.cause.is_empty() && !finding.remedy.is_empty());
        }
        for slot in Slot::ALL {
            prop_assert!(Policy::of(&zone, slot).words().len() >= 3);
        }
    }
}

/// No difference, and no operation that was never executed or compared.
fn conclude(what: &str, comparison: &Comparison) {
    println!("{what}: {comparison}");
    println!("executed: {:?}", comparison.by_operation);
    let differences = &comparison.differences;
    assert!(differences.is_empty(), "{differences:#?}");
}

/// What asks for the longer form.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// The zones of real chips and of reports, in three states of their locks; in all
/// six where `CONFIG_ZONES` asks for more random ones.
#[test]
fn the_emulator_agrees_on_public_zones() {
    let mut comparison = Comparison::default();
    let states = if number("CONFIG_ZONES").is_some() {
        6
    } else {
        3
    };
    for (name, zone, _) in dumps::recorded() {
        for zone in zones::in_states(&zone, states) {
            comparison.zone(&name, &zone);
        }
    }
    for (name, _) in zones::REPORTED {
        for zone in zones::in_states(&zones::reported(name), states) {
            comparison.zone(name, &zone);
        }
    }
    conclude("public zones", &comparison);
}

/// Random zones: `CONFIG_ZONES` of them (24 when it is not set), from the seed
/// `CONFIG_SEED` on (1).
#[test]
fn the_emulator_agrees_on_random_zones() {
    let count = number("CONFIG_ZONES").unwrap_or(24);
    let seed = number("CONFIG_SEED").unwrap_or(1);
    let mut comparison = Comparison::default();
    for seed in seed..seed + count {
        comparison.zone(&format!("seed {seed}"), &Prng::new(seed).zone());
    }
    conclude("random zones", &comparison);
    let mut idle = comparison.by_operation;
    idle.retain(|_, count| *count == 0);
    assert!(count < 24 || idle.is_empty(), "{idle:?} never executed");
}
