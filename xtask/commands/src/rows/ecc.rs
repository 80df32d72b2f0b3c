//! `ECDH`, `GenKey`, `SecureBoot`, `Sign` and `Verify`.

use atecc::command::Request;
use atecc::commands::{
    Afterwards, CreateTempKey, DigestPublicKey, DigestSource, Ecdh, EcdhMode, GenKey, GenKeyMode,
    IncludeSerial, InternalPurpose, NonceTarget, Protection, SecureBoot, SecureBootMode, Sign,
    SignInternal, Validate, ValidityChange, Verify, VerifyAnswer, VerifyKey,
};
use atecc::host::{
    BootKey, CommandHeader, InternalMessage, TempKeyState, Validity, gen_key_digest,
};
use atecc::{Opcode, Slot};
use sha2::{Digest, Sha256};

use super::sha::hash_public_key;
use super::{ONLY_608, TAKES_SLOT_15, TEMP_KEY as IN_TEMP_KEY, load_buffer, none};
use crate::chip::{
    CLEAR, KEY_BYTES, PRIVATE, PUBLIC, SERIAL, TEMP_KEY, TO_CERTIFY, TO_VALIDATE, config_608, load,
    public_key, signature,
};
use crate::row::{Param1, Row, bits, byte, group, request, row};

use DigestSource::{MessageDigestBuffer, TempKey};

pub(super) fn rows() -> Vec<Row> {
    let rows = [ecdh(), gen_key(), secure_boot(), sign(), verify()];
    rows.into_iter().flatten().collect()
}

fn ecdh() -> Vec<Row> {
    /// Bit 1 encrypts what is returned: nothing, where the chip keeps it.
    const KEPT: u8 = 0x02;
    let of = |mode, param1, how| {
        let peer = public_key();
        row(
            mode,
            byte(param1),
            |data| data.len() == 64,
            &Ecdh { mode: how, peer },
        )
    };
    let new = |mode, param1, how| of(mode, param1, how).only(ONLY_608);
    let by_temp_key = |mode, param1, how| new(mode, param1, how).after([request(&CreateTempKey)]);
    let modes = [
        of("slot, as configured", 0x00, EcdhMode::Compatible(PRIVATE)),
        new(
            "slot, as configured, encrypted",
            0x02,
            EcdhMode::CompatibleEncrypted(PRIVATE),
        ),
        new("slot to TempKey", 0x08, EcdhMode::SlotToTempKey(PRIVATE)).freeing(KEPT),
        new("slot to output", 0x0C, EcdhMode::SlotToOutput(PRIVATE)),
        new(
            "slot to output, encrypted",
            0x0E,
            EcdhMode::SlotToEncryptedOutput(PRIVATE),
        ),
        by_temp_key("TempKey to slot", 0x05, EcdhMode::TempKeyToSlot(CLEAR))
            .freeing(KEPT)
            .unconfirmed("what the slot's WriteConfig has to be"),
        by_temp_key("TempKey to TempKey", 0x09, EcdhMode::TempKeyToTempKey).freeing(KEPT),
        by_temp_key("TempKey to output", 0x0D, EcdhMode::TempKeyToOutput),
        by_temp_key(
            "TempKey to output, encrypted",
            0x0F,
            EcdhMode::TempKeyToEncryptedOutput,
        ),
    ];
    group("ECDH", 0x43, modes)
}

