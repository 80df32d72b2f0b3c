//! Rules of single commands.

use alloc::vec;

use super::*;
use crate::{KeyNeed, Protection, SessionNonce, Uses};

fn zone(slot_config: u16, key_config: u16, locks: [u8; 2]) -> ConfigZone {
    let mut zone = [0; 128];
    zone[4..8].copy_from_slice(&[0, 0, 0x60, 3]);
    zone[13] = 1;
    zone[88..90].fill(0xFF);
    zone[86..88].copy_from_slice(&locks);
    zone[20..22].copy_from_slice(&slot_config.to_le_bytes());
    zone[96..98].copy_from_slice(&key_config.to_le_bytes());
    ConfigZone(zone)
}

const LOCKED: [u8; 2] = [0, 0];

/// Slot 0 of a NervesKey: 87 20, 33 00.
#[test]
fn the_key_of_a_nerves_key() {
    let zone = zone(0x2087, 0x0033, LOCKED);
    let evaluate = |operation| evaluate(&zone, operation, Slot::S0);
    assert!(evaluate(Operation::Sign).is_allowed());
    assert!(evaluate(Operation::Ecdh).is_allowed());
    assert!(evaluate(Operation::CreateKey).is_allowed());
    assert!(evaluate(Operation::Lock).is_allowed());
    for (operation, reason) in [
        (Operation::Read, Reason::PrivateKey),
        (Operation::Write, Reason::PrivateKey),
        (Operation::PrivWrite, Reason::NoPrivWrite),
        (Operation::Mac, Reason::PrivateKey),
        (Operation::Aes, Reason::PrivateKey),
    ] {
        match evaluate(operation) {
            Judgement::Refused(reasons) => assert!(reasons.contains(&reason), "{operation}"),
            other => panic!("{operation}: {other:?}"),
        }
    }
}

#[test]
fn needs_are_named() {
    // A secret that is read encrypted with slot 4 and written so with 5; slot 6
    // authorizes its use.
    let zone = zone(0x45C4, 0x06DC, LOCKED);
    let [slot, read, write, by] = [0, 4, 5, 6].map(|index| Slot::ALL[index]);
    assert_eq!(
        evaluate(&zone, Operation::ReadEncrypted, slot),
        Judgement::Allowed(vec![Need::SessionKey(read, SessionNonce::Random)])
    );
    assert_eq!(
        evaluate(&zone, Operation::WriteEncrypted, slot),
        Judgement::Allowed(vec![Need::SessionKey(write, SessionNonce::Any)])
    );
    assert_eq!(
        evaluate(&zone, Operation::CheckMac, slot),
        Judgement::Allowed(vec![
            Need::Key(slot, KeyNeed::RandomNonce),
            Need::Key(slot, KeyNeed::Authorization(by))
        ])
    );
}

/// The session key's own conditions are those of the access.
#[test]
fn a_session_key_has_conditions_of_its_own() {
    let mut zone = zone(0x00C4, 0x001C, LOCKED);
    let [slot, key, by] = [0, 4, 6].map(|index| Slot::ALL[index]);
    let read = |zone: &ConfigZone| evaluate(zone, Operation::ReadEncrypted, slot);
    // ReqRandom, ReqAuth by slot 6, NoMac.
    zone.0[28] = 0x90;
    zone.0[104..106].copy_from_slice(&[0xDC, 0x06]);
    assert_eq!(
        read(&zone),
        Judgement::Allowed(vec![
            Need::SessionKey(key, SessionNonce::Random),
            Need::OtherData(key),
            Need::Key(key, KeyNeed::Authorization(by)),
        ])
    );
    // Slot 6 asks for an authorization by slot 6.
    zone.0[108..110].copy_from_slice(&[0x9C, 0x06]);
    assert_eq!(
        read(&zone),
        Judgement::Refused(vec![Reason::SessionKey(key)])
    );
    zone.0[104..106].copy_from_slice(&[0x33, 0x00]);
    assert_eq!(
        read(&zone),
        Judgement::Refused(vec![Reason::SessionKey(key)])
    );
}

