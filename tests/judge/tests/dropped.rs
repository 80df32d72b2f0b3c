//! A sample of the points at which a future can be dropped, and the smallest
//! cases of what others leave in a chip.

use atecc::commands::{DigestSource, InfoRevision, LoadNonce, NonceTarget, Sign};
use atecc::{Device, Request, Slot};
use atecc_emulator::{Bus, PartialRead, Revision};
use atecc_judge::chips::{DIGEST, Kit, chip};
use atecc_judge::dropped;
use atecc_judge::figures::Wrong;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

#[test]
fn the_next_run_is_right() {
    let mut report = dropped::run(13);
    // Its own case is below.
    report.figures.wrong.remove(&Wrong::Volatile);
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.dropped > 3_000, "{report:?}");
}

/// Another program, or a future that was dropped while the watchdog was being
/// restarted, leaves a chip idle with its `TempKey`. No session signs that.
#[test]
fn what_others_left_in_temp_key_is_not_signed() {
    let kit = Kit::new(Revision::Atecc608B, 0x00);
    let bus = Bus::with_chip(chip(&kit.image, 1));
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let load = LoadNonce {
        target: NonceTarget::TempKey,
        value: DIGEST,
    };
    // Nobody acknowledges the pulse.
    let _ = i2c.write(0x00, &[0x00]);
    delay.delay_us(1_500);
    i2c.write(0x60, Request::new(&load).unwrap().bytes())
        .unwrap();
    delay.delay_ms(30);
    i2c.write(0x60, &[0x02]).unwrap();

    let signed = Device::new(i2c, delay).execute(Sign {
        source: DigestSource::TempKey,
        slot: Slot::ALL[0],
    });
    assert!(signed.is_err());
}

/// Another program dies in the middle of a write. The chip waits for the rest;
/// whether it acknowledges reads meanwhile, the sources disagree.
#[test]
fn half_a_command_of_others_does_no_harm() {
    for partial in [PartialRead::Blank, PartialRead::Nack] {
        let kit = Kit::new(Revision::Atecc608B, 0x00);
        let bus = Bus::with_chip(chip(&kit.image, 1).with_partial_read(partial));
        let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
        // Nobody acknowledges the pulse.
        let _ = i2c.write(0x00, &[0x00]);
        delay.delay_us(1_500);
        i2c.write(0x60, &[0x03, 0x07, 0x30]).unwrap();

        let answer = Device::new(i2c, delay).execute(InfoRevision);
        assert!(answer.is_ok(), "{partial:?}: {answer:?}");
    }
}
