//! A sample of the pairs of commands.

use std::num::NonZeroUsize;

use atecc::Device;
use atecc::commands::{Pause, Paused};
use atecc_emulator::{Bus, Revision};
use atecc_judge::chips::{Kit, chip};
use atecc_judge::mischief::Mischief;
use atecc_judge::pairs;
use atecc_judge::wire::Wire;

#[test]
fn no_old_answer_is_taken() {
    let stride = NonZeroUsize::new(53).unwrap();
    let report = pairs::run(stride);
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.runs > 3_000);
    // The second of most pairs is right in the end.
    assert!(report.figures.answers > report.runs);
}

/// Word address 03 with one bit flipped is an idle or a sleep token. The silence
/// after it is not that of a chip with another selector.
#[test]
fn a_pause_that_was_heard_as_a_token_is_sent_again() {
    for bit in [0, 1] {
        let kit = Kit::new(Revision::Atecc508A, 0x00);
        let bus = Bus::with_chip(chip(&kit.image, 1));
        let wire = Wire::new(&bus, 0, 0x60);
        let mut first = true;
        wire.set_mischief(move |moment| {
            let flip = Mischief::Flip { byte: 0, bit };
            let now = moment.command().is_some() && std::mem::take(&mut first);
            now.then_some(flip)
        });
        let mut device = Device::new(wire, bus.delay());
        let same_selector = device.execute(Pause { selector: 0 });
        assert_eq!(same_selector, Ok(Paused::Awake), "bit {bit}");
    }
}