#[test]
fn a_derived_key_needs_what_its_parent_needs() {
    // Slot 0 is derived from slot 1, whose uses are limited.
    let mut zone = zone(0x318F, 0x001C, LOCKED);
    zone.0[22..24].copy_from_slice(&[0xAF, 0x00]);
    zone.0[98] = 0x1C;
    zone.0[52..60].copy_from_slice(&crate::Counter(7).to_bytes());
    let uses = Uses::Counter {
        value: crate::Counter(7),
        limit: None,
    };
    assert_eq!(
        evaluate(&zone, Operation::DeriveKey, Slot::S0),
        Judgement::Allowed(vec![Need::TempKey, Need::Key(Slot::S1, KeyNeed::Use(uses))])
    );
    // Rolled, its own uses do not count; with bit 15 a MAC by WriteKey.
    zone.0[20..22].copy_from_slice(&[0xAF, 0xA1]);
    assert_eq!(
        evaluate(&zone, Operation::DeriveKey, Slot::S0),
        Judgement::Allowed(vec![
            Need::TempKey,
            Need::ParentMac(Slot::S1),
            Need::Key(Slot::S1, KeyNeed::Use(uses))
        ])
    );
    zone.0[98] = 0x33;
    assert_eq!(
        evaluate(&zone, Operation::DeriveKey, Slot::S0),
        Judgement::Refused(vec![Reason::PrivateParent])
    );
}

/// The secret goes into slot 1, or out as far as ChipOptions allows.
#[test]
fn where_a_secret_of_ecdh_may_go() {
    let mut zone = zone(0x208F, 0x0033, LOCKED);
    let [slot, next] = [0, 1].map(|index| Slot::ALL[index]);
    assert!(evaluate(&zone, Operation::Ecdh, slot).is_allowed());
    assert_eq!(
        changers(&zone, next),
        [
            (Operation::Write, next),
            (Operation::Ecdh, slot),
            (Operation::EcdhInto, next),
        ]
    );
    zone.0[88] = 0xFD;
    assert_eq!(changers(&zone, next), []);
    assert_eq!(
        evaluate(&zone, Operation::Ecdh, slot),
        Judgement::Refused(vec![Reason::NextSlotLocked(next)])
    );
    zone.0[88] = 0xFF;
    zone.0[98] = 0x33;
    assert_eq!(
        evaluate(&zone, Operation::Ecdh, slot),
        Judgement::Refused(vec![Reason::NextSlotPrivate(next)])
    );
    // Out: encrypted only, with the IO protection key in slot 6.
    zone.0[20] = 0x87;
    zone.0[90..92].copy_from_slice(&[0x0E, 0x61]);
    let protection = Protection::Encrypted;
    for refused in [Operation::Ecdh, Operation::EcdhOutput] {
        assert_eq!(
            evaluate(&zone, refused, slot),
            Judgement::Refused(vec![Reason::EcdhOutput(protection)])
        );
    }
    assert!(evaluate(&zone, Operation::EcdhEncrypted, slot).is_allowed());
    zone.0[91] = 0x62;
    for refused in [
        Operation::Ecdh,
        Operation::EcdhOutput,
        Operation::EcdhEncrypted,
    ] {
        assert!(!evaluate(&zone, refused, slot).is_allowed());
    }
    assert!(evaluate(&zone, Operation::EcdhTempKey, slot).is_allowed());
    // The same of KDF, with a secret.
    zone.0[96..98].copy_from_slice(&[0x1C, 0x00]);
    for (high, kdf, encrypted) in [
        (0x60, true, true),
        (0x64, false, true),
        (0x68, false, false),
    ] {
        zone.0[91] = high;
        assert_eq!(evaluate(&zone, Operation::Kdf, slot).is_allowed(), kdf);
        let allowed = evaluate(&zone, Operation::KdfEncrypted, slot).is_allowed();
        assert_eq!(allowed, encrypted);
        assert!(evaluate(&zone, Operation::KdfTempKey, slot).is_allowed());
    }
}

