//! `AES` and `KDF`, ATECC608 only.

use atecc::commands::{
    Aes, AesGfm, AesKey, AesMode, HkdfKey, HkdfMessage, Kdf, KdfFunction, KdfSource, KdfTarget,
    KeyBlock, LoadNonce64, NonceTarget, NonceTarget64, PrfKeyLength, PrfResult,
};

use super::{ONLY_608, TEMP_KEY, load_buffer};
use crate::chip::{AES_KEYS, DERIVED, IV, KEY, load};
use crate::row::{Param1, Row, bits, byte, group, request, row};

/// 32 bytes, with what the mode IV looks for at the start.
const MESSAGE: [u8; 32] = {
    let mut message = [0x4D; 32];
    (message[0], message[1]) = (IV[0], IV[1]);
    message
};

pub(super) fn rows() -> Vec<Row> {
    let rows = [aes(), kdf()];
    rows.into_iter().flatten().collect()
}

fn aes() -> Vec<Row> {
    let block = |data: &[u8]| data.len() == 16;
    let of = |name, param1, mode, key| {
        let command = Aes {
            mode,
            key,
            input: [0x1B; 16],
        };
        row(name, param1, block, &command).only(ONLY_608)
    };
    let slot = |name, value, mode| {
        let key = AesKey::Slot(AES_KEYS, KeyBlock::First);
        of(name, bits(0x3F, value), mode, key).param2(|p2| p2 != TEMP_KEY)
    };
    let temp_key = |name, value, mode| {
        let key = AesKey::TempKey(KeyBlock::First);
        of(name, bits(0x3F, value), mode, key)
            .param2(|p2| p2 == TEMP_KEY)
            .after([load()])
    };
    let part = |name, value, part| {
        let key = AesKey::Slot(AES_KEYS, part);
        of(name, bits(0xC0, value), AesMode::Encrypt, key)
    };
    let (encrypt, decrypt) = (AesMode::Encrypt, AesMode::Decrypt);
    let gfm = AesGfm {
        h: [0x66; 16],
        input: [0x03; 16],
    };
    let modes = [
        slot("encrypt, slot", 0x00, encrypt),
        temp_key("encrypt, TempKey", 0x00, encrypt),
        slot("decrypt, slot", 0x01, decrypt),
        temp_key("decrypt, TempKey", 0x01, decrypt),
        part("key block 1", 0x40, KeyBlock::Second),
        part("key block 2", 0x80, KeyBlock::Third),
        part("key block 3", 0xC0, KeyBlock::Fourth),
        row("GFM", byte(0x03), |data| data.len() == 32, &gfm).only(ONLY_608),
    ];
    group("AES", 0x51, modes)
}

/// Bits 1 and 0 of the details of HKDF, then its zero key.
fn is_hkdf(data: &[u8], mask: u8, value: u8) -> bool {
    data.first().is_some_and(|details| details & mask == value)
}

/// The second byte of the details of PRF.
fn is_prf(data: &[u8], value: u8) -> bool {
    data.get(1).is_some_and(|details| details & 0x07 == value)
}

/// The key that functions are tried with.
const SOURCE: KdfSource = KdfSource::Slot(KEY);
const TARGET: KdfTarget = KdfTarget::Output;
/// The function that sources and targets are tried with.
const INPUT: KdfFunction<'_> = extract(HkdfMessage::Input(&MESSAGE));

const fn extract(message: HkdfMessage<'_>) -> KdfFunction<'_> {
    let key = HkdfKey::Source;
    KdfFunction::Hkdf { key, message }
}

const fn prf_of(result: PrfResult) -> KdfFunction<'static> {
    KdfFunction::Prf {
        key: PrfKeyLength::Bytes32,
        result,
        message: &MESSAGE,
    }
}