fn gen_key() -> Vec<Row> {
    // Three bytes, which the digest of a stored key needs, are ignored.
    let any: fn(&[u8]) -> bool = |data| matches!(data.len(), 0 | 3);
    let of = |mode, param1, data, what| {
        let command = GenKey {
            mode: what,
            slot: PRIVATE,
        };
        row(mode, byte(param1), data, &command)
    };
    let stored = |mode, data: fn(&[u8]) -> bool, other_data| {
        let command = DigestPublicKey {
            slot: PUBLIC,
            other_data,
        };
        // Bit 4 makes bits 3 and 2 irrelevant.
        row(mode, byte(0x10).free(0x0C), data, &command).after([load()])
    };
    let modes = [
        of("public key", 0x00, any, GenKeyMode::Public),
        of("new key", 0x04, none, GenKeyMode::Create).param2(|p2| p2 != IN_TEMP_KEY),
        of(
            "public key and its digest",
            0x08,
            any,
            GenKeyMode::PublicDigest,
        )
        .after([load()]),
        of(
            "new key and its digest",
            0x0C,
            none,
            GenKeyMode::CreateDigest,
        )
        .after([load()]),
        stored(
            "digest of a stored public key",
            |data| data.len() == 3,
            Some([0x00; 3]),
        ),
        stored("the same without other data", none, None).unconfirmed("seen on an ATECC508A only"),
        row("new key in TempKey", byte(0x04), none, &CreateTempKey)
            .param2(|p2| p2 == IN_TEMP_KEY)
            .only(ONLY_608)
            .elsewhere(TAKES_SLOT_15),
    ];
    group("GenKey", 0x40, modes)
}

fn secure_boot() -> Vec<Row> {
    let of = |mode, param1, what, protection, afterwards| {
        let digest = match protection {
            Protection::Clear => TEMP_KEY,
            Protection::Encrypted => BootKey::new(&KEY_BYTES, &TEMP_KEY).encrypt(&TEMP_KEY),
        };
        let command = SecureBoot {
            mode: what,
            digest,
            protection,
            afterwards,
        };
        let data: fn(&[u8]) -> bool = |data| matches!(data.len(), 32 | 96);
        row(mode, param1, data, &command).only(ONLY_608)
    };
    let plain = |mode, value, what| {
        of(
            mode,
            bits(0x3F, value),
            what,
            Protection::Clear,
            Afterwards::Nothing,
        )
    };
    let signed = signature(&TEMP_KEY);
    let modes = [
        plain("Full", 0x05, SecureBootMode::Full(signed)),
        plain("FullStore", 0x06, SecureBootMode::Stored),
        plain("FullCopy", 0x07, SecureBootMode::FullCopy(signed)),
        of(
            "prohibiting another one",
            bits(0x40, 0x40),
            SecureBootMode::Stored,
            Protection::Clear,
            Afterwards::Prohibit,
        ),
        of(
            "encrypted, with a MAC",
            bits(0x80, 0x80),
            SecureBootMode::Stored,
            Protection::Encrypted,
            Afterwards::Nothing,
        )
        .after([load()]),
    ];
    let by_analogy = "all but FullStore with a stored digest is by analogy";
    group(
        "SecureBoot",
        0x80,
        modes.map(|row| row.unconfirmed(by_analogy)),
    )
}

fn sign() -> Vec<Row> {
    let external = |mode, param1, source| {
        let slot = PRIVATE;
        // Bit 7 makes bits 6 and 0 irrelevant.
        row(mode, byte(param1).free(0x41), none, &Sign { source, slot })
    };
    let internal = |mode, param1: Param1, serial, purpose| {
        let command = SignInternal {
            slot: PRIVATE,
            serial,
            purpose,
        };
        row(mode, param1, none, &command).after([load(), crate::chip::mix()])
    };
    let (fixed, any) = (IncludeSerial::Fixed, InternalPurpose::Any);
    let modes = [
        external("external, TempKey", 0x80, TempKey).after([load()]),
        external("external, message digest buffer", 0xA0, MessageDigestBuffer)
            .only(ONLY_608)
            .after([load_buffer(NonceTarget::MessageDigestBuffer)]),
        internal("internal", bits(0xA0, 0x00), fixed, any),
        internal(
            "internal, whole serial number",
            bits(0xE0, 0x40),
            IncludeSerial::Whole,
            any,
        ),
        internal(
            "internal, to invalidate",
            bits(0xA1, 0x01),
            fixed,
            InternalPurpose::Invalidate,
        ),
    ];
    group("Sign", 0x41, modes)
}

