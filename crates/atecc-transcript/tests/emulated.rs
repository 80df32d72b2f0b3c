//! A recorder on the host's side and the log on the chip's side tell the same.
#![cfg(feature = "alloc")]

use std::cell::RefCell;

use atecc_emulator::{Bus, Chip, Entropy, Image, Revision};
use atecc_transcript::{
    Ack, Action, DelayRecorder, Line, Record, Recorder, Redaction, Tape, Time, Transcript,
};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{I2c, Operation};

/// `Info`, and `Random` with a wrong CRC. Source of the first: a recording of a
/// real part.
const INFO: [u8; 8] = [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
const DAMAGED: [u8; 8] = [0x03, 0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCC];

fn session(i2c: &mut impl I2c, delay: &mut impl DelayNs) {
    let mut four = [0; 4];
    assert!(i2c.write(0x00, &[0x00]).is_err());
    assert!(i2c.read(0x60, &mut four).is_err());
    delay.delay_us(1_500);
    i2c.read(0x60, &mut four).expect("awake");
    i2c.write(0x60, &INFO).expect("awake");
    assert!(i2c.read(0x60, &mut four).is_err(), "busy");
    delay.delay_ms(10);
    let (mut count, mut rest) = ([0; 1], [0; 6]);
    let mut operations = [Operation::Read(&mut count), Operation::Read(&mut rest)];
    i2c.transaction(0x60, &mut operations).expect("done");
    let mut again = [0; 7];
    i2c.write_read(0x60, &[0x00], &mut again).expect("awake");
    i2c.write(0x60, &DAMAGED).expect("awake");
    delay.delay_ms(10);
    i2c.read(0x60, &mut four).expect("an error");
    i2c.write(0x60, &[0x01]).expect("awake");
    assert!(i2c.write(0x60, &INFO).is_err(), "asleep");
}

#[test]
fn both_sides_tell_the_same() {
    let image = Image::blank(Revision::Atecc608B);
    let bus = Bus::with_chip(Chip::new(image, Entropy::Seeded(0)).expect("a chip"));
    let header = bus.transcript_header(0, "both-sides").expect("a chip");
    bus.start_log();
    let host = RefCell::new(Vec::new());
    let sink = |record: &Record<'_>| {
        host.borrow_mut().push(Line::from(record));
        Ok(())
    };
    let clock = bus.clock();
    let now = || Time(u64::try_from(clock.now().as_nanos()).expect("a short test"));
    let tape = Tape::new(sink, now, Redaction::none());
    session(
        &mut Recorder::new(bus.i2c(), &tape),
        &mut DelayRecorder::new(bus.delay(), &tape),
    );
    assert_eq!(tape.lost(), 0);
    let lines = host.into_inner();
    let chip = bus.take_transcript(header.clone());

    // What a chip cannot see: waits, and what follows an address in vain.
    let seen: Vec<_> = lines
        .iter()
        .filter(|line| !matches!(line.action, Action::Delay(_)))
        .map(|line| match line.action {
            Action::Write {
                address,
                ack: Ack::NoAddress,
                ..
            } => Action::Write {
                address,
                bytes: vec![],
                ack: Ack::NoAddress,
            },
            ref action => action.clone(),
        })
        .collect();
    let logged: Vec<_> = chip.lines.iter().map(|line| line.action.clone()).collect();
    assert_eq!(seen, logged);
    assert_eq!(lines.len(), logged.len() + 3);
    // The time of the second segment of a transaction is not the host's to know.
    let unknown = lines.iter().filter(|line| line.at.is_none()).count();
    assert_eq!(unknown, 1);

    let recorded = Transcript { header, lines };
    assert_eq!(Transcript::parse(&recorded.render()), Ok(recorded.clone()));
    let all = atecc_transcript::exchanges(0x60, &recorded.lines);
    assert_eq!(all.len(), 3);
    // Count, revision of an ATECC608B, CRC.
    let response = all[1].response().expect("an answer");
    assert_eq!(response[..5], [0x07, 0x00, 0x00, 0x60, 0x03]);
    assert_eq!(all[1].readings.len(), 2);
    assert_eq!(all[1].readings[1].bytes, all[1].readings[0].bytes);
}
