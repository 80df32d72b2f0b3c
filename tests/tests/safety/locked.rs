//! From the data lock on.

use std::collections::BTreeSet;

use atecc::commands::WriteBlock;
use atecc::{BlockAddress, Opcode, Region, Slot, Status};
use nerves_key_provision::{Plan, RunError, Step};
use nerves_key_schema::Layout;
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::{CHALLENGES, Station};

use crate::tampered::{At, Ended, Tamper, blank, index, plan, run, run_changed, run_watched};

/// `Lock` of the configuration and of data and OTP: no slot's.
const NO_SLOT: [u8; 2] = [0x00, 0x01];

fn tampered(setup: Setup, step: &Step, nth: usize, answer: usize, tamper: Tamper) -> Ended {
    let (bus, mut station) = blank(setup);
    let plan = plan(&bus, &station);
    let step = index(&plan, step, nth);
    run(
        &bus,
        &plan,
        &mut station,
        Some((At { step, answer }, tamper)),
    )
}

fn answers(setup: Setup, step: &Step, nth: usize) -> usize {
    let (bus, mut station) = blank(setup);
    let plan = plan(&bus, &station);
    let step = index(&plan, step, nth);
    let ended = run(&bus, &plan, &mut station, None);
    assert!(ended.result.is_ok());
    ended.counts[step]
}

/// One wrong byte in each answer of the reading back, each of which is OTP, a
/// certificate or the signer's key.
#[test]
fn what_reads_back_otherwise_is_not_locked_in() {
    for setup in SETUPS {
        let mut said = BTreeSet::new();
        for answer in 0..answers(setup, &Step::ReadBack, 0) {
            let ended = tampered(setup, &Step::ReadBack, 0, answer, Tamper::Flip(0));
            let RunError::ReadBack(what) = *ended.error() else {
                panic!("{setup}, answer {answer}: {ended:?}");
            };
            said.insert(what);
            assert_eq!(ended.locks, NO_SLOT, "{setup}, answer {answer}");
        }
        let all = [
            "OTP zone",
            "device certificate",
            "signer certificate",
            "signer public key",
        ];
        assert_eq!(said, BTreeSet::from(all), "{setup}");
    }
}

/// One wrong byte in each other slot that the chip shows, where its answer to the
/// lock was lost: somebody else may have locked what is there.
#[test]
fn every_other_slot_is_compared() {
    for setup in SETUPS {
        let mut said = BTreeSet::new();
        let read = after_a_lost_lock(setup, None);
        assert!(read.result.is_ok(), "{setup}: {read:?}");
        let plan = plan_of(setup);
        let step = index(&plan, &Step::ReadSlots, 0);
        for answer in 0..read.counts[step] {
            let ended = after_a_lost_lock(setup, Some((&Step::ReadSlots, answer)));
            let RunError::ReadBackSlot(slot) = *ended.error() else {
                panic!("{setup}, answer {answer}: {ended:?}");
            };
            said.insert(slot);
            assert_eq!(ended.locks, NO_SLOT, "{setup}, answer {answer}");
        }
        let first = match setup.layout {
            Layout::Standard => 1,
            Layout::Volatile => 3,
        };
        let all = (first..=9).chain(13..=15).map(|index| Slot::ALL[index]);
        assert_eq!(said, all.collect(), "{setup}");
    }
}

/// One wrong byte in each answer of the reading back, where the chip's answer to the
/// lock was lost: nobody has compared the rest of OTP and the end of slot 11, so all
/// of both is read.
#[test]
fn what_nobody_has_compared_is_read_back_whole() {
    for setup in SETUPS {
        let plan = plan_of(setup);
        let step = index(&plan, &Step::ReadBack, 0);
        let read = after_a_lost_lock(setup, None);
        // OTP two, slots 10 to 12 four each.
        assert_eq!(read.counts[step], 2 + 3 * 4, "{setup}");
        for answer in 0..read.counts[step] {
            let ended = after_a_lost_lock(setup, Some((&Step::ReadBack, answer)));
            let is_told = matches!(ended.error(), RunError::ReadBack(_));
            assert!(is_told, "{setup}, answer {answer}: {ended:?}");
            assert_eq!(ended.locks, NO_SLOT, "{setup}, answer {answer}");
        }
    }
}

fn plan_of(setup: Setup) -> Plan {
    let (bus, station) = blank(setup);
    plan(&bus, &station)
}

/// A run whose answer to the data lock is lost, with a wrong byte in this answer to a
/// step.
fn after_a_lost_lock(setup: Setup, flipped: Option<(&Step, usize)>) -> Ended {
    let (bus, mut station) = blank(setup);
    let plan = plan(&bus, &station);
    let at = |step, answer| At {
        step: index(&plan, step, 0),
        answer,
    };
    let mut what = vec![(at(&Step::LockData, 0), Tamper::Lose)];
    if let Some((step, answer)) = flipped {
        what.push((at(step, answer), Tamper::Flip(0)));
    }
    run_changed(&bus, &plan, &mut station, &what)
}