fn derive(
    mode: &'static str,
    param1: Param1,
    data: fn(&[u8]) -> bool,
    (source, target): (KdfSource, KdfTarget),
    function: KdfFunction<'_>,
) -> Row {
    let command = Kdf::new(source, target, function).expect("a message that fits");
    let load_64 = LoadNonce64 {
        target: NonceTarget64::TempKey,
        value: [0x7E; 64],
    };
    let before = [
        request(&load_64),
        load_buffer(NonceTarget::AlternateKeyBuffer),
    ];
    row(mode, param1, data, &command)
        .only(ONLY_608)
        .after(before)
        .unconfirmed("KDF has no full public description; what it refuses, and how, is inferred")
}

fn kdf() -> Vec<Row> {
    let mut modes = sources_and_targets();
    modes.extend(functions());
    group("KDF", 0x56, modes)
}

fn sources_and_targets() -> Vec<Row> {
    let any: fn(&[u8]) -> bool = |data| data.len() >= 4;
    let from = |mode, value, source| derive(mode, bits(0x03, value), any, (source, TARGET), INPUT);
    let to = |mode, value, target| derive(mode, bits(0x1C, value), any, (SOURCE, target), INPUT);
    let other = KdfSource::AlternateKeyBuffer;
    let buffer = KdfTarget::AlternateKeyBuffer;
    vec![
        from("of TempKey", 0x00, KdfSource::TempKey),
        from("of upper TempKey", 0x01, KdfSource::TempKeyUpper),
        from("of a slot", 0x02, SOURCE),
        from("of the alternate key buffer", 0x03, other),
        to("to TempKey", 0x00, KdfTarget::TempKey),
        to("to upper TempKey", 0x04, KdfTarget::TempKeyUpper),
        to("to a slot", 0x08, KdfTarget::Slot(DERIVED)),
        to("to the alternate key buffer", 0x0C, buffer),
        to("to output", 0x10, TARGET),
        to("to output, encrypted", 0x14, KdfTarget::EncryptedOutput),
    ]
}

fn functions() -> Vec<Row> {
    type IsOf = fn(&[u8]) -> bool;
    let ends = (SOURCE, TARGET);
    let prf = |mode, data: IsOf, result| derive(mode, bits(0x60, 0x00), data, ends, prf_of(result));
    let hkdf = |mode, data: IsOf, function| derive(mode, bits(0x60, 0x40), data, ends, function);
    let aes = KdfFunction::Aes {
        key: KeyBlock::First,
        message: &[0x1B; 16],
    };
    let zero = KdfFunction::Hkdf {
        key: HkdfKey::Zero,
        message: HkdfMessage::Input(&MESSAGE),
    };
    vec![
        prf(
            "PRF, 32 bytes",
            |data| is_prf(data, 0x00),
            PrfResult::Bytes32,
        ),
        prf(
            "PRF, 64 bytes",
            |data| is_prf(data, 0x01),
            PrfResult::Bytes64,
        ),
        derive(
            "PRF, 32 bytes to the target and 32 returned",
            bits(0x60, 0x00),
            |data| is_prf(data, 0x03),
            (SOURCE, KdfTarget::TempKey),
            prf_of(PrfResult::Split),
        ),
        derive("AES", bits(0x60, 0x20), |data| data.len() == 20, ends, aes),
        hkdf(
            "HKDF, message in a slot",
            |data| is_hkdf(data, 0x03, 0x00),
            extract(HkdfMessage::Slot(KEY)),
        ),
        hkdf(
            "HKDF, message in TempKey",
            |data| is_hkdf(data, 0x03, 0x01),
            extract(HkdfMessage::TempKey),
        ),
        hkdf(
            "HKDF, message in the command",
            |data| is_hkdf(data, 0x03, 0x02),
            INPUT,
        ),
        hkdf(
            "HKDF, message with IV",
            |data| is_hkdf(data, 0x03, 0x03),
            extract(HkdfMessage::Iv(&MESSAGE)),
        ),
        hkdf("HKDF, zero key", |data| is_hkdf(data, 0x04, 0x04), zero),
    ]
}
