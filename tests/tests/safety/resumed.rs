//! A chip whose data were locked before this run: by an earlier one, or by
//! somebody else.

use std::collections::BTreeSet;

use atecc_emulator::{Bus, Chip, Entropy};
use nerves_key_provision::{RunError, Step};
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::Station;

use crate::tampered::{At, Ended, Tamper, blank, index, plan, run};

/// Data locked, no slot.
fn open_chip(setup: Setup) -> (Bus, Station) {
    let (bus, mut station) = blank(setup);
    station.provision(&bus).unwrap();
    let finished = bus.image(0).unwrap();
    let mut config = *finished.config();
    config[88..90].fill(0xFF);
    let open = finished.with_config(config).unwrap();
    let chip = Chip::new(open, Entropy::Seeded(1)).unwrap();
    (Bus::with_chip(chip), station)
}

fn tampered(setup: Setup, step: &Step, answer: usize, tamper: Tamper) -> Ended {
    let (bus, mut station) = open_chip(setup);
    let plan = plan(&bus, &station);
    let step = index(&plan, step, 0);
    run(
        &bus,
        &plan,
        &mut station,
        Some((At { step, answer }, tamper)),
    )
}

#[test]
fn another_chip_than_was_planned_for() {
    for setup in SETUPS {
        let ended = tampered(setup, &Step::CheckChip, 0, Tamper::Flip(0));
        let changed = matches!(ended.error(), RunError::OtherChip { .. });
        assert!(changed, "{setup}: {ended:?}");
        assert_eq!(ended.locks, [0; 0], "{setup}");
    }
}

/// OTP, the certificates, the signer's key and the device's: whatever reads
/// otherwise now does not verify, and no slot is locked.
#[test]
fn what_does_not_verify_any_more() {
    for setup in SETUPS {
        let (bus, mut station) = open_chip(setup);
        let plan = plan(&bus, &station);
        let step = index(&plan, &Step::ReadBack, 0);
        let answers = run(&bus, &plan, &mut station, None).counts[step];
        let (mut said, mut unseen) = (BTreeSet::new(), Vec::new());
        for answer in 0..answers {
            let ended = tampered(setup, &Step::ReadBack, answer, Tamper::Flip(0));
            if ended.result.is_ok() {
                unseen.push(answer);
                continue;
            }
            said.insert(match ended.error() {
                RunError::ReadBack(what) => *what,
                RunError::Chain(_) => "chain",
                RunError::OtherSigner => "signer",
                error => panic!("{setup}, answer {answer}: {error}"),
            });
            assert_eq!(ended.locks, [0; 0], "{setup}, answer {answer}");
        }
        // The last word of slot 10, from its byte 68 on: the low byte of the signer
        // ID, which a NervesKey has no use for.
        assert_eq!(unseen, [6], "{setup}");
        assert!(
            said.contains("OTP zone") && said.contains("chain"),
            "{said:?}"
        );
    }
}

#[test]
fn a_key_that_is_not_proved() {
    for setup in SETUPS {
        let ended = tampered(setup, &Step::ProveKey, 1, Tamper::Flip(0));
        let error = ended.error();
        assert!(matches!(error, RunError::Possession(_)), "{setup}: {error}");
        assert_eq!(ended.locks, [0; 0], "{setup}");
    }
}

#[test]
fn a_lock_that_is_not_set() {
    for setup in SETUPS {
        let (bus, mut station) = open_chip(setup);
        let plan = plan(&bus, &station);
        let step = index(&plan, &Step::CheckLocks, 0);
        run(&bus, &plan, &mut station, None).result.unwrap();
        let mut block: [u8; 32] = *bus.image(0).unwrap().config()[64..].first_chunk().unwrap();
        // Bit 0 of SlotLocked: slot 0 is open.
        block[88 - 64] |= 0x01;
        let (bus, mut station) = open_chip(setup);
        let what = (At { step, answer: 0 }, Tamper::Be(block));
        let ended = run(&bus, &plan, &mut station, Some(what));
        let error = ended.error();
        assert!(matches!(error, RunError::NotLocked), "{setup}: {error}");
    }
}
