//! Every refusal names the field that refuses, and a way out that is one.
//!
//! Names and bits: ATECC508A datasheet, Tables 2-5 and 2-7 to 2-12; ATECC608:
//! cryptoauthlib `calib_device.h`.

use atecc::config::LockState::{Locked, Unlocked};
use atecc::{ConfigZone, Slot};
use atecc_config::{
    Counter, KeyNeed, Need, Operation, Protection, Reason, Shift, Uses, i2c_address,
};

const SLOT: Slot = Slot::S5;

const COUNTER: Uses = Uses::Counter {
    value: Counter(7),
    limit: None,
};

const FINAL: &str = "none: the configuration is locked and stays so";
const CHANGE: &str = "change the configuration before it is locked";

/// What names the field, and what is to be done with an open and with a locked
/// configuration.
#[expect(clippy::too_many_lines, reason = "one row a reason")]
fn rows() -> Vec<(Reason, &'static str, [&'static str; 2])> {
    use Reason::*;
    let by_configuration = [CHANGE, FINAL];
    let other_slot = ["ask about the other slot"; 2];
    let keep_ecdh = ["keep it in the chip (ecdh-temp-key)"; 2];
    let keep_kdf = ["keep it in the chip (kdf-temp-key)"; 2];
    let temp_key = ["an ATECC608 keeps it in TempKey when asked to (ecdh-temp-key)"; 2];
    let gone = "none: uses do not come back";
    vec![
        (
            ConfigUnlocked,
            "byte 87",
            ["lock the configuration once it is final; it cannot be undone"; 2],
        ),
        (
            DataUnlocked,
            "byte 86",
            ["lock data and OTP once they are final; it cannot be undone"; 2],
        ),
        (PrivateKey, "KeyConfig.Private is 1", by_configuration),
        (NotPrivateKey, "KeyConfig.Private is 0", by_configuration),
        (NotP256, "KeyType is not 4", by_configuration),
        (PrivateNotSecret, "IsSecret, which is 0", by_configuration),
        (Secret, "IsSecret 1, EncryptRead 0", by_configuration),
        (
            OnlyEncryptedRead,
            "IsSecret 1, EncryptRead 1",
            ["read it encrypted, with the key in slot ReadKey"; 2],
        ),
        (
            IllegalRead,
            "EncryptRead is 1 without IsSecret",
            by_configuration,
        ),
        (
            NoEncryptedRead,
            "EncryptRead is 0",
            ["read it in the clear"; 2],
        ),
        (NeverWritten, "WriteConfig says never", by_configuration),
        (
            OnlyEncryptedWrite,
            "WriteConfig wants encrypted",
            ["write it encrypted, with the key in slot WriteKey"; 2],
        ),
        (
            NoEncryptedWrite,
            "WriteConfig has no encrypted",
            ["write it in the clear"; 2],
        ),
        (SessionKey(SLOT), "slot 5 encrypts it", by_configuration),
        (
            SlotLocked,
            "SlotLocked is 0",
            ["none: a slot's lock cannot be undone"; 2],
        ),
        (NoGenKey, "WriteConfig bit 1 is 0: GenKey", by_configuration),
        (
            NoPrivWrite,
            "WriteConfig bit 2 is 0: PrivWrite",
            by_configuration,
        ),
        (
            PublicKeyHidden,
            "PubInfo is 0: the public",
            by_configuration,
        ),
        (NoExternalSign, "ReadKey bit 0 is 0", by_configuration),
        (NoInternalSign, "ReadKey bit 1 is 0", by_configuration),
        (NothingToDescribe, "TempKey a digest", by_configuration),
        (NoEcdh, "ReadKey bit 2 is 0", by_configuration),
        (NoNextSlot, "an odd slot has not", temp_key),
        (
            NextSlotPrivate(SLOT),
            "slot 5, which holds a private key",
            temp_key,
        ),
        (NextSlotLocked(SLOT), "slot 5, which is locked", temp_key),
        (
            EcdhOutput(Protection::Encrypted),
            "bits 9-8: a secret leaves the chip encrypted only",
            ["ask for it encrypted (ecdh-encrypted), or keep it in the chip (ecdh-temp-key)"; 2],
        ),
        (
            EcdhOutput(Protection::Inside),
            "bits 9-8: no secret leaves",
            keep_ecdh,
        ),
        (
            EcdhOutput(Protection::Invalid),
            "bits 9-8: 3 is no valid",
            keep_ecdh,
        ),
        (
            EcdhOutput(Protection::Clear),
            "bits 9-8: a secret may leave",
            keep_ecdh,
        ),
        (
            KdfOutput(Protection::Encrypted),
            "bits 11-10: a secret leaves the chip encrypted only",
            ["ask for it encrypted (kdf-encrypted), or keep it in the chip (kdf-temp-key)"; 2],
        ),
        (
            KdfOutput(Protection::Inside),
            "bits 11-10: no secret leaves",
            keep_kdf,
        ),
        (NoIoKey, "ChipOptions bit 1 is 0", by_configuration),
        (NoKdfAes, "ChipOptions bit 2 is 0", by_configuration),
        (NoKdfTarget, "KeyType 6 or 7", by_configuration),
        (NoEcdhTarget, "secret of ECDH", by_configuration),
        (NoMac, "NoMac is 1", by_configuration),
        (
            TooShortForPublicKey,
            "too short for a public key",
            ["keep public keys in slots 8 to 15"; 2],
        ),
        (
            TooShortForSignature,
            "too short for a signature",
            by_configuration,
        ),
        (NotAesKey, "KeyType is not 6", by_configuration),
        (
            Only608,
            "an ATECC508A has no such command",
            ["use an ATECC608"; 2],
        ),
        (
            Only508,
            "an ATECC608 has no such command",
            ["use SHA in HMAC mode (sha-hmac)"; 2],
        ),
        (
            AesDisabled,
            "byte 13, bit 0",
            ["none: the manufacturer sets it"; 2],
        ),
        (
            NoDeriveKey,
            "bit 1 is 0: no target of DeriveKey",
            by_configuration,
        ),
        (
            PrivateParent,
            "slot WriteKey, which holds",
            by_configuration,
        ),
        (
            TwoAuthorizations,
            "slot and WriteKey both have KeyConfig.ReqAuth",
            by_configuration,
        ),
        (NotLockable, "KeyConfig.Lockable is 0", by_configuration),
        (
            UsedUp(COUNTER),
            "SlotConfig.LimitedUse",
            ["write FFFFFFFF00000000 to bytes 52 to 59", gone],
        ),
        (
            UsedUp(Uses::LastKeyUse(0)),
            "SlotConfig.LimitedUse",
            ["write FF to bytes 68 to 83", gone],
        ),
        (
            NoAuthorization(SLOT),
            "authorization with slot 5",
            by_configuration,
        ),
        (
            LatchNeverSet,
            "KeyConfig.PersistentDisable",
            by_configuration,
        ),
        (NoLatchPermission, "byte 69) is off", by_configuration),
        (NotLatchKey(SLOT), "byte 69) names slot 5", other_slot),
        (NotOdd, "odd slot of a pair", other_slot),
        (NotCopied, "ReadKey is not 0: CheckMac", by_configuration),
        (NoCheckMac, "CheckMac is refused", by_configuration),
        (NoValidity, "PubInfo is 0: the key", ["use it as it is"; 2]),
        (
            NoValidatingKey(SLOT),
            "Verify refuses the key in slot 5",
            by_configuration,
        ),
        (BadX509Format, "X509format", by_configuration),
        (SecureBootOff, "SecureBoot bits 1-0 are 0", by_configuration),
        (
            NotBootKey(SLOT),
            "its public key in slot 5, not in this one",
            other_slot,
        ),
        (
            NotBootStore(SLOT),
            "its digest or signature in slot 5",
            other_slot,
        ),
        (BootKeepsNothing, "SecureBoot mode 1", by_configuration),
        (
            NoBootKey(SLOT),
            "slot 5, with which it never succeeds",
            by_configuration,
        ),
    ]
}