#[test]
fn commands_of_one_chip_only() {
    let mut zone = zone(0x808F, 0x001C, LOCKED);
    let slot = Slot::S0;
    assert_eq!(
        evaluate(&zone, Operation::Hmac, slot),
        Judgement::Refused(vec![Reason::Only508])
    );
    assert!(evaluate(&zone, Operation::ShaHmac, slot).is_allowed());
    zone.0[6] = 0x50;
    assert_eq!(
        evaluate(&zone, Operation::Hmac, slot),
        Judgement::Allowed(vec![Need::TempKey])
    );
    assert_eq!(
        evaluate(&zone, Operation::Kdf, slot),
        Judgement::Refused(vec![Reason::Only608])
    );
    // Of a chip that is not told both answers stand.
    zone.0[4..8].fill(0);
    let Judgement::Depends { on_508, on_608 } = evaluate(&zone, Operation::Kdf, slot) else {
        panic!("the chips differ");
    };
    assert_eq!(*on_508, Judgement::Refused(vec![Reason::Only608]));
    assert!(on_608.is_allowed());
    assert!(evaluate(&zone, Operation::Mac, slot).is_allowed());
}

/// KeyConfig 3310: nothing sets the latch that it asks for.
#[test]
fn a_latch_that_nothing_sets() {
    let mut zone = zone(0x2083, 0x1033, LOCKED);
    let slot = Slot::S0;
    assert_eq!(
        evaluate(&zone, Operation::Sign, slot),
        Judgement::Refused(vec![Reason::LatchNeverSet])
    );
    // The key in slot 2 permits it, unless it waits for the latch itself.
    zone.0[69] = 0x82;
    assert_eq!(
        evaluate(&zone, Operation::SetLatch, Slot::S2),
        Judgement::Allowed(vec![Need::Permission(Slot::S2)])
    );
    assert!(evaluate(&zone, Operation::Sign, slot).is_allowed());
    zone.0[101] = 0x10;
    assert!(!evaluate(&zone, Operation::Sign, slot).is_allowed());
}

/// A digest that the chip describes comes from GenDig or GenKey; a key is
/// written in the clear before data is locked.
#[test]
fn what_comes_before_sign_and_priv_write() {
    let locked = zone(0x6082, 0x0033, LOCKED);
    let slot = Slot::S0;
    assert_eq!(
        evaluate(&locked, Operation::SignInternal, slot),
        Judgement::Allowed(vec![Need::KeyPresent, Need::InternalDigest])
    );
    let open = zone(0x6082, 0x0033, [0x55, 0]);
    assert_eq!(
        evaluate(&open, Operation::PrivWrite, slot),
        Judgement::Allowed(vec![])
    );
    let dig = zone(0x0090, 0x001C, LOCKED);
    assert_eq!(
        evaluate(&dig, Operation::GenDig, slot),
        Judgement::Allowed(vec![Need::TempKey, Need::OtherData(slot)])
    );
}

#[test]
fn between_the_locks_policies_rest() {
    let zone = zone(0x2F0F, 0x003C, [0x55, 0]);
    assert_eq!(
        evaluate(&zone, Operation::Write, Slot::S0),
        Judgement::Allowed(vec![Need::WholeBlock])
    );
    assert_eq!(
        evaluate(&zone, Operation::Read, Slot::S0),
        Judgement::Refused(vec![Reason::DataUnlocked])
    );
}

fn refused(zone: &ConfigZone, operation: Operation, slot: usize) -> Vec<Reason> {
    match evaluate(zone, operation, Slot::ALL[slot]) {
        Judgement::Refused(reasons) => reasons,
        _ => Vec::new(),
    }
}

/// `zone` with the words of slot 0 at another slot, too.
fn at(zone: &ConfigZone, slot: usize) -> ConfigZone {
    let mut zone = *zone;
    zone.0.copy_within(20..22, 20 + 2 * slot);
    zone.0.copy_within(96..98, 96 + 2 * slot);
    zone
}

