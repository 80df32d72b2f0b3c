//! A short soak, and the smallest cases of what long ones have found.

use atecc::commands::{Engines, LockTarget, SelfTest};
use atecc::error::Executed;
use atecc::procedures::LockAndConfirm;
use atecc::{Device, Error, Slot};
use atecc_emulator::{Bus, Power, Revision};
use atecc_judge::chips::{Kit, chip};
use atecc_judge::mischief::{Mischief, Transfer};
use atecc_judge::soak;
use atecc_judge::wire::Wire;
use embedded_hal::i2c::ErrorKind;

#[test]
fn a_bad_bus_gives_no_wrong_answer() {
    let report = soak::run(20_000, 1);
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.figures.answers > 15_000, "{}", report.figures);
}

/// 0x11 is also what a self test with two failing engines says. A chip that is
/// reset in each of two tests, and woken by noise, has no failing engine.
#[test]
fn two_resets_are_no_result_of_a_self_test() {
    let kit = Kit::new(Revision::Atecc608B, 0x00);
    let bus = Bus::with_chip(chip(&kit.image, 1));
    let wire = Wire::new(&bus, 0, 0x60);
    let mut reset_since_sent = true;
    let mut resets = 0;
    wire.set_mischief(move |moment| {
        if moment.command().is_some() {
            reset_since_sent = resets == 2;
        }
        match moment.power {
            Some(Power::Busy) if !reset_since_sent => {
                reset_since_sent = true;
                resets += 1;
                Some(Mischief::Reset)
            }
            Some(Power::Asleep) if moment.address != 0 => Some(Mischief::NoisyWake),
            _ => None,
        }
    });
    let mut device = Device::new(wire, bus.delay());
    let tests = Engines::ALL;
    let result = device.execute(SelfTest { tests });
    assert_eq!(result, Ok(Engines::NONE));
}

/// The answer to the lock is lost, and then the bus fails under the read that
/// was to tell whether it was locked. It is locked.
#[test]
fn a_failing_bus_makes_no_lock_undone() {
    let kit = Kit::new(Revision::Atecc608B, 0x00);
    let bus = Bus::with_chip(chip(&kit.image, 1));
    let wire = Wire::new(&bus, 0, 0x60);
    let mut locking = false;
    wire.set_mischief(move |moment| {
        let pulse = moment.address == 0;
        match moment.transfer {
            _ if pulse && locking => Some(Mischief::Lost(ErrorKind::Bus)),
            Transfer::Read(_) if locking => Some(Mischief::Refused),
            _ => {
                locking |= moment.command().is_some();
                None
            }
        }
    });
    let mut device = Device::new(wire, bus.delay());
    let target = LockTarget::Slot(Slot::S14);
    let result = device.run(LockAndConfirm::new(target));

    let locked = bus.image(0).unwrap().config()[89] & 0x40 == 0;
    let known = match result {
        Ok(()) => Executed::Yes,
        Err(Error::Failed(failure)) => failure.executed,
        Err(Error::Bus { executed, .. }) => executed,
    };
    assert!(locked && known != Executed::No, "{locked} {result:?}");
}
