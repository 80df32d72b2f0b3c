//! A provisioning by the reference, as recorded and with its waits, beside ours: on
//! the same emulated chip, at 100 kHz, on a virtual clock.
//! `cargo test -p nerves-key-tests --test reference_time -- --nocapture` prints it.

use std::path::Path;

use atecc_emulator::{ExecutionTime, Revision};
use tests_fault_sweep::{ProvisioningTimes, provisioning_times};

#[test]
fn a_provisioning_takes_the_reference_longer() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    // With the others the reference gives up: it waits 5 ms for a Read.
    for model in [ExecutionTime::Typical, ExecutionTime::Fast] {
        let all = provisioning_times(&dir, model).unwrap();
        let older = |it: &ProvisioningTimes| it.revision == Revision::Atecc508A;
        assert!(all.iter().any(older) && !all.iter().all(older));
        for times in all {
            let ratio = times.ratio();
            println!(
                "{model}, {}: {} commands in {:.0} ms; ours {:.0} ms, {ratio:.2} times faster",
                times.sequence,
                times.reference_commands,
                times.reference.as_secs_f64() * 1e3,
                times.ours.as_secs_f64() * 1e3,
            );
            if model == ExecutionTime::Typical {
                let least = match times.revision {
                    Revision::Atecc508A => 3.5,
                    _ => 2.5,
                };
                assert!(ratio >= least, "{}: {ratio}", times.sequence);
            } else {
                assert!(ratio > 1.0, "{}: {ratio}", times.sequence);
            }
        }
    }
}
