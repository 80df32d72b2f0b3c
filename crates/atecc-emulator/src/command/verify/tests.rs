use super::{Core, Frame};
use crate::command::harness::{Harness, PUBLIC_KEY, bytes, rising, signature};
use crate::command::sha256;
use crate::defect::Defects;
use crate::entropy::Generator;
use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
use crate::memory::Slot;
use crate::revision::Revision;
use crate::volatile::Source;

const VERIFY: u8 = 0x45;
const STORED: u8 = 0x00;
const VALIDATE_EXTERNAL: u8 = 0x01;
const EXTERNAL: u8 = 0x02;
const VALIDATE: u8 = 0x03;
const INVALIDATE: u8 = 0x07;
const BUFFER: u8 = 0x20;
const MAC: u8 = 0x80;

/// The vectors' public key in slot 15, and in slot 14, whose validity is
/// tracked and whose parent is slot 15.
fn chip(revision: Revision, state: LockState) -> Harness {
    let mut harness = Harness::new(revision, state);
    harness.configure(14, 0x0F0F, 0x0012);
    harness.configure(15, 0x0F0F, 0x0010);
    harness.store_public_key(14, &bytes(PUBLIC_KEY));
    harness.store_public_key(15, &bytes(PUBLIC_KEY));
    harness.load_temp_key(Source::Input);
    harness
}

fn external(digest: &[u8; 32]) -> Vec<u8> {
    [signature(digest), bytes(PUBLIC_KEY)].concat()
}

fn validity(harness: &Harness) -> u8 {
    harness.memory.slot(Slot::of_nibble(14))[0] >> 4
}

#[test]
fn external_in_every_lock_state() {
    for revision in Revision::ALL {
        for state in [ConfigOpen, DataOpen, Locked] {
            let mut harness = chip(revision, state);
            let right = external(&rising(0x40));
            assert_eq!(harness.run(VERIFY, EXTERNAL, 4, &right), Ok(vec![0]));
            assert_eq!(
                harness.status(VERIFY, EXTERNAL, 4, &right),
                0x0F,
                "no TempKey"
            );
            harness.load_temp_key(Source::Input);
            let wrong = external(&rising(0x41));
            assert_eq!(harness.run(VERIFY, EXTERNAL, 4, &wrong), Ok(vec![1]));
        }
    }
}

#[test]
fn digest_buffer_of_a_608() {
    let mut harness = chip(Revision::Atecc608B, Locked);
    let data = external(&rising(0x90));
    let p1 = EXTERNAL | BUFFER;
    assert_eq!(harness.status(VERIFY, p1, 4, &data), 0x0F, "not loaded");
    harness.volatile.load_digest_buffer(&rising(0x90), &[0; 32]);
    for _ in 0..2 {
        assert_eq!(harness.run(VERIFY, p1, 4, &data), Ok(vec![0]));
    }
    assert!(harness.volatile.temp_key.valid);
}

/// Trap 11 of `docs/sources.md`: a key off the curve answers 0x0F. R or S out
/// of range answers 0x01.
#[test]
fn trap_11_key_off_the_curve() {
    let mut harness = chip(Revision::Atecc608B, ConfigOpen);
    assert_eq!(harness.status(VERIFY, EXTERNAL, 4, &[0; 128]), 0x0F);
    let range = [vec![0; 64], bytes(PUBLIC_KEY)].concat();
    harness.load_temp_key(Source::Input);
    assert_eq!(harness.status(VERIFY, EXTERNAL, 4, &range), 0x01);
    let range = [vec![0xFF; 64], bytes(PUBLIC_KEY)].concat();
    harness.load_temp_key(Source::Input);
    assert_eq!(harness.status(VERIFY, EXTERNAL, 4, &range), 0x01);
}

#[test]
fn stored_key_authorizes() {
    for revision in Revision::ALL {
        for (state, status) in [(ConfigOpen, 0x0F), (DataOpen, 0x00), (Locked, 0x00)] {
            let mut harness = chip(revision, state);
            let data = signature(&rising(0x40));
            assert_eq!(harness.status(VERIFY, STORED, 15, &data), status);
            assert_eq!(harness.volatile.auth_valid, status == 0x00);
            assert_eq!(
                harness.volatile.auth_key,
                if status == 0x00 { 15 } else { 0 }
            );
        }
        let mut harness = chip(revision, Locked);
        let wrong = signature(&rising(0x41));
        assert_eq!(harness.status(VERIFY, STORED, 15, &wrong), 0x01);
        assert!(!harness.volatile.auth_valid);
    }
}

