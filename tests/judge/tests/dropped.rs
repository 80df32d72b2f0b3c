//! A sample of the points at which a future can be dropped, and the smallest
//! cases of what others leave in a chip.

use atecc::command::Request;
use atecc::commands::{InfoRevision, LoadNonce, NonceTarget, Verdict, VerifyKey};
use atecc::procedures::{SignDigest, VerifyDigest};
use atecc::{Device, Slot};
use atecc_emulator::{Bus, PartialRead, Revision};
use atecc_judge::chips::{DIGEST, Kit, chip};
use atecc_judge::dropped;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

#[test]
fn the_next_run_is_right() {
    let report = dropped::run(13);
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.dropped > 3_000, "{report:?}");
}

/// Another program leaves a chip idle with its `TempKey`, which the idle that a
/// session begins with keeps. What is signed is what the caller gave all the
/// same: a procedure loads it first.
#[test]
fn what_others_left_in_temp_key_is_not_signed() {
    let kit = Kit::new(Revision::Atecc608B, 0x00);
    let bus = Bus::with_chip(chip(&kit.image, 1));
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let load = LoadNonce {
        target: NonceTarget::TempKey,
        value: [0x99; 32],
    };
    // Nobody acknowledges the pulse.
    let _ = i2c.write(0x00, &[0x00]);
    delay.delay_us(1_500);
    i2c.write(0x60, Request::new(&load).unwrap().as_bytes())
        .unwrap();
    delay.delay_ms(30);
    i2c.write(0x60, &[0x02]).unwrap();

    let mut device = Device::new(i2c, delay);
    let signature = device.run(SignDigest::new(Slot::S0, DIGEST)).unwrap();
    let key = VerifyKey::External(kit.public);
    let right = device.run(VerifyDigest::new(key, DIGEST, signature));
    assert_eq!(right.unwrap(), Verdict::Good);
}

/// Another program dies in the middle of a write. The chip waits for the rest;
/// whether it acknowledges reads meanwhile, the sources disagree. One that does
/// not is found once its watchdog has fired: nothing is written to an address
/// that shows nothing.
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