/// KeyType 6 of an ATECC608 whose byte 13 enables AES.
#[test]
fn aes_needs_an_aes_key_and_an_enabled_engine() {
    let aes = zone(0x0F8F, 0x001A, LOCKED);
    assert_eq!(refused(&aes, Operation::Aes, 0), []);
    let mut disabled = aes;
    disabled.0[13] = 0xFE;
    assert_eq!(refused(&disabled, Operation::Aes, 0), [Reason::AesDisabled]);
    let sha = zone(0x0F8F, 0x001C, LOCKED);
    assert_eq!(refused(&sha, Operation::Aes, 0), [Reason::NotAesKey]);
}

/// A public key has 72 bytes with its padding; slots below 8 have 36.
#[test]
fn a_stored_public_key_needs_a_long_slot() {
    let public = zone(0x0F0F, 0x0010, LOCKED);
    for (slot, expected) in [
        (0, &[Reason::TooShortForPublicKey][..]),
        (7, &[Reason::TooShortForPublicKey]),
        (8, &[]),
        (15, &[]),
    ] {
        let zone = at(&public, slot);
        assert_eq!(refused(&zone, Operation::Verify, slot), expected, "{slot}");
    }
    let data = at(&zone(0x0F0F, 0x001C, LOCKED), 9);
    assert_eq!(refused(&data, Operation::Verify, 9), [Reason::NotP256]);
}

/// ReadKey of a private key: bit 2 permits ECDH, bit 3 writes the secret
/// into the slot with bit 0 set.
#[test]
fn an_ecdh_secret_needs_a_next_slot() {
    for (read_key, slot, family, expected) in [
        (0b0100, 0, 0x50, &[][..]),
        (0b0000, 0, 0x50, &[Reason::NoEcdh]),
        (0b1100, 0, 0x50, &[]),
        (0b1100, 1, 0x50, &[Reason::NoNextSlot]),
        (0b1100, 2, 0x50, &[]),
        (0b1100, 3, 0x50, &[Reason::NoNextSlot]),
        (0b0100, 3, 0x50, &[]),
        (0b1100, 3, 0x60, &[Reason::NoNextSlot]),
    ] {
        let mut zone = at(&zone(0x2080 | read_key, 0x0033, LOCKED), slot);
        zone.0[6] = family;
        let found = refused(&zone, Operation::Ecdh, slot);
        assert_eq!(found, expected, "{read_key:04b} {slot} {family:02X}");
    }
}

/// WriteConfig bit 1 makes a target of DeriveKey, bit 0 takes the parent
/// that WriteKey names.
#[test]
fn derive_key_needs_a_target() {
    for (write_config, expected) in [
        (0b0000, &[Reason::NoDeriveKey][..]),
        (0b0010, &[]),
        (0b0100, &[Reason::NoDeriveKey]),
        (0b1010, &[]),
    ] {
        let zone = zone(0x0080 | write_config << 12, 0x001C, LOCKED);
        let found = refused(&zone, Operation::DeriveKey, 0);
        assert_eq!(found, expected, "{write_config:04b}");
    }
}

/// AES, KDF, SecureBoot, the latch and the forms of ECDH came with the ATECC608.
#[test]
fn an_atecc508a_has_fewer_commands() {
    let mut zone = zone(0x0F8F, 0x001C, LOCKED);
    let new = |zone: &ConfigZone| -> Vec<&str> {
        let only = |operation: &Operation| refused(zone, *operation, 0).contains(&Reason::Only608);
        let new = Operation::ALL.into_iter().filter(only);
        new.map(Operation::name).collect()
    };
    assert_eq!(new(&zone), [""; 0]);
    zone.0[6..8].copy_from_slice(&[0x50, 0x00]);
    assert_eq!(
        new(&zone).join(" "),
        "ecdh-output ecdh-encrypted ecdh-temp-key ecdh-into aes kdf kdf-encrypted kdf-temp-key \
         kdf-aes kdf-into secure-boot secure-boot-store set-latch"
    );
}