/// Trap 13 of `docs/sources.md`: a key that is not validated is not even tried.
#[test]
fn trap_13_stored_key_must_be_validated() {
    for (first, status) in [(0x00, 0x0F), (0xA0, 0x0F), (0x50, 0x00)] {
        let mut harness = chip(Revision::Atecc608B, Locked);
        harness.memory.slot_mut(Slot::of_nibble(14))[0] = first;
        let data = signature(&rising(0x40));
        assert_eq!(
            harness.status(VERIFY, STORED, 14, &data),
            status,
            "{first:02X}"
        );
    }
}

#[test]
fn stored_key_by_policy() {
    for (slot, key_config, status) in [
        (15, 0x003C, 0x0F), // Not P-256.
        (15, 0x0011, 0x0F), // Private.
        (7, 0x0010, 0x0F),  // Too small a slot.
        (15, 0x0050, 0x0F), // ReqRandom.
        (15, 0x0090, 0x0F), // ReqAuth.
        (15, 0x1010, 0x0F), // PersistentDisable.
    ] {
        let mut harness = chip(Revision::Atecc608B, Locked);
        harness.configure(slot, 0x0F0F, key_config);
        let data = signature(&rising(0x40));
        let found = harness.status(VERIFY, STORED, u16::from(slot), &data);
        assert_eq!(found, status, "{slot} {key_config:04X}");
    }
    let mut harness = chip(Revision::Atecc608B, Locked);
    harness.configure(15, 0x0F2F, 0x0010);
    let data = signature(&rising(0x41));
    assert_eq!(harness.status(VERIFY, STORED, 15, &data), 0x01);
    assert_eq!(harness.memory.config[52..54], [0x7F, 0xFF], "a use");
}

#[test]
fn mac_of_the_vector() {
    let mac = "BE4EB62561B75DF296308DD2A84437F5B4A867CEE41B29C084423738C32DCCC1";
    let mut harness = chip(Revision::Atecc608B, Locked);
    harness.store_key(4, &rising(0x20));
    harness.memory.config[90..92].copy_from_slice(&[0x02, 0x40]);
    harness
        .volatile
        .load_digest_buffer(&rising(0x80), &rising(0xA0));
    let core = Core {
        memory: &mut harness.memory.clone(),
        volatile: &mut harness.volatile,
        generator: &mut Generator::seeded(0),
        defects: &mut Defects::none(),
    };
    let frame = Frame {
        opcode: VERIFY,
        p1: 0xA2,
        p2: 4,
        data: &[],
    };
    let signature: Vec<u8> = (0..64).collect();
    assert_eq!(
        core.proof(&frame, &rising(0x80), &signature),
        Ok(bytes(mac))
    );
}

#[test]
fn success_with_a_mac() {
    let mut harness = chip(Revision::Atecc608B, Locked);
    harness.store_key(4, &rising(0x20));
    harness.memory.config[90..92].copy_from_slice(&[0x02, 0x40]);
    harness.volatile.load_digest_buffer(&rising(0xA0), &[0; 32]);
    let data = external(&rising(0x40));
    let (key, digest) = (rising(0x20), rising(0x40));
    let parts = [
        &key[..],
        &digest,
        &rising(0xA0),
        &data[..64],
        &[0x45, 0x82, 4, 0],
    ];
    let mac = sha256(&parts).to_vec();
    assert_eq!(harness.run(VERIFY, EXTERNAL | MAC, 4, &data), Ok(mac));
    harness.load_temp_key(Source::Input);
    let wrong = external(&rising(0x41));
    assert_eq!(harness.run(VERIFY, EXTERNAL | MAC, 4, &wrong), Ok(vec![1]));
    harness.load_temp_key(Source::Input);
    harness.memory.config[90] = 0;
    assert_eq!(
        harness.status(VERIFY, EXTERNAL | MAC, 4, &data),
        0x0F,
        "no key"
    );
}

/// `OtherData` of an internal signature, and that signature.
fn described(harness: &Harness, purpose: u8) -> Vec<u8> {
    let mut other = [0x11; 19];
    other[17] = purpose;
    let digest = sha256(&[
        &harness.temp_key().unwrap(),
        &[0x41],
        &other[..10],
        &[0xEE],
        &other[10..14],
        &[0x01, 0x23],
        &other[14..],
    ]);
    [signature(&digest), other.to_vec()].concat()
}

/// `TempKey` as `GenKey` leaves it for `slot`.
fn after_gen_key(state: LockState, slot: u8) -> Harness {
    let mut harness = chip(Revision::Atecc508A, state);
    harness
        .volatile
        .temp_key
        .load_key_digest(rising(0x40), slot);
    harness
}