/// A zone that is found locked is read whatever the chip said to the lock: it may
/// have been locked before.
#[test]
fn a_refused_lock_of_a_locked_zone_has_the_slots_read() {
    for setup in SETUPS {
        let (bus, mut station) = blank(setup);
        let plan = plan(&bus, &station);
        let [lock, read] = [&Step::LockData, &Step::ReadSlots].map(|it| index(&plan, it, 0));
        let undisturbed = run(&bus, &plan, &mut station, None);
        assert!(undisturbed.result.is_ok(), "{setup}");
        assert_eq!(undisturbed.counts[read], 0, "{setup}");

        let (bus, mut station) = blank(setup);
        let at = At {
            step: lock,
            answer: 0,
        };
        // The chip has locked; that it says otherwise is as if another had.
        let refused = Some((at, Tamper::SayTo(Opcode::Lock, Status::Execution)));
        let ended = run(&bus, &plan, &mut station, refused);
        assert!(ended.result.is_ok(), "{setup}: {ended:?}");
        assert_eq!(ended.counts[lock], 2, "{setup}");
        assert!(ended.counts[read] > 30, "{setup}: {:?}", ended.counts);
    }
}

/// What the chip compares in place of a reading: a byte of any slot that is
/// another one than was written keeps it from locking, and from saying that it has.
#[test]
fn the_chip_compares_each_slot_when_it_locks() {
    // A chip of each family, and both layouts.
    for setup in [SETUPS[0], SETUPS[4]] {
        for slot in Slot::ALL.into_iter().skip(1) {
            let (bus, mut station) = blank(setup);
            let plan = plan(&bus, &station);
            let lock = index(&plan, &Step::LockData, 0);
            let last = u8::try_from(slot.size().div_ceil(32) - 1).unwrap();
            let address = BlockAddress::new(Region::Slot(slot), last).unwrap();
            let other = bus.clone();
            let ended = run_watched(&bus, &plan, &mut station, move |index| {
                if index == lock {
                    let data = [0x01; 32];
                    let write = WriteBlock { address, data };
                    Station::device(&other).execute(write).unwrap();
                }
            });
            let error = ended.error();
            assert!(
                matches!(
                    error,
                    RunError::Step {
                        step: Step::LockData,
                        ..
                    }
                ),
                "{setup}, {slot}: {error}"
            );
            let zone = Station::snapshot(&bus).unwrap().config;
            assert!(!zone.data_lock().is_locked(), "{setup}, {slot}");
        }
    }
}

/// The key is asked once more before its slot is locked, and what was put up
/// with before the data lock is not any more.
#[test]
fn a_key_that_is_not_proved_is_not_locked_in() {
    for setup in SETUPS {
        let wrong = tampered(setup, &Step::ProveKey, 2, 1, Tamper::Flip(0));
        let error = wrong.error();
        assert!(matches!(error, RunError::Possession(_)), "{setup}: {error}");
        assert_eq!(wrong.locks, NO_SLOT, "{setup}");
        for answer in [0, 1] {
            let no = Tamper::Say(Status::Execution);
            let refused = tampered(setup, &Step::ProveKey, 2, answer, no);
            let error = refused.error();
            assert!(matches!(error, RunError::Step { .. }), "{setup}: {error}");
            assert_eq!(refused.locks, NO_SLOT, "{setup}");
        }
    }
}

#[test]
fn an_activation_that_is_refused_after_the_data_lock() {
    for setup in SETUPS {
        if setup.layout != Layout::Volatile {
            continue;
        }
        for answer in 0..answers(setup, &Step::Activate, 1) {
            let no = Tamper::Say(Status::Execution);
            let refused = tampered(setup, &Step::Activate, 1, answer, no);
            let error = refused.error();
            assert!(matches!(error, RunError::Step { .. }), "{setup}: {error}");
            assert_eq!(refused.locks, NO_SLOT, "{setup}");
        }
    }
}

/// Each lock alone: of the configuration (byte 87), of the data (86), and bits
/// of SlotLocked (88 and 89).
#[test]
fn a_lock_that_is_not_set() {
    for setup in SETUPS {
        let (bus, mut station) = blank(setup);
        let plan = plan(&bus, &station);
        run(&bus, &plan, &mut station, None).result.unwrap();
        let good = *bus.image(0).unwrap().config();
        let keys: &[usize] = match setup.layout {
            Layout::Standard => &[0],
            Layout::Volatile => &[0, 1, 2],
        };
        let slots = keys.iter().copied().chain(10..=13);
        let slots = slots.map(|slot| (88 + slot / 8, 1 << (slot % 8)));
        for (at, open) in [(87, 0x55), (86, 0x55)].into_iter().chain(slots) {
            let mut zone = good;
            zone[at] |= open;
            let ended = with_last_reading(setup, &zone);
            let error = ended.error();
            assert!(
                matches!(error, RunError::NotLocked),
                "{setup}, {at}: {error}"
            );
        }
        assert!(with_last_reading(setup, &good).result.is_ok(), "{setup}");
    }
}

/// A provisioning whose last look at the configuration finds `zone`.
fn with_last_reading(setup: Setup, zone: &[u8; 128]) -> Ended {
    let (bus, mut station) = blank(setup);
    let plan = plan(&bus, &station);
    let step = index(&plan, &Step::CheckLocks, 0);
    // Block 2, bytes 64 to 95.
    let block = *zone[64..].first_chunk().unwrap();
    let what = (At { step, answer: 0 }, Tamper::Be(block));
    run(&bus, &plan, &mut station, Some(what))
}

/// Three challenges, each its own, are what the chip signs.
#[test]
fn each_proof_has_its_own_challenge() {
    for setup in SETUPS {
        let (bus, mut station) = blank(setup);
        let ended = run(&bus, &plan(&bus, &station), &mut station, None);
        let expected = [
            CHALLENGES.before_certificate,
            CHALLENGES.before_lock,
            CHALLENGES.after_lock,
        ];
        let mut loads = ended.loads;
        // A load is sent again where the chip may have lost it.
        loads.dedup();
        assert_eq!(loads, expected, "{setup}");
    }
}
