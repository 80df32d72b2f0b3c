//! What operations send to a finished chip: no command twice whose answer nobody can
//! have changed.

use std::fmt::Debug;

use atecc::procedure::{Answer, Next};
use atecc::{Opcode, Procedure};
use atecc_emulator::{Bus, Chip};
use nerves_key::settings::{Area, ReadSettings, Settings, SettingsError, UpdateSettings};
use nerves_key::{
    AuxiliarySlots, IdentityError, ReadAuxiliary, ReadSnapshot, SignVerified, WriteAuxiliary,
};
use tests_fault_sweep::SETUPS;
use tests_station::{Station, issue_auxiliary};

use Opcode::{GenKey, Nonce, Read, Sign, Write};

/// A procedure, and the opcodes that it sends: runs of the same one counted.
struct Counted<P> {
    procedure: P,
    sent: Vec<(Opcode, usize)>,
}

impl<P: Procedure> Procedure for &mut Counted<P> {
    type Output = P::Output;
    type Error = P::Error;

    fn resume(&mut self, answer: Answer<'_>) -> Next<P::Output, P::Error> {
        let next = self.procedure.resume(answer);
        if let Next::Send(request) = &next {
            match self.sent.last_mut() {
                Some((last, count)) if *last == request.opcode() => *count += 1,
                _ => self.sent.push((request.opcode(), 1)),
            }
        }
        next
    }
}

/// What `procedure` sends to the chip of `bus`.
fn sent<P: Procedure<Error: Debug>>(bus: &Bus, procedure: P) -> Vec<(Opcode, usize)> {
    let mut counted = Counted {
        procedure,
        sent: Vec::new(),
    };
    let result = Station::device(bus).run(&mut counted);
    assert!(result.is_ok(), "{:?}", result.err());
    counted.sent
}

/// A chip of each family. The volatile layout's differs in none of this.
fn finished() -> [Bus; 2] {
    [SETUPS[0], SETUPS[3]].map(|setup| {
        let bus = Bus::with_chip(Chip::blank(setup.revision));
        setup.station().provision(&bus).unwrap().unwrap();
        bus
    })
}

/// `info`, `cert` and all that begins with them: the configuration, the key, OTP, and
/// slots 10 to 12 by two blocks and two words each.
#[test]
fn all_that_a_chip_shows() {
    for bus in finished() {
        let sent = sent(&bus, ReadSnapshot::new());
        assert_eq!(sent, [(Read, 4), (GenKey, 1), (Read, 2 + 3 * 4)]);
    }
}

/// The command asks for the key, since another program may put its digest in
/// between; a program that verifies by itself does not.
#[test]
fn a_signature() {
    for bus in finished() {
        let verified = sent(&bus, SignVerified::new([0x5A; 32]));
        assert_eq!(verified, [(GenKey, 1), (Nonce, 1), (Sign, 1)]);
        let plain = sent(&bus, nerves_key::sign([0x5A; 32]));
        assert_eq!(plain, [(Nonce, 1), (Sign, 1)]);
    }
}

/// 524 bytes: 13 blocks of slot 8, a block and a word of each of 7, 6 and 5.
#[test]
fn settings() {
    const ALL: usize = 13 + 3 * 2;
    for bus in finished() {
        let chip = Station::snapshot(&bus).unwrap().config.serial_number();
        let write = |bytes: Vec<u8>| {
            let change =
                move |stored: &Settings| -> Result<_, SettingsError> { stored.write_typed(&bytes) };
            UpdateSettings::new(Area::NervesKey, change).on_chip(chip)
        };
        // The first: which chip it is, what is there, the blocks, and these read back.
        let blocks = 4;
        let first = sent(&bus, write(vec![1; 100]));
        assert_eq!(first, [(Read, 1 + ALL), (Write, blocks), (Read, blocks)]);
        // One over all of them makes the beginning invalid before.
        let bytes = |first: u8| (0..508_u16).map(|at| first ^ at.to_le_bytes()[0]).collect();
        sent(&bus, write(bytes(0x10)));
        let over = sent(&bus, write(bytes(0x90)));
        assert_eq!(over, [(Read, 1 + ALL), (Write, ALL + 1), (Read, ALL)]);
        let read = sent(&bus, ReadSettings::new(Area::NervesKey));
        assert_eq!(read, [(Read, ALL)]);
    }
}

/// Three blocks a slot, the last one short. Slot 14 ends with zeros, which are there.
#[test]
fn auxiliary_certificates() {
    for bus in finished() {
        let identity = Station::snapshot(&bus).unwrap().identity().unwrap();
        let slots = issue_auxiliary(&identity, [0x17; 32]).unwrap();
        let write = |slots: &AuxiliarySlots| sent(&bus, WriteAuxiliary::new(&identity, slots));
        // Chip, key, the signer's slots, what changes, and this read back.
        let changed = 2 + 3 + 3;
        let new = write(&slots);
        assert_eq!(new[..2], [(Read, 1), (GenKey, 1)]);
        assert_eq!(new[2..], [(Read, 6), (Write, changed), (Read, changed)]);
        // The same signer again: slot 9 alone.
        let again = write(&slots);
        assert_eq!(again[2..], [(Read, 6), (Write, 3), (Read, 3)]);
        assert_eq!(sent(&bus, ReadAuxiliary::new()), [(Read, 9)]);
        // Chip, all slots, those that are not zeros.
        let clear = write(&AuxiliarySlots::EMPTY);
        let cleared = [(Read, 1 + 9), (Write, changed), (Read, changed)];
        assert_eq!(clear, cleared);
        assert_eq!(write(&AuxiliarySlots::EMPTY), [(Read, 1 + 9)]);
    }
}

/// Slot 9 is looked at first, all of it: one that is half blank was half written.
#[test]
fn no_auxiliary_certificates() {
    for bus in finished() {
        let identity = Station::snapshot(&bus).unwrap().identity().unwrap();
        let issued = issue_auxiliary(&identity, [0x17; 32]).unwrap();
        let mut device = Station::device(&bus);
        for blank in [0x00, 0xFF] {
            let left = AuxiliarySlots {
                device_certificate: [blank; 72],
                ..issued
            };
            device.run(WriteAuxiliary::new(&identity, &left)).unwrap();
            assert_eq!(sent(&bus, ReadAuxiliary::new()), [(Read, 3)]);
            let found = device.run(ReadAuxiliary::new()).unwrap();
            assert_eq!(found.device_certificate, [blank; 72]);
            assert_eq!(identity.auxiliary(&found).unwrap(), None);
            for at in [0, 32, 71] {
                let mut half = left;
                half.device_certificate[at] ^= 1;
                device.run(WriteAuxiliary::new(&identity, &half)).unwrap();
                assert_eq!(sent(&bus, ReadAuxiliary::new()), [(Read, 9)]);
                let found = device.run(ReadAuxiliary::new()).unwrap();
                assert_eq!(found, half);
                let refused = identity.auxiliary(&found);
                assert!(
                    matches!(
                        refused,
                        Err(IdentityError::Rebuild { .. } | IdentityError::Signature { .. })
                    ),
                    "{refused:?}"
                );
            }
        }
    }
}
