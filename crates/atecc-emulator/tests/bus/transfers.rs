//! Faults of writes and of whole transfers: what the chip heard, and what its
//! host believes.

use std::time::Duration;

use atecc_emulator::{
    Acked, BusError, Chip, Failure, FailureKind, Fault, Faults, Heard, OtherDevice, Power, Reads,
    Revision,
};
use embedded_hal::i2c::{Error, ErrorKind, I2c};

use crate::support::{ADDRESS, AWAKE, Host, SUCCESS, group};

const INFO: [u8; 7] = [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
/// Revision of a 608A, with its CRC.
const INFO_608A: [u8; 7] = [0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38];
const CRC_ERROR: [u8; 4] = [0x04, 0xFF, 0x01, 0x42];

fn power(host: &Host) -> Power {
    host.bus.inspect(0, Chip::power).unwrap()
}

fn script(host: &Host, fault: Fault) {
    let faults = Faults::none().at(host.bus.transactions(), fault);
    host.bus.set_faults(faults);
}

/// Awake, with `fault` at the transaction that comes next.
fn about_to(fault: Fault) -> Host {
    let mut host = Host::of(Chip::blank(Revision::Atecc608A));
    host.wake();
    script(&host, fault);
    host
}

fn command(group: &[u8]) -> Vec<u8> {
    [&[0x03], group].concat()
}

fn heard_otherwise(byte: usize, mask: u8) -> Host {
    about_to(Fault::WriteCorrupted { byte, mask })
}

#[test]
fn another_word_address() {
    // 03 heard as 02: idle.
    let mut host = heard_otherwise(0, 0x01);
    host.send(&INFO);
    assert_eq!(power(&host), Power::Idle);
    // As 01: sleep.
    let mut host = heard_otherwise(0, 0x02);
    host.send(&INFO);
    assert_eq!(power(&host), Power::FallingAsleep);
    // As 83: nothing.
    let mut host = heard_otherwise(0, 0x80);
    host.send(&INFO);
    assert_eq!(host.read(4).unwrap(), AWAKE);
    // 01 heard as 00: no sleep.
    let mut host = heard_otherwise(0, 0x01);
    host.sleep_token();
    assert_eq!(power(&host), Power::Awake);
}

#[test]
fn another_count() {
    // 27 instead of 07: the chip waits for more.
    let mut host = heard_otherwise(1, 0x20);
    host.send(&INFO);
    host.delay_us(5_000);
    assert_eq!(host.read(4).unwrap(), [0xFF; 4]);
    host.i2c.write(ADDRESS, &[0x00]).unwrap();
    assert_eq!(host.exchange(&INFO), INFO_608A);
    // 05: two bytes too many.
    let mut host = heard_otherwise(1, 0x02);
    let sent = host.i2c.write(ADDRESS, &command(&INFO));
    assert!(matches!(sent, Err(BusError::DataNack { byte: 6, .. })));
    assert_eq!(host.receive(), CRC_ERROR);
    assert_eq!(host.exchange(&INFO), INFO_608A);
}

/// The fault waits for a write that is acknowledged and long enough, and
/// happens once. The log has what the host sent.
#[test]
fn other_contents() {
    let mut host = heard_otherwise(4, 0x01);
    host.pulse();
    host.read(4).unwrap();
    host.i2c.write(ADDRESS, &[0x00, 0x00]).unwrap();
    host.bus.start_log();
    assert_eq!(host.exchange(&INFO), CRC_ERROR);
    assert_eq!(host.bus.take_log()[0].bytes, command(&INFO));
    assert_eq!(host.exchange(&INFO), INFO_608A);
}

#[test]
fn the_last_acknowledge_is_lost() {
    let mut host = about_to(Fault::WriteAckLost);
    host.bus.start_log();
    let write = group(0x12, 0x00, 0x04, &[0x6A, 0x00, 0x00, 0x00]);
    let sent = host.i2c.write(ADDRESS, &command(&write));
    assert!(matches!(
        sent,
        Err(BusError::DataNack {
            address: ADDRESS,
            byte: 11
        })
    ));
    assert_eq!(host.bus.take_log()[0].acked, Acked::Bytes(11));
    // The chip took it all.
    assert_eq!(power(&host), Power::Busy);
    assert_eq!(host.receive(), SUCCESS);
    assert_eq!(host.bus.image(0).unwrap().config()[16], 0x6A);
    // One byte is its own last one.
    script(&host, Fault::WriteAckLost);
    let sent = host.i2c.write(ADDRESS, &[0x02]);
    assert!(matches!(sent, Err(BusError::DataNack { byte: 0, .. })));
    assert_eq!(power(&host), Power::Idle);
}

#[test]
fn a_write_is_refused() {
    let mut host = about_to(Fault::WriteRefused);
    // It waits for the first write that a chip would acknowledge.
    assert_eq!(host.read(4).unwrap(), AWAKE);
    host.pulse();
    assert!(matches!(
        host.i2c.write(0x35, &[0x00]),
        Err(BusError::AddressNack(0x35))
    ));
    let sent = host.i2c.write(ADDRESS, &command(&INFO));
    assert!(matches!(sent, Err(BusError::AddressNack(ADDRESS))));
    assert_eq!(power(&host), Power::Awake);
    assert_eq!(host.read(4).unwrap(), AWAKE);
    assert_eq!(host.exchange(&INFO), INFO_608A);
}

/// Registers are lost, the persistent latch included; what was under way is
/// undone, and what had ended is kept.
#[test]
fn a_reset() {
    let write = |byte_16| command(&group(0x12, 0x00, 0x04, &[byte_16, 0x00, 0x00, 0x00]));
    let mut host = about_to(Fault::Reset);
    assert!(host.read(4).is_err());
    assert_eq!(power(&host), Power::Asleep);
    host.wake();
    host.i2c.write(ADDRESS, &write(0x6A)).unwrap();
    script(&host, Fault::Reset);
    assert!(host.read(4).is_err());
    assert_eq!(host.bus.image(0).unwrap().config()[16], 0xC0);
    host.wake();
    host.i2c.write(ADDRESS, &write(0x6A)).unwrap();
    host.delay_us(45_000);
    script(&host, Fault::Reset);
    assert!(host.read(4).is_err());
    assert_eq!(host.bus.image(0).unwrap().config()[16], 0x6A);
    // The changed address counts.
    host.address = 0x35;
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    // A general call at the moment of the reset wakes the chip.
    script(&host, Fault::Reset);
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    // Without supply there is nothing to reset.
    host.bus.power_down();
    script(&host, Fault::Reset);
    assert!(host.read(4).is_err());
    assert_eq!(power(&host), Power::Off);
}

const KINDS: [(FailureKind, ErrorKind); 3] = [
    (FailureKind::Bus, ErrorKind::Bus),
    (FailureKind::ArbitrationLoss, ErrorKind::ArbitrationLoss),
    (FailureKind::Other, ErrorKind::Other),
];

fn failing(kind: FailureKind, heard: Heard, after: Duration) -> Fault {
    Fault::TransferFailed(Failure { kind, heard, after })
}

#[test]
fn a_failed_write_was_heard_or_not() {
    for (kind, seen) in KINDS {
        for (heard, answer) in [
            (Heard::Nothing, &AWAKE[..]),
            (Heard::Everything, &INFO_608A[..]),
        ] {
            let mut host = about_to(failing(kind, heard, Duration::ZERO));
            let sent = host.i2c.write(ADDRESS, &command(&INFO));
            assert_eq!(sent.unwrap_err().kind(), seen);
            host.delay_us(1_000);
            assert_eq!(host.receive(), answer, "{kind:?} {heard:?}");
        }
    }
}

#[test]
fn a_failed_read_moved_the_pointer_or_not() {
    for (heard, rest) in [
        (Heard::Nothing, [0x04, 0x11]),
        (Heard::Everything, [0x33, 0x43]),
    ] {
        let mut host = about_to(failing(FailureKind::Bus, heard, Duration::ZERO));
        assert_eq!(host.read(2).unwrap_err().kind(), ErrorKind::Bus);
        assert_eq!(host.read(2).unwrap(), rest, "{heard:?}");
    }
}

#[test]
fn a_failed_pulse_wakes_or_not() {
    for (heard, wakes) in [(Heard::Nothing, false), (Heard::Everything, true)] {
        let mut host = Host::of(Chip::blank(Revision::Atecc608A));
        script(&host, failing(FailureKind::Other, heard, Duration::ZERO));
        let pulse = host.i2c.write(0x00, &[0x00]);
        assert_eq!(pulse.unwrap_err().kind(), ErrorKind::Other);
        host.delay_us(1_500);
        assert_eq!(host.read(4).is_ok(), wakes);
    }
}

/// A line that is stuck: the adapter waits, then gives up.
#[test]
fn a_stuck_bus() {
    for heard in [Heard::Nothing, Heard::Everything] {
        let second = Duration::from_secs(1);
        let mut host = about_to(failing(FailureKind::Other, heard, second));
        let clock = host.bus.clock();
        let start = clock.now();
        assert_eq!(host.read(4).unwrap_err().kind(), ErrorKind::Other);
        assert_eq!(clock.now(), start + second);
        assert_eq!(host.read(4).unwrap(), AWAKE);
        // The watchdog has run meanwhile.
        script(&host, failing(FailureKind::Other, heard, second));
        assert!(host.read(4).is_err());
        assert_eq!(power(&host), Power::Asleep);
    }
    // The bits take longer than no time.
    let fault = failing(FailureKind::Bus, Heard::Everything, Duration::ZERO);
    let mut host = about_to(fault);
    let start = host.bus.clock().now();
    assert!(host.read(4).is_err());
    let end = start + Duration::from_micros(470);
    assert_eq!(host.bus.clock().now(), end);
}

#[test]
fn pending_faults_are_dropped_with_their_script() {
    for fault in [
        Fault::WriteRefused,
        Fault::WriteAckLost,
        Fault::WriteCorrupted {
            byte: 0,
            mask: 0xFF,
        },
    ] {
        let mut host = about_to(fault);
        host.read(4).unwrap();
        host.bus.set_faults(Faults::none());
        assert_eq!(host.exchange(&INFO), INFO_608A, "{fault:?}");
    }
}

/// From some transaction on, whoever is addressed.
#[test]
fn a_bus_that_stays_stuck() {
    let second = Duration::from_secs(1);
    let mut host = Host::of(Chip::blank(Revision::Atecc608A));
    host.wake();
    let clock = host.bus.clock();
    let stuck = Fault::Stuck(Failure {
        kind: FailureKind::Other,
        heard: Heard::Nothing,
        after: second,
    });
    let next = host.bus.transactions();
    host.bus.set_faults(Faults::none().at(next + 1, stuck));
    assert_eq!(host.read(4).unwrap(), AWAKE);
    for address in [ADDRESS, 0x00, ADDRESS] {
        let start = clock.now();
        let error = host.i2c.write(address, &[0x00]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert_eq!(clock.now(), start + second);
    }
    host.bus.set_faults(Faults::none());
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

/// Devices of another kind keep what is written to them, and answer with it.
#[test]
fn other_devices() {
    let mut host = Host::of(Chip::blank(Revision::Atecc608A));
    for (address, reads) in [
        (0x20, Reads::Latch(0xFF)),
        (0x3C, Reads::None),
        (0x48, Reads::Pattern([1, 2, 3, 4])),
    ] {
        host.bus.attach_other(OtherDevice::new(address, reads));
    }
    let mut bytes = [0; 2];
    host.i2c.read(0x20, &mut bytes).unwrap();
    assert_eq!(bytes, [0xFF; 2]);
    host.i2c.write(0x20, &[0x01, 0x5A]).unwrap();
    host.i2c.read(0x20, &mut bytes).unwrap();
    assert_eq!(bytes, [0x5A; 2]);
    assert!(host.i2c.read(0x3C, &mut bytes).is_err());
    host.i2c.write(0x3C, &[]).unwrap();
    host.i2c.read(0x48, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 2]);
    assert!(host.i2c.read(0x49, &mut bytes).is_err());
    // The pulse is nobody's.
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    let written = host.bus.written_to_others();
    assert_eq!(written, [(0x20, vec![0x01, 0x5A]), (0x3C, vec![])]);
}
