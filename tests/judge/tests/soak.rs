//! A short soak, and the smallest case of what a long one has found.

use atecc::Device;
use atecc::commands::{Engines, SelfTest};
use atecc_emulator::{Bus, Power, Revision};
use atecc_judge::chips::{Kit, chip};
use atecc_judge::mischief::Mischief;
use atecc_judge::soak;
use atecc_judge::wire::Wire;

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
