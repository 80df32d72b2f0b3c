//! Keys that are not like a NervesKey's: hidden, counted, authorized, replaced.

use std::sync::Arc;
use std::time::Duration;

use atecc::commands::{GenKey, GenKeyMode};
use atecc::{BusAddress, Slot};
use atecc_emulator::{Bus, Failure, FailureKind, Fault, Faults, Heard};
use cryptoki_sys as ck;

use crate::part::{
    TNGTLS, get, labelled, objects, open, part, private, scalar, session, sign, token, verifies,
    with_slot, zone,
};

/// External signatures; GenKey may replace it; nothing else.
const SIGNS: u16 = 0x2081;
/// P-256, private, PubInfo.
const PLAIN: u16 = 0x0033;

fn one_key(slot_config: u16, key_config: u16, keys: &[u8]) -> Bus {
    // No code in OTP: a part of a project's own.
    part(
        with_slot(zone(TNGTLS), 2, slot_config, key_config),
        b"",
        keys,
    )
}

/// Counter0, up to 16. Source: its encoding, one bit for each of these.
fn counter(bus: &Bus) -> u32 {
    let config = *bus.image(0).unwrap().config();
    let mut first = [0; 4];
    first.copy_from_slice(&config[52..56]);
    u32::from_be_bytes(first).count_zeros()
}

/// KeyConfig.PubInfo 0: it signs, and nobody is told its public half.
#[test]
fn a_key_that_hides_its_public_half_signs() {
    let bus = one_key(SIGNS, PLAIN & !0x02, &[0, 2]);
    let session = session(&bus);
    let key = private(&session, "1 slot 2");
    assert!(labelled(&session, ck::CKO_PUBLIC_KEY, "1 slot 2").is_none());
    let error = get(&session, key, ck::CKA_PUBLIC_KEY_INFO).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_ATTRIBUTE_TYPE_INVALID);
    let signature = sign(&session, key, [0x44; 32]).unwrap();
    assert!(verifies(scalar(2).verifying_key(), [0x44; 32], signature));
    // Without a key there is nothing to show.
    let empty = one_key(SIGNS, PLAIN & !0x02, &[0]);
    let found = objects(&crate::part::session(&empty), ck::CKO_PRIVATE_KEY);
    assert_eq!(found, [1]);
}

/// SlotConfig.LimitedUse: Counter0 tells what was used. Wherever the chip goes to
/// sleep or the bus fails, one call is one use at most; a signature whose answer
/// is lost is not made again, which for another key it is.
#[test]
fn a_use_that_counts_is_not_repeated() {
    let quiet = one_key(SIGNS | 0x20, PLAIN, &[0, 2]);
    let quiet_session = session(&quiet);
    let key = private(&quiet_session, "1 slot 2");
    for used in 1..=3 {
        let signature = sign(&quiet_session, key, [0x44; 32]).unwrap();
        assert!(verifies(scalar(2).verifying_key(), [0x44; 32], signature));
        assert_eq!(counter(&quiet), used);
    }
    let first = quiet.transactions();
    sign(&quiet_session, key, [0x44; 32]).unwrap();
    let length = quiet.transactions() - first;

    let failure = Failure {
        kind: FailureKind::Bus,
        heard: Heard::Nothing,
        after: Duration::ZERO,
    };
    let faults = [Fault::EarlyWatchdog, Fault::TransferFailed(failure)];
    let (mut lost, mut made_again) = (0, 0);
    for (fault, at) in faults
        .iter()
        .flat_map(|it| (0..length).map(move |at| (it, at)))
    {
        let used_by = |slot_config| {
            let bus = one_key(slot_config, PLAIN, &[0, 2]);
            let session = session(&bus);
            let key = private(&session, "1 slot 2");
            bus.set_faults(Faults::none().at(bus.transactions() + at, *fault));
            (sign(&session, key, [0x44; 32]).is_ok(), counter(&bus))
        };
        let (signed, used) = used_by(SIGNS | 0x20);
        assert!(used <= 1, "{fault:?} at {at}: {used} uses");
        lost += u32::from(!signed && used == 1);
        made_again += u32::from(!signed && used_by(SIGNS).0);
    }
    assert!(lost > 0 && made_again >= lost, "{lost} {made_again}");
}

/// Used up, it is shown as what it is: a key that signs nothing.
#[test]
fn a_key_that_is_used_up_does_not_sign() {
    let mut config = with_slot(zone(TNGTLS), 2, SIGNS | 0x20, PLAIN);
    // Source: the counter's encoding of 2097151, the last value.
    config[52..60].copy_from_slice(&[0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFF]);
    let session = session(&part(config, b"", &[0, 2]));
    let key = private(&session, "1 slot 2");
    assert_eq!(get(&session, key, ck::CKA_SIGN).unwrap(), [0]);
    let error = sign(&session, key, [0x44; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert!(error.to_string().contains("2097151"), "{error}");
}

/// KeyConfig.ReqAuth: what only another slot's key permits is not offered. The
/// chip does not tell the public half either.
#[test]
fn a_key_that_needs_an_authorization_is_not_shown() {
    let token = Arc::new(token(&one_key(SIGNS, PLAIN | 0x80 | 0x0600, &[0, 2])));
    let session = open(&token);
    assert_eq!(objects(&session, ck::CKO_PRIVATE_KEY), [1]);
    let chip = token
        .chip(nerves_key_pkcs11_core::token::Freshness::Recent)
        .unwrap();
    let said = chip.slots_without_key().unwrap();
    assert!(
        said.contains("a key that is of no use here in slot 2"),
        "{said}"
    );
    assert!(said.contains("an authorization with slot 6"), "{said}");
}

/// WriteConfig of PrivWrite: the key may come from outside.
#[test]
fn a_key_that_may_have_been_written_says_so() {
    let session = session(&one_key(0x6681, PLAIN, &[0, 2]));
    let local = |label| get(&session, private(&session, label), ck::CKA_LOCAL).unwrap();
    assert_eq!(local("1"), [1]);
    assert_eq!(local("1 slot 2"), [0]);
}

/// Somebody else has a new key made in slot 2. A session keeps the keys that
/// stay; the handle of the old one signs nothing, and stands for nothing once
/// the new one was seen.
#[test]
fn a_key_that_was_replaced_is_not_the_old_one() {
    let bus = one_key(SIGNS, PLAIN, &[0, 2]);
    let token = Arc::new(token(&bus));
    let session = open(&token);
    let (stays, old) = (private(&session, "1"), private(&session, "1 slot 2"));
    let mut other =
        atecc::Device::new(bus.i2c(), bus.delay()).with_address(BusAddress::TRUST_AND_GO);
    let mode = GenKeyMode::Create;
    let slot = Slot::S2;
    other.execute(GenKey { mode, slot }).unwrap();

    let error = sign(&session, old, [0x44; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{}", error.explained());
    let error = sign(&session, old, [0x44; 32]).unwrap_err();
    assert_eq!(
        error.rv(),
        ck::CKR_KEY_HANDLE_INVALID,
        "{}",
        error.explained()
    );
    let new = private(&session, "1 slot 2");
    assert_ne!(new, old);
    for (key, digest) in [(stays, [0x45; 32]), (new, [0x46; 32])] {
        sign(&session, key, digest).unwrap();
    }
    let error = get(&session, old, ck::CKA_ID).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_OBJECT_HANDLE_INVALID);
}
