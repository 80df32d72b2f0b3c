//! Each fault does what it says, at the transaction it names.

use std::sync::{Arc, Mutex};

use atecc_emulator::{
    Acked, Bus, BusError, Chip, CutPoint, DeadBus, Direction, EepromEffect, Fault, Faults, Image,
    ImageFileError, LogEntry, LostReply, Power, Revision, Store,
};
use embedded_hal::i2c::{Error, ErrorKind, I2c};

use crate::support::{ADDRESS, AWAKE, Host, SUCCESS, group};

const INFO: [u8; 7] = [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
/// Revision of a 608A, with its CRC.
const INFO_608A: [u8; 7] = [0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38];

fn host() -> Host {
    Host::of(Chip::blank(Revision::Atecc608A))
}

/// Write configuration word 4: another I2C address.
fn write_word_4() -> Vec<u8> {
    group(0x12, 0x00, 0x04, &[0x6A, 0x00, 0x00, 0x00])
}

fn byte_16(bus: &Bus) -> u8 {
    bus.image(0).unwrap().config()[16]
}

fn power(host: &Host) -> Power {
    host.bus.inspect(0, Chip::power).unwrap()
}

/// Awake, with `fault` at the transaction that comes next.
fn about_to(fault: Fault) -> Host {
    let mut host = host();
    host.wake();
    host.bus
        .set_faults(Faults::none().at(host.bus.transactions(), fault));
    host
}

/// Send the write of word 4 into a power cut, and let it come back.
fn byte_16_after(point: CutPoint) -> (bool, u8) {
    let mut host = about_to(Fault::PowerCut(point));
    let sent = host
        .i2c
        .write(ADDRESS, &[&[0x03], &write_word_4()[..]].concat())
        .is_ok();
    assert_eq!(power(&host), Power::Off);
    for _ in 0..3 {
        assert!(matches!(
            host.i2c.write(0, &[0]),
            Err(BusError::AddressNack(0))
        ));
        host.delay_us(100_000);
        assert!(matches!(host.read(4), Err(BusError::AddressNack(ADDRESS))));
    }
    host.bus.power_up();
    assert_eq!(power(&host), Power::Asleep);
    (sent, byte_16(&host.bus))
}

#[test]
fn power_cut_around_a_command() {
    assert_eq!(byte_16_after(CutPoint::Before), (false, 0xC0));
    assert_eq!(
        byte_16_after(CutPoint::During(EepromEffect::Lost)),
        (false, 0xC0)
    );
    assert_eq!(
        byte_16_after(CutPoint::During(EepromEffect::Committed)),
        (false, 0x6A)
    );
    assert_eq!(byte_16_after(CutPoint::After), (true, 0xC0));
}

#[test]
fn power_cut_after_the_execution_keeps_its_effect() {
    let mut host = host();
    host.wake();
    host.send(&write_word_4());
    host.delay_us(45_000); // The longest time of Write.
    host.bus
        .set_faults(Faults::none().at(host.bus.transactions(), Fault::PowerCut(CutPoint::Before)));
    assert!(host.read(4).is_err());
    assert_eq!(byte_16(&host.bus), 0x6A);
}

#[test]
fn a_dead_bus_can_report_errors() {
    let mut host = host();
    host.bus.set_dead_bus(DeadBus::Error);
    host.bus.power_down();
    let error = host.i2c.write(ADDRESS, &[0x00]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bus);
}

#[test]
fn a_lost_reply_can_be_read_again() {
    for how in [LostReply::Nack, LostReply::Blank] {
        let mut host = about_to(Fault::ReplyLost(how));
        // The fault waits for the first read that is answered.
        host.send(&INFO);
        assert!(host.i2c.write(ADDRESS, &[0x00]).is_err(), "busy");
        host.delay_us(5_000);
        match how {
            LostReply::Nack => assert!(host.read(7).is_err()),
            LostReply::Blank => assert_eq!(host.read(7).unwrap(), [0xFF; 7]),
        }
        host.i2c.write(ADDRESS, &[0x00]).unwrap();
        assert_eq!(host.read(7).unwrap(), INFO_608A);
    }
}

#[test]
fn a_corrupted_reply() {
    let mut host = about_to(Fault::ReplyCorrupted {
        byte: 3,
        mask: 0x04,
    });
    host.send(&INFO);
    host.delay_us(5_000);
    let mut expected = INFO_608A;
    expected[3] ^= 0x04;
    assert_eq!(
        host.read(1).unwrap(),
        INFO_608A[..1],
        "too short for the fault"
    );
    host.i2c.write(ADDRESS, &[0x00]).unwrap();
    assert_eq!(host.read(7).unwrap(), expected);
    host.i2c.write(ADDRESS, &[0x00]).unwrap();
    assert_eq!(host.read(7).unwrap(), INFO_608A);
}

#[test]
fn a_burst_of_nacks() {
    let mut host = about_to(Fault::NackBurst { transactions: 3 });
    for _ in 0..3 {
        assert!(matches!(host.read(4), Err(BusError::AddressNack(ADDRESS))));
    }
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn an_early_watchdog() {
    let mut host = about_to(Fault::EarlyWatchdog);
    assert!(host.read(4).is_err());
    assert_eq!(power(&host), Power::Asleep);
    // It aborts a command that is being executed.
    host.wake();
    host.send(&write_word_4());
    host.bus
        .set_faults(Faults::none().at(host.bus.transactions(), Fault::EarlyWatchdog));
    assert!(host.read(1).is_err());
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    assert_eq!(byte_16(&host.bus), 0xC0);
    // An idle or sleeping chip has no watchdog.
    host.idle();
    host.bus
        .set_faults(Faults::none().at(host.bus.transactions(), Fault::EarlyWatchdog));
    assert!(host.read(4).is_err());
    assert_eq!(power(&host), Power::Idle);
}

#[test]
fn a_noisy_neighbour() {
    let mut host = host();
    host.bus.set_faults(Faults::none().at(0, Fault::NoisyWake));
    // The chip is not ready at once.
    assert!(host.read(4).is_err());
    host.delay_us(280);
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn faults_come_in_any_number() {
    let mut host = host();
    host.bus.set_faults(
        Faults::none()
            .at(1, Fault::NackBurst { transactions: 1 })
            .at(
                3,
                Fault::ReplyCorrupted {
                    byte: 0,
                    mask: 0xFF,
                },
            )
            .at(
                3,
                Fault::ReplyCorrupted {
                    byte: 1,
                    mask: 0x01,
                },
            ),
    );
    host.wake(); // 0
    assert!(host.read(4).is_err()); // 1
    assert_eq!(host.read(4).unwrap(), AWAKE); // 2
    host.i2c.write(ADDRESS, &[0x00]).unwrap(); // 3
    assert_eq!(host.read(4).unwrap(), [0xFB, 0x10, 0x33, 0x43]); // 4
    assert_eq!(host.bus.transactions(), 5);
}

#[test]
fn the_log_shows_every_segment() {
    let mut host = host();
    host.bus.start_log();
    host.wake();
    let mut answer = [0; 2];
    host.i2c.write_read(ADDRESS, &[0x00], &mut answer).unwrap();
    // A byte too many.
    let surplus = [0x03, 0x04, 0x00, 0x00, 0x00, 0xAA, 0xBB];
    host.i2c.write(ADDRESS, &surplus).unwrap_err();
    let log = host.bus.take_log();
    let seen: Vec<_> = log
        .iter()
        .map(
            |LogEntry {
                 transaction,
                 address,
                 direction,
                 bytes,
                 acked,
                 ..
             }| { (*transaction, *address, *direction, bytes.as_slice(), *acked) },
        )
        .collect();
    assert_eq!(
        seen,
        [
            (0, 0x00, Direction::Write, &[][..], Acked::Nothing),
            (1, ADDRESS, Direction::Write, &[0x00], Acked::All),
            (1, ADDRESS, Direction::Read, &[0x04, 0x11], Acked::All),
            (2, ADDRESS, Direction::Write, &surplus[..6], Acked::Bytes(5)),
        ]
    );
    assert!(log.is_sorted_by_key(|entry| entry.at));
    assert!(host.bus.take_log().is_empty());
}

/// Remembers what it was given, until it is told to fail.
#[derive(Clone, Debug, Default)]
struct Notebook(Arc<Mutex<(Vec<Image>, bool)>>);

impl Store for Notebook {
    fn commit(&mut self, image: &Image) -> Result<(), ImageFileError> {
        let mut inner = self.0.lock().unwrap();
        if inner.1 {
            return Err(ImageFileError::Write {
                path: "notebook".into(),
                source: std::io::ErrorKind::StorageFull.into(),
            });
        }
        inner.0.push(image.clone());
        Ok(())
    }
}

#[test]
fn the_store_gets_every_change_and_nothing_else() {
    let notebook = Notebook::default();
    let chip = Chip::blank(Revision::Atecc608A).with_store(notebook.clone());
    let mut host = Host::of(chip);
    host.wake();
    let same = group(0x12, 0x00, 0x04, &[0xC0, 0x00, 0x00, 0x00]);
    for unchanging in [INFO.to_vec(), group(0x40, 0x04, 0, &[]), same] {
        host.exchange(&unchanging);
    }
    assert_eq!(notebook.0.lock().unwrap().0.len(), 0);
    assert_eq!(host.exchange(&write_word_4()), SUCCESS);
    let kept: Vec<u8> = notebook
        .0
        .lock()
        .unwrap()
        .0
        .iter()
        .map(|image| image.config()[16])
        .collect();
    assert_eq!(kept, [0x6A]);
}

#[test]
fn a_failing_store_stops_the_chip() {
    let notebook = Notebook::default();
    let mut host = Host::of(Chip::blank(Revision::Atecc608A).with_store(notebook.clone()));
    host.wake();
    notebook.0.lock().unwrap().1 = true;
    host.send(&write_word_4());
    host.delay_us(45_000);
    let error = host.read(4).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(matches!(error, BusError::Store(_)), "{error}");
    assert!(host.read(4).is_err());
    assert_eq!(byte_16(&host.bus), 0xC0);
}
