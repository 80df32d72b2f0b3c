//! `AES` and `KDF`, ATECC608 only.

use atecc::commands::{
    Aes, AesGfm, AesKey, AesMode, HkdfKey, HkdfMessage, Kdf, KdfFunction, KdfSource, KdfTarget,
    KeyBlock, LoadNonce64, NonceTarget, NonceTarget64, PrfKeyLength, PrfResult,
};

use super::{ONLY_608, TEMP_KEY, load_buffer};
use crate::commands::chip::{AES_KEYS, DERIVED, IV, KEY, load};
use crate::commands::row::{Param1, Row, bits, byte, group, request, row};

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
fn hkdf(data: &[u8], mask: u8, value: u8) -> bool {
    data.first().is_some_and(|details| details & mask == value)
}

/// The second byte of the details of PRF.
fn prf(data: &[u8], value: u8) -> bool {
    data.get(1).is_some_and(|details| details & 0x07 == value)
}

fn kdf() -> Vec<Row> {
    let of = |mode, param1: Param1, data, source, target, function| {
        let command = Kdf::new(source, target, function).expect("a message that fits");
        let load_64 = LoadNonce64 {
            target: NonceTarget64::TempKey,
            value: [0x7E; 64],
        };
        row(mode, param1, data, &command).only(ONLY_608).after([
            request(&load_64),
            load_buffer(NonceTarget::AlternateKeyBuffer),
        ])
    };
    let any: fn(&[u8]) -> bool = |data| data.len() >= 4;
    let extract = |message| KdfFunction::Hkdf {
        key: HkdfKey::Source,
        message,
    };
    let input = extract(HkdfMessage::Input(&MESSAGE));
    let (key, output) = (KdfSource::Slot(KEY), KdfTarget::Output);
    let from = |mode, value, source| of(mode, bits(0x03, value), any, source, output, input);
    let to = |mode, value, target| of(mode, bits(0x1C, value), any, key, target, input);
    let by = |mode, value, data, function| of(mode, bits(0x60, value), data, key, output, function);
    let result = |result| KdfFunction::Prf {
        key: PrfKeyLength::Bytes32,
        result,
        message: &MESSAGE,
    };
    let aes = KdfFunction::Aes {
        key: KeyBlock::First,
        message: &[0x1B; 16],
    };
    let zero = KdfFunction::Hkdf {
        key: HkdfKey::Zero,
        message: HkdfMessage::Input(&MESSAGE),
    };
    let split = of(
        "PRF, 32 bytes to the target and 32 returned",
        bits(0x60, 0x00),
        |data| prf(data, 0x03),
        key,
        KdfTarget::TempKey,
        result(PrfResult::Split),
    );
    let modes = [
        from("of TempKey", 0x00, KdfSource::TempKey),
        from("of upper TempKey", 0x01, KdfSource::TempKeyUpper),
        from("of a slot", 0x02, key),
        from(
            "of the alternate key buffer",
            0x03,
            KdfSource::AlternateKeyBuffer,
        ),
        to("to TempKey", 0x00, KdfTarget::TempKey),
        to("to upper TempKey", 0x04, KdfTarget::TempKeyUpper),
        to("to a slot", 0x08, KdfTarget::Slot(DERIVED)),
        to(
            "to the alternate key buffer",
            0x0C,
            KdfTarget::AlternateKeyBuffer,
        ),
        to("to output", 0x10, output),
        to("to output, encrypted", 0x14, KdfTarget::EncryptedOutput),
        by(
            "PRF, 32 bytes",
            0x00,
            |data| prf(data, 0x00),
            result(PrfResult::Bytes32),
        ),
        by(
            "PRF, 64 bytes",
            0x00,
            |data| prf(data, 0x01),
            result(PrfResult::Bytes64),
        ),
        split,
        by("AES", 0x20, |data| data.len() == 20, aes),
        by(
            "HKDF, message in a slot",
            0x40,
            |data| hkdf(data, 0x03, 0x00),
            extract(HkdfMessage::Slot(KEY)),
        ),
        by(
            "HKDF, message in TempKey",
            0x40,
            |data| hkdf(data, 0x03, 0x01),
            extract(HkdfMessage::TempKey),
        ),
        by(
            "HKDF, message in the command",
            0x40,
            |data| hkdf(data, 0x03, 0x02),
            input,
        ),
        by(
            "HKDF, message with IV",
            0x40,
            |data| hkdf(data, 0x03, 0x03),
            extract(HkdfMessage::Iv(&MESSAGE)),
        ),
        by("HKDF, zero key", 0x40, |data| hkdf(data, 0x04, 0x04), zero),
    ];
    let not_public = "KDF has no full public description; what it refuses, and how, is inferred";
    group("KDF", 0x56, modes.map(|row| row.unconfirmed(not_public)))
}
