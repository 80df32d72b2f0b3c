//! Certificates read with nothing besides: the same as of a whole reading.

use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::DateTime;
use nerves_key::{IdentityError, ReadCertificates, ReadIdentity, RefreshCertificates, Snapshot};
use nerves_key_schema::NotNervesKey;
use tests_station::Station;
use tests_station::wire::commands;

fn finished(revision: Revision, serial: &str) -> Bus {
    let bus = Bus::with_chip(Chip::throw_away(revision).unwrap());
    let now = DateTime::new(2026, 11, 24, 9, 30, 0).unwrap();
    let mut station = Station::new([0x42; 32], now, Some(serial));
    station.provision(&bus).unwrap().unwrap();
    bus
}

/// What was sent in one session that `run` has: opcodes in their order.
fn sent<R>(bus: &Bus, run: impl FnOnce() -> R) -> (R, Vec<u8>) {
    bus.start_log();
    let result = run();
    let log = bus.take_log();
    let opcodes = commands(&log).map(|(opcode, _)| opcode).collect();
    (result, opcodes)
}

/// Read (02) of the chip's serial number, of one half of OTP or both, `GenKey` (40),
/// and of the slots: 72 bytes in two blocks and two words, a key in two blocks.
#[test]
fn the_same_as_of_a_whole_reading() {
    for revision in Revision::ALL {
        for (serial, otp) in [("N1234", 1), ("a serial of more than 16", 2)] {
            let bus = finished(revision, serial);
            let whole = Station::snapshot(&bus).unwrap();
            let (device, both) = (1 + otp, 1 + otp + 4 + 2);
            for (read, reads) in [
                (ReadCertificates::device_only(), both),
                (ReadCertificates::new(), both + 4),
            ] {
                let run = || Station::device(&bus).run(read).unwrap();
                let (parts, mut opcodes) = sent(&bus, run);
                assert_eq!(parts.public_key(), whole.public_key);
                let expected = whole.certificates().unwrap();
                assert_eq!(parts.device().unwrap(), expected.device);
                let signer = parts.certificates();
                if reads == both {
                    assert!(matches!(signer, Err(IdentityError::Hidden(_))));
                } else {
                    assert_eq!(signer.unwrap(), expected);
                }
                // Before the key's come those that say what it is for.
                let key = opcodes.iter().position(|opcode| *opcode == 0x40);
                assert_eq!(key, Some(device), "{revision} {serial}");
                opcodes.remove(device);
                assert_eq!(opcodes, vec![0x02; reads], "{revision} {serial}");
            }
        }
    }
}

/// Read of the chip's serial number and of all of OTP, `GenKey`, and of the slots two
/// certificates of 72 bytes and a key in two blocks.
#[test]
fn an_identity_is_that_of_a_whole_reading() {
    for revision in Revision::ALL {
        for serial in ["N1234", "a serial of more than 16"] {
            let bus = finished(revision, serial);
            let whole = Station::snapshot(&bus).unwrap();
            let run = || Station::device(&bus).run(ReadIdentity::new()).unwrap();
            let (parts, opcodes) = sent(&bus, run);
            assert_eq!(parts.identity().unwrap(), whole.identity().unwrap());
            let expected = [vec![0x02; 3], vec![0x40], vec![0x02; 4 + 2 + 4]].concat();
            assert_eq!(opcodes, expected, "{revision} {serial}");
        }
    }
}

/// What is read is the chip's, whatever was known of it; the rest is as it was known.
/// Neither the configuration nor the public key is asked for.
#[test]
fn a_snapshot_is_brought_up_to_date() {
    for (serial, otp) in [("N1234", 1), ("a serial of more than 16", 2)] {
        let bus = finished(Revision::Atecc608B, serial);
        let whole = Station::snapshot(&bus).unwrap();
        let (read_of_otp, rest_of_otp) = match otp {
            1 => ([0, 31], Some(32)),
            _ => ([0, 63], None),
        };
        for at in read_of_otp {
            let mut stale = whole;
            stale.otp.as_mut().unwrap()[at] ^= 1;
            stale.device_certificate.as_mut().unwrap()[71] ^= 1;
            stale.signer_public_key.as_mut().unwrap()[63] ^= 1;
            stale.signer_certificate = None;
            let read = || Station::device(&bus).run(RefreshCertificates::new(&stale));
            let (snapshot, opcodes) = sent(&bus, || read().unwrap());
            assert_eq!(snapshot, whole, "{serial}");
            assert_eq!(opcodes, vec![0x02; otp + 4 + 2 + 4], "{serial}");
        }
        let mut other = whole;
        other.eui = Some([7; 16]);
        other.signer_public_key.as_mut().unwrap()[64] ^= 1;
        if let Some(at) = rest_of_otp {
            other.otp.as_mut().unwrap()[at] ^= 1;
        }
        let refresh = RefreshCertificates::new(&other);
        assert_eq!(Station::device(&bus).run(refresh).unwrap(), other);
    }
}

/// Of a chip that is no NervesKey nothing stays that was known of its certificates.
#[test]
fn what_is_not_read_again_is_not_shown() {
    let known = Station::snapshot(&finished(Revision::Atecc608B, "N1234")).unwrap();
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let refresh = || Station::device(&bus).run(RefreshCertificates::new(&known));
    let (snapshot, opcodes) = sent(&bus, || refresh().unwrap());
    assert_eq!(opcodes, [0x02]);
    let expected = Snapshot {
        otp: None,
        device_certificate: None,
        signer_public_key: None,
        signer_certificate: None,
        ..known
    };
    assert_eq!(snapshot, expected);
}

/// An OTP zone that is not shown, and one that is another's.
#[test]
fn of_another_chip_no_more_is_read() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let read = || Station::device(&bus).run(ReadCertificates::new()).unwrap();
    let (parts, opcodes) = sent(&bus, read);
    assert_eq!(opcodes, [0x02, 0x02]);
    assert!(matches!(
        parts.device(),
        Err(IdentityError::Hidden("OTP zone"))
    ));
    let mut config = *bus.image(0).unwrap().config();
    config[86..88].fill(0);
    let image = bus.image(0).unwrap().with_config(config).unwrap();
    let chip = Chip::new(image, atecc_emulator::Entropy::Seeded(0)).unwrap();
    let bus = Bus::with_chip(chip);
    let read = || Station::device(&bus).run(ReadCertificates::new()).unwrap();
    let (parts, opcodes) = sent(&bus, read);
    assert_eq!(opcodes, [0x02, 0x02]);
    let error = parts.certificates().unwrap_err();
    assert!(matches!(error, IdentityError::Otp(NotNervesKey(found)) if found == [0xFF; 4]));
}
