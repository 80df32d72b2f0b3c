//! Ask a configuration what a chip would do: no chip is needed.

use atecc::{ConfigZone, Slot};
use atecc_config::{Judgement, Operation, Policy, evaluate, lint};

/// Slot 0 as in a NervesKey; all else is zeros, which lint does not like.
fn zone() -> ConfigZone {
    let mut zone = [0; 128];
    zone[4..8].copy_from_slice(&[0x00, 0x00, 0x60, 0x03]); // An ATECC608B.
    zone[20..22].copy_from_slice(&[0x87, 0x20]);
    zone[96..98].copy_from_slice(&[0x33, 0x00]);
    zone[88..90].copy_from_slice(&[0xFF, 0xFF]);
    ConfigZone(zone)
}

fn main() {
    let zone = zone();
    for words in Policy::of(&zone, Slot::S0).words() {
        println!("{words}");
    }
    if let Judgement::Refused(reasons) = evaluate(&zone, Operation::Read, Slot::S0) {
        for reason in reasons {
            println!(
                "no reading, because {reason}; {}",
                reason.remedy(zone.config_lock())
            );
        }
    }
    for finding in lint(&zone) {
        println!("{}: {}", finding.severity, finding.cause);
    }
}

#[test]
fn runs() {
    main();
}