#[test]
fn each_reason_and_its_way_out() {
    for (reason, field, [open, locked]) in rows() {
        let text = reason.to_string();
        assert!(text.contains(field), "{reason:?}: {text}");
        assert_eq!(reason.remedy(Unlocked), open, "{reason:?}");
        assert_eq!(reason.remedy(Locked), locked, "{reason:?}");
    }
}

#[test]
fn no_two_reasons_say_the_same() {
    let mut texts: Vec<_> = rows().iter().map(|row| row.0.to_string()).collect();
    let all = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all);
}

#[test]
fn each_need_of_a_key_names_its_field() {
    for (need, field) in [
        (KeyNeed::RandomNonce, "KeyConfig.ReqRandom"),
        (KeyNeed::Authorization(SLOT), "KeyConfig.ReqAuth"),
        (KeyNeed::Latch, "KeyConfig.PersistentDisable"),
        (KeyNeed::LatchUnconfirmed, "KeyConfig.PersistentDisable"),
        (KeyNeed::Use(COUNTER), "SlotConfig.LimitedUse"),
    ] {
        assert!(need.to_string().ends_with(&format!(" ({field})")), "{need}");
        let of_slot = Need::Key(SLOT, need).to_string();
        assert!(
            of_slot.ends_with(&format!(" ({field} of slot 5)")),
            "{of_slot}"
        );
    }
}

#[test]
fn an_operation_is_shown_by_its_name() {
    for operation in Operation::ALL {
        assert_eq!(operation.to_string(), operation.name());
        assert_eq!(operation.name().parse(), Ok(operation));
    }
}

/// Byte 16 holds the address, shifted left by one; an ATECC608 whose ChipMode
/// (byte 19) has bit 0 takes byte 85 unless that is 0.
#[test]
fn where_the_address_is() {
    for (revision, mode, extra, address) in [
        (0x60, 0x00, 0x6A, 0x60),
        (0x60, 0x01, 0x6A, 0x35),
        (0x60, 0x01, 0x00, 0x60),
        (0x60, 0xFE, 0x6A, 0x60),
        (0x60, 0xFF, 0x6A, 0x35),
        (0x50, 0x01, 0x6A, 0x60),
    ] {
        let mut zone = [0; 128];
        zone[..4].copy_from_slice(&[0x01, 0x23, 0x45, 0x67]);
        zone[6] = revision;
        zone[14] = 1;
        zone[16] = 0xC0;
        zone[19] = mode;
        zone[85] = extra;
        let found = i2c_address(&ConfigZone(zone));
        assert_eq!(
            found,
            Some(address),
            "{revision:02X} {mode:02X} {extra:02X}"
        );
    }
}

#[test]
fn a_shift_is_told_in_words() {
    for (by, after, from, words) in [
        (-1, 51, 51, "1 from byte 51 on: 1 byte is missing before it"),
        (
            1,
            8,
            53,
            "1 from byte 53 on: 1 byte is too many somewhere between bytes 8 and 53",
        ),
        (
            -16,
            8,
            36,
            "16 from byte 36 on: 16 bytes are missing somewhere between bytes 8 and 36",
        ),
        (2, 2, 2, "2 from byte 2 on: 2 bytes are too many before it"),
    ] {
        let shift = Shift { by, after, from };
        assert_eq!(shift.to_string(), format!("looks shifted by {words}"));
    }
}
