//! Emulated parts with keys in several slots, and what a program sees of them.

use std::sync::{Arc, Mutex};

use atecc_emulator::{Bus, Chip, DATA_SIZE, Entropy, Image, Slot};
use cryptoki_sys as ck;
use nerves_key_device::{AnyBus, AnyDelay, AnyDevice, AnyWake, EmulatedBus, EmulatedDelay};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::attribute::TemplateAttribute;
use nerves_key_pkcs11_core::mechanism::Mechanism;
use nerves_key_pkcs11_core::output::{Capacity, Output};
use nerves_key_pkcs11_core::session::{Input, Session};
use nerves_key_pkcs11_core::token::Token;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

/// A real 608B-TNGTLS. Source: recording `ducky-608b-tngtls`.
pub(crate) const TNGTLS: &str = "\
    012321a10000600307d31d31016145006a000001850082008520852085200f8f\
    8f0f8f8f0f0f8f0f0f8f0f8f0f8f8f8f8f8f8f8fffffffff00000000ffffffff\
    00000000000000f700697600000000000000000000000000ffff0e6000000000\
    530053007300730073001c007c001c003c001a001c0010001c001c001c001c00";
/// TrustFLEX for TLS. Source: public projects; it is as the TFLXTLS data sheet's
/// table of slots has it. Bytes 0 to 15 as above.
pub(crate) const TFLXTLS: &str = "\
    012321a10000600307d31d31016145006c000001850082008520852085208f46\
    8f0f9f8f0f0f8f0f0f0f0f0f0f0f0f0f0d1f0f0fffffffff00000000ffffffff\
    00000000000003f700697600000000000000000000000000ffff0e6000000000\
    5300530073007300730038007c001c003c001a003c0030003c00300012003000";

/// A part for `LoRaWAN`: slot 1 as recording
/// `loramac-608a-tnglora-wake-read-idle` has it, the rest as TNGTLS (assumed).
pub(crate) fn tnglora() -> [u8; 128] {
    let mut config = zone(TNGTLS);
    config[16] = 0xB2;
    config[22..24].copy_from_slice(&[0x85, 0x8F]);
    config
}

pub(crate) fn zone(hex: &str) -> [u8; 128] {
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}

/// `zone` with another `SlotConfig` and `KeyConfig` of one slot.
pub(crate) fn with_slot(
    mut zone: [u8; 128],
    slot: usize,
    slot_config: u16,
    key_config: u16,
) -> [u8; 128] {
    zone[20 + 2 * slot..][..2].copy_from_slice(&slot_config.to_le_bytes());
    zone[96 + 2 * slot..][..2].copy_from_slice(&key_config.to_le_bytes());
    zone
}

/// The key that a test puts into a slot.
pub(crate) fn scalar(slot: u8) -> SigningKey {
    SigningKey::from_slice(&[0x11 + slot; 32]).unwrap()
}

/// A part with this configuration and OTP code, and keys in these slots.
pub(crate) fn part(config: [u8; 128], code: &[u8], keys: &[u8]) -> Bus {
    let mut otp = [0; 64];
    otp[..code.len()].copy_from_slice(code);
    let mut image = Image::from_zones(config, otp, [0; DATA_SIZE]).unwrap();
    for slot in keys {
        let place = image.slot_mut(Slot::new(*slot).unwrap());
        place[4..36].copy_from_slice(&scalar(*slot).to_bytes());
    }
    Bus::with_chip(Chip::new(image, Entropy::Seeded(7)).unwrap())
}

fn device(bus: &Bus) -> AnyDevice {
    let i2c = AnyBus::Emulated(EmulatedBus::InProcess(bus.i2c()));
    let delay = AnyDelay::Emulated(EmulatedDelay::InProcess(bus.delay()));
    atecc::Device::new(i2c, delay)
        .with_wake(AnyWake)
        .with_address(atecc::BusAddress::new(bus.addresses()[0]).unwrap())
}

/// Slot 1, with the part on `bus`.
pub(crate) fn token(bus: &Bus) -> Token {
    let bus = Arc::new(Mutex::new(bus.clone()));
    Token::with_opener(1, "a socket".into(), move || {
        Ok(device(&bus.lock().unwrap()))
    })
}

pub(crate) fn open(token: &Arc<Token>) -> Session {
    let flags = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
    Session::open(Arc::clone(token), flags).unwrap()
}

pub(crate) fn session(bus: &Bus) -> Session {
    open(&Arc::new(token(bus)))
}

/// The objects of a class.
pub(crate) fn objects(session: &Session, class: ck::CK_OBJECT_CLASS) -> Vec<ck::CK_OBJECT_HANDLE> {
    let class = class.to_ne_bytes();
    let template = TemplateAttribute {
        kind: ck::CKA_CLASS,
        value: &class,
    };
    session.find_begin(&[template]).unwrap();
    let found = session.find(100).unwrap();
    session.find_end().unwrap();
    found
}

pub(crate) fn get(
    session: &Session,
    object: ck::CK_OBJECT_HANDLE,
    kind: ck::CK_ATTRIBUTE_TYPE,
) -> Result<Vec<u8>, Error> {
    session.object(object, |object| object.attribute(kind).map(<[u8]>::to_vec))
}

/// The private or public key with this label.
pub(crate) fn labelled(
    session: &Session,
    class: ck::CK_OBJECT_CLASS,
    label: &str,
) -> Option<ck::CK_OBJECT_HANDLE> {
    let is_it = |object: &ck::CK_OBJECT_HANDLE| {
        get(session, *object, ck::CKA_LABEL).is_ok_and(|found| found == label.as_bytes())
    };
    objects(session, class).into_iter().find(is_it)
}

pub(crate) fn private(session: &Session, label: &str) -> ck::CK_OBJECT_HANDLE {
    labelled(session, ck::CKO_PRIVATE_KEY, label).unwrap()
}

pub(crate) fn sign(
    session: &Session,
    key: ck::CK_OBJECT_HANDLE,
    digest: [u8; 32],
) -> Result<[u8; 64], Error> {
    session.sign_begin(Some(Mechanism::Plain(ck::CKM_ECDSA)), key)?;
    match session.sign(Input::Whole(&digest), Capacity::Places(64))? {
        Output::Ready(signature) => Ok(signature),
        Output::Needs(_) => panic!("there was room"),
    }
}

/// By the `p256` crate, as somebody else would do it.
pub(crate) fn verifies(key: &VerifyingKey, digest: [u8; 32], signature: [u8; 64]) -> bool {
    let signature = Signature::from_slice(&signature).unwrap();
    key.verify_prehash(&digest, &signature).is_ok()
}