/// Trap 29 of `docs/sources.md`: byte 17 of `OtherData` is 0 to validate and 1
/// to invalidate.
#[test]
fn trap_29_purpose_of_the_signature() {
    for state in [DataOpen, Locked] {
        for (mode, purpose, status, nibble) in [
            (VALIDATE, 0, 0x00, 0x5),
            (VALIDATE, 1, 0x0F, 0x0),
            (INVALIDATE, 1, 0x00, 0xA),
            (INVALIDATE, 0, 0x0F, 0x0),
        ] {
            let mut harness = after_gen_key(state, 14);
            harness.memory.lock_slot(Slot::of_nibble(14));
            let data = described(&harness, purpose);
            assert_eq!(harness.status(VERIFY, mode, 14, &data), status, "{mode}");
            assert_eq!(validity(&harness), nibble);
            assert_eq!(
                &harness.memory.slot(Slot::of_nibble(14))[4..36],
                &bytes(PUBLIC_KEY)[..32]
            );
        }
    }
}

#[test]
fn validation_refused() {
    let mut harness = after_gen_key(Locked, 14);
    let mut data = described(&harness, 0);
    data[80] ^= 0x10;
    assert_eq!(harness.status(VERIFY, VALIDATE, 14, &data), 0x01);
    let mut harness = after_gen_key(Locked, 13);
    let data = described(&harness, 0);
    assert_eq!(
        harness.status(VERIFY, VALIDATE, 14, &data),
        0x0F,
        "another slot"
    );
    let mut harness = chip(Revision::Atecc608B, Locked);
    assert_eq!(
        harness.status(VERIFY, VALIDATE, 14, &data),
        0x0F,
        "no GenKey"
    );
    let mut harness = after_gen_key(Locked, 14);
    harness.memory.config[92] = 0x31;
    assert_eq!(
        harness.status(VERIFY, VALIDATE, 14, &data),
        0x0F,
        "X509format"
    );
    let mut harness = after_gen_key(Locked, 15);
    assert_eq!(harness.status(VERIFY, VALIDATE, 15, &data), 0x0F, "PubInfo");
    let mut harness = after_gen_key(Locked, 14);
    harness.configure(15, 0x0F0F, 0x0012);
    assert_eq!(
        harness.status(VERIFY, VALIDATE, 14, &data),
        0x0F,
        "invalid parent"
    );
    let mut harness = after_gen_key(ConfigOpen, 14);
    assert_eq!(
        harness.status(VERIFY, VALIDATE, 14, &data),
        0x0F,
        "unlocked"
    );
}

/// One block, the key as block 1, ten bytes: three blocks with padding.
#[test]
fn validation_by_a_message_with_the_key() {
    for revision in Revision::ALL {
        for (format, slot, status) in [
            (0x31, 14, 0x00),
            (0x00, 14, 0x0F),
            (0x32, 14, 0x0F),
            (0x41, 14, 0x0F),
            (0x31, 13, 0x0F),
        ] {
            let mut harness = chip(revision, Locked);
            harness.configure(13, 0x0F0F, 0x0012);
            harness.store_public_key(13, &bytes(PUBLIC_KEY));
            harness.memory.config[92] = format;
            assert_eq!(harness.status(0x47, 0, 0, &[]), 0x00);
            assert_eq!(harness.status(0x47, 1, 64, &[1; 64]), 0x00);
            assert_eq!(harness.status(0x47, 3, slot, &[]), 0x00);
            let digest = harness.run(0x47, 2, 10, &[2; 10]).unwrap();
            let data = signature(&digest.try_into().unwrap());
            let found = harness.status(VERIFY, VALIDATE_EXTERNAL, 14, &data);
            assert_eq!(found, status, "{revision} {format:02X} {slot}");
            assert_eq!(validity(&harness) == 5, status == 0x00);
        }
    }
    let mut harness = chip(Revision::Atecc608B, Locked);
    harness.memory.config[92] = 0x31;
    let data = signature(&rising(0x40));
    assert_eq!(
        harness.status(VERIFY, VALIDATE_EXTERNAL, 14, &data),
        0x0F,
        "not hashed here"
    );
}

#[test]
fn parse_errors() {
    for (p1, p2, length) in [
        (0x04, 4, 128),
        (0x05, 4, 128),
        (0x06, 4, 128),
        (0x0A, 4, 128),
        (0x12, 4, 128),
        (0x42, 4, 128),
        (0x02, 3, 128),
        (0x02, 4, 127),
        (0x02, 4, 64),
        (0x00, 15, 63),
        (0x00, 15, 128),
        (0x01, 14, 83),
        (0x03, 14, 64),
        (0x07, 14, 84),
        (0x23, 14, 83),
    ] {
        let mut harness = chip(Revision::Atecc608B, Locked);
        let status = harness.status(VERIFY, p1, p2, &vec![0; length]);
        assert_eq!(status, 0x03, "{p1:02X} {p2} {length}");
    }
    for p1 in [0x22, 0x82] {
        let mut old = chip(Revision::Atecc508A, Locked);
        assert_eq!(old.status(VERIFY, p1, 4, &[0; 128]), 0x03);
    }
}