/// `TempKey` made a digest of the key in [`TO_VALIDATE`].
fn digest_key() -> Request {
    request(&DigestPublicKey {
        slot: TO_VALIDATE,
        other_data: Some([0x00; 3]),
    })
}

/// What the key above [`TO_VALIDATE`] says after [`digest_key`].
fn validation(change: ValidityChange, answer: VerifyAnswer) -> Validate {
    // GenKeyData and SourceFlag.
    const FLAGS: u8 = 0x50;
    let validity = match change {
        ValidityChange::Validate => Validity::NotValidated,
        ValidityChange::Invalidate => Validity::Validated,
    };
    let signed = SignInternal {
        slot: PRIVATE,
        serial: IncludeSerial::Fixed,
        purpose: InternalPurpose::Any,
    };
    let head = CommandHeader::new(Opcode::GenKey, 0x00, 0x0000);
    let temp_key = gen_key_digest(head, &public_key(), &TEMP_KEY, &SERIAL);
    let flags = FLAGS | TO_VALIDATE.index();
    let state = TempKeyState::of(flags, &config_608(), TO_VALIDATE, validity);
    let message = InternalMessage::new(CommandHeader::of(&signed), &temp_key, &state, &SERIAL);
    Validate {
        change,
        slot: TO_VALIDATE,
        signature: signature(&message.digest()),
        other_data: message.other_data(),
        answer,
    }
}

fn verify() -> Vec<Row> {
    let of = |mode, param1, key, source, answer| {
        let message = match key {
            VerifyKey::ValidateExternal(_) => Sha256::digest(public_key().as_bytes()).into(),
            VerifyKey::External(_) | VerifyKey::Stored(_) => TEMP_KEY,
        };
        let command = Verify {
            key,
            source,
            signature: signature(&message),
            answer,
        };
        row(
            mode,
            param1,
            |data| matches!(data.len(), 64 | 128),
            &command,
        )
    };
    let plain = |mode, value, key| of(mode, bits(0x07, value), key, TempKey, VerifyAnswer::Status);
    let buffer = || load_buffer(NonceTarget::MessageDigestBuffer);
    let validate = |mode, param1, change, answer| {
        row(
            mode,
            param1,
            |data| data.len() == 83,
            &validation(change, answer),
        )
        .after([load(), digest_key()])
    };
    let (external, stored) = (VerifyKey::External(public_key()), VerifyKey::Stored(PUBLIC));
    let certified: Slot = TO_CERTIFY;
    let modes = [
        plain("Stored", 0x00, stored).after([load()]),
        plain(
            "ValidateExternal",
            0x01,
            VerifyKey::ValidateExternal(certified),
        )
        .after(hash_public_key(certified))
        .unconfirmed("whether X509format counts the padding's block"),
        plain("External", 0x02, external).after([load()]),
        validate(
            "Validate",
            bits(0x07, 0x03),
            ValidityChange::Validate,
            VerifyAnswer::Status,
        ),
        validate(
            "Invalidate",
            bits(0x07, 0x07),
            ValidityChange::Invalidate,
            VerifyAnswer::Status,
        ),
        of(
            "of the message digest buffer",
            bits(0x20, 0x20),
            stored,
            MessageDigestBuffer,
            VerifyAnswer::Status,
        )
        .only(ONLY_608)
        .after([buffer()]),
        of(
            "answered by a MAC",
            bits(0x80, 0x80),
            external,
            TempKey,
            VerifyAnswer::Mac,
        )
        .only(ONLY_608)
        .after([load(), buffer()]),
        validate(
            "Validate, answered by a MAC",
            bits(0x87, 0x83),
            ValidityChange::Validate,
            VerifyAnswer::Mac,
        )
        .only(ONLY_608)
        .after([buffer()]),
        validate(
            "Invalidate, answered by a MAC",
            bits(0x87, 0x87),
            ValidityChange::Invalidate,
            VerifyAnswer::Mac,
        )
        .only(ONLY_608)
        .after([buffer()]),
    ];
    group("Verify", 0x45, modes)
}
