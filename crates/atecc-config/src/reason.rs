//! Why a command is refused.

use core::fmt;

use atecc::Slot;
use atecc::config::LockState;

use crate::{Protection, Uses};

/// Why the chip would refuse. Each has a [remedy](Reason::remedy).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Byte 87 is 0x55.
    ConfigUnlocked,
    /// Byte 86 is 0x55.
    DataUnlocked,
    /// KeyConfig.Private is 1.
    PrivateKey,
    /// KeyConfig.Private is 0.
    NotPrivateKey,
    /// KeyType is not P-256.
    NotP256,
    /// A private key without IsSecret.
    PrivateNotSecret,
    /// IsSecret 1, EncryptRead 0.
    Secret,
    /// IsSecret 1, EncryptRead 1: only encrypted.
    OnlyEncryptedRead,
    /// EncryptRead 1 without IsSecret.
    IllegalRead,
    /// EncryptRead 0: there is no encrypted read.
    NoEncryptedRead,
    /// WriteConfig forbids it.
    NeverWritten,
    /// WriteConfig asks for encryption.
    OnlyEncryptedWrite,
    /// WriteConfig has no encryption.
    NoEncryptedWrite,
    /// `GenDig` refuses the key that would encrypt.
    SessionKey(Slot),
    /// SlotLocked.
    SlotLocked,
    /// WriteConfig bit 1 is 0: `GenKey` may not create.
    NoGenKey,
    /// WriteConfig bit 2 is 0: `PrivWrite` may not write.
    NoPrivWrite,
    /// KeyConfig.PubInfo is 0.
    PublicKeyHidden,
    /// ReadKey bit 0 is 0.
    NoExternalSign,
    /// ReadKey bit 1 is 0.
    NoInternalSign,
    /// No slot gives `TempKey` a digest that `Sign` may describe.
    NothingToDescribe,
    /// ReadKey bit 2 is 0.
    NoEcdh,
    /// ReadKey bit 3 on an odd slot.
    NoNextSlot,
    /// ReadKey bit 3, and a private key in the next slot *(unconfirmed)*.
    NextSlotPrivate(Slot),
    /// ReadKey bit 3, and the next slot is locked.
    NextSlotLocked(Slot),
    /// ChipOptions bits 9-8 forbid this output.
    EcdhOutput(Protection),
    /// ChipOptions bits 11-10 forbid this output.
    KdfOutput(Protection),
    /// ChipOptions bit 1 is 0: there is no key that encrypts outputs.
    NoIoKey,
    /// ChipOptions bit 2 is 0.
    NoKdfAes,
    /// PubInfo, KeyType or WriteConfig forbid a `KDF` result *(unconfirmed)*.
    NoKdfTarget,
    /// WriteConfig is not 0 *(unconfirmed)*.
    NoEcdhTarget,
    /// SlotConfig.NoMac.
    NoMac,
    /// A slot below 8 is too short.
    TooShortForPublicKey,
    /// A slot below 8 is too short.
    TooShortForSignature,
    /// KeyType is not AES.
    NotAesKey,
    /// An ATECC508A has no such command.
    Only608,
    /// An ATECC608 has no such command.
    Only508,
    /// Byte 13, bit 0.
    AesDisabled,
    /// WriteConfig bit 1 is 0: no `DeriveKey` target.
    NoDeriveKey,
    /// `DeriveKey` from a private key, or with a MAC by one.
    PrivateParent,
    /// The slot and its parent both ask for an authorization, and the first
    /// uses it up *(unconfirmed)*.
    TwoAuthorizations,
    /// KeyConfig.Lockable is 0.
    NotLockable,
    /// SlotConfig.LimitedUse, and nothing left.
    UsedUp(Uses),
    /// KeyConfig.ReqAuth names a slot whose key authorizes nothing.
    NoAuthorization(Slot),
    /// KeyConfig.PersistentDisable, and nothing sets the latch.
    LatchNeverSet,
    /// VolatileKeyPermission is off.
    NoLatchPermission,
    /// VolatileKeyPermission names this slot instead.
    NotLatchKey(Slot),
    /// `CheckMac` copies keys of odd slots only.
    NotOdd,
    /// ReadKey is not 0: `CheckMac` does not copy it.
    NotCopied,
    /// Neither slot of the pair does `CheckMac`.
    NoCheckMac,
    /// PubInfo is 0: nothing to validate.
    NoValidity,
    /// `Verify` refuses the public key that ReadKey names.
    NoValidatingKey(Slot),
    /// X509format has the key in no block before the end.
    BadX509Format,
    /// SecureBoot bits 1-0 are 0.
    SecureBootOff,
    /// SecureBoot has its public key in this slot instead.
    NotBootKey(Slot),
    /// SecureBoot keeps digest or signature in this slot instead.
    NotBootStore(Slot),
    /// SecureBoot mode 1 keeps nothing *(unconfirmed)*.
    BootKeepsNothing,
    /// What is kept needs a public key, which refuses.
    NoBootKey(Slot),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionKey(slot) => {
                write!(f, "the key in {slot} encrypts it, which GenDig refuses")
            }
            Self::NextSlotPrivate(slot) => write!(
                f,
                "SlotConfig.ReadKey bit 3 sends the secret to {slot}, which holds a private key"
            ),
            Self::NextSlotLocked(slot) => write!(
                f,
                "SlotConfig.ReadKey bit 3 sends the secret to {slot}, which is locked"
            ),
            Self::EcdhOutput(protection) => {
                write!(f, "ChipOptions bits 9-8: {}", output(*protection))
            }
            Self::KdfOutput(protection) => {
                write!(f, "ChipOptions bits 11-10: {}", output(*protection))
            }
            Self::UsedUp(uses) => {
                write!(f, "no use is left: {uses} (SlotConfig.LimitedUse)")
            }
            Self::NoAuthorization(slot) => write!(
                f,
                "it needs an authorization with {slot}, which gives none (KeyConfig.ReqAuth)"
            ),
            Self::NotLatchKey(slot) => write!(
                f,
                "VolatileKeyPermission (byte 69) names {slot}, not this one"
            ),
            Self::NoValidatingKey(slot) => write!(
                f,
                "Verify refuses the key in {slot} (SlotConfig.ReadKey), which would validate it"
            ),
            Self::NotBootKey(slot) => {
                write!(
                    f,
                    "SecureBoot has its public key in {slot}, not in this one"
                )
            }
            Self::NotBootStore(slot) => write!(
                f,
                "SecureBoot keeps its digest or signature in {slot}, not in this one"
            ),
            Self::NoBootKey(slot) => write!(
                f,
                "SecureBoot has its public key in {slot}, with which it never succeeds"
            ),
            _ => f.write_str(self.text()),
        }
    }
}

const fn output(protection: Protection) -> &'static str {
    match protection {
        Protection::Clear => "a secret may leave the chip",
        Protection::Encrypted => "a secret leaves the chip encrypted only",
        Protection::Inside => "no secret leaves the chip",
        Protection::Invalid => "3 is no valid value; no secret leaves the chip (unconfirmed)",
    }
}

impl Reason {
    /// Of those that name nothing else.
    const fn text(self) -> &'static str {
        match self {
            Self::ConfigUnlocked => "the configuration is not locked (byte 87 is 55)",
            Self::DataUnlocked => "data and OTP are not locked (byte 86 is 55)",
            Self::PrivateKey => "the slot holds a private key (KeyConfig.Private is 1)",
            Self::NotPrivateKey => "the slot holds no private key (KeyConfig.Private is 0)",
            Self::NotP256 => "the slot's key is not of P-256 (KeyConfig.KeyType is not 4)",
            Self::PrivateNotSecret => "a private key needs SlotConfig.IsSecret, which is 0",
            Self::Secret => "the slot is secret (SlotConfig.IsSecret 1, EncryptRead 0)",
            Self::OnlyEncryptedRead => {
                "the slot is read encrypted only (SlotConfig.IsSecret 1, EncryptRead 1)"
            }
            Self::IllegalRead => "SlotConfig.EncryptRead is 1 without IsSecret, which is illegal",
            Self::NoEncryptedRead => "SlotConfig.EncryptRead is 0",
            Self::NeverWritten => "SlotConfig.WriteConfig says never",
            Self::OnlyEncryptedWrite => "SlotConfig.WriteConfig wants encrypted writes",
            Self::NoEncryptedWrite => "SlotConfig.WriteConfig has no encrypted writes",
            Self::SlotLocked => "the slot is locked (its bit of SlotLocked is 0)",
            Self::NoGenKey => "SlotConfig.WriteConfig bit 1 is 0: GenKey may not create a key",
            Self::NoPrivWrite => "SlotConfig.WriteConfig bit 2 is 0: PrivWrite is forbidden",
            Self::PublicKeyHidden => "KeyConfig.PubInfo is 0: the public key stays in the chip",
            Self::NoExternalSign => "SlotConfig.ReadKey bit 0 is 0: no external signatures",
            Self::NoInternalSign => "SlotConfig.ReadKey bit 1 is 0: no internal signatures",
            Self::NothingToDescribe => {
                "no slot gives TempKey a digest that could be signed: GenDig and GenKey are refused"
            }
            Self::NoEcdh => "SlotConfig.ReadKey bit 2 is 0: no ECDH",
            Self::NoNextSlot => {
                "SlotConfig.ReadKey bit 3 sends the secret to the next slot, which an odd slot \
                 has not"
            }
            Self::NoIoKey => "ChipOptions bit 1 is 0: there is no IO protection key",
            Self::NoKdfAes => "ChipOptions bit 2 is 0: no AES in KDF",
            Self::NoKdfTarget => {
                "a result of KDF goes only where PubInfo is 1, KeyType 6 or 7, and WriteConfig 0 \
                 (unconfirmed)"
            }
            Self::NoEcdhTarget => {
                "a secret of ECDH goes only where SlotConfig.WriteConfig is 0 (unconfirmed)"
            }
            Self::NoMac => "SlotConfig.NoMac is 1",
            Self::TooShortForPublicKey => "a slot below 8 is too short for a public key",
            Self::TooShortForSignature => "a slot below 8 is too short for a signature",
            Self::NotAesKey => "the slot's key is no AES key (KeyConfig.KeyType is not 6)",
            Self::Only608 => "an ATECC508A has no such command",
            Self::Only508 => "an ATECC608 has no such command",
            Self::AesDisabled => "AES is disabled in this part (byte 13, bit 0 is 0)",
            Self::NoDeriveKey => "SlotConfig.WriteConfig bit 1 is 0: no target of DeriveKey",
            Self::PrivateParent => {
                "the key is derived with slot WriteKey, which holds a private key"
            }
            Self::TwoAuthorizations => {
                "slot and WriteKey both have KeyConfig.ReqAuth, and the first uses the \
                 authorization up (unconfirmed)"
            }
            Self::NotLockable => "KeyConfig.Lockable is 0",
            Self::LatchNeverSet => {
                "it needs the persistent latch (KeyConfig.PersistentDisable), which nothing can set"
            }
            Self::NoLatchPermission => {
                "VolatileKeyPermission (byte 69) is off: no key permits the latch"
            }
            Self::NotOdd => "CheckMac copies the key of the odd slot of a pair",
            Self::NotCopied => "SlotConfig.ReadKey is not 0: CheckMac does not copy the key",
            Self::NoCheckMac => "CheckMac is refused with this slot and with the one before",
            Self::NoValidity => "KeyConfig.PubInfo is 0: the key needs no validation",
            Self::BadX509Format => "X509format has the key in no block before the end",
            Self::SecureBootOff => "SecureBoot bits 1-0 are 0: it is off",
            Self::BootKeepsNothing => "SecureBoot mode 1 keeps nothing (unconfirmed)",
            // These have a slot or more to name.
            Self::SessionKey(_)
            | Self::NextSlotPrivate(_)
            | Self::NextSlotLocked(_)
            | Self::EcdhOutput(_)
            | Self::KdfOutput(_)
            | Self::UsedUp(_)
            | Self::NoAuthorization(_)
            | Self::NotLatchKey(_)
            | Self::NoValidatingKey(_)
            | Self::NotBootKey(_)
            | Self::NotBootStore(_)
            | Self::NoBootKey(_) => "",
        }
    }

    /// What could be done about it, the configuration being open or locked.
    #[must_use]
    pub const fn remedy(self, configuration: LockState) -> &'static str {
        match self {
            Self::ConfigUnlocked => "lock the configuration once it is final; it cannot be undone",
            Self::DataUnlocked => "lock data and OTP once they are final; it cannot be undone",
            Self::OnlyEncryptedRead => "read it encrypted, with the key in slot ReadKey",
            Self::NoEncryptedRead => "read it in the clear",
            Self::OnlyEncryptedWrite => "write it encrypted, with the key in slot WriteKey",
            Self::NoEncryptedWrite => "write it in the clear",
            Self::SlotLocked => "none: a slot's lock cannot be undone",
            Self::Only608 => "use an ATECC608",
            Self::Only508 => "use SHA in HMAC mode (sha-hmac)",
            Self::AesDisabled => "none: the manufacturer sets it",
            Self::TooShortForPublicKey => "keep public keys in slots 8 to 15",
            Self::EcdhOutput(Protection::Encrypted) => {
                "ask for it encrypted (ecdh-encrypted), or keep it in the chip (ecdh-temp-key)"
            }
            Self::EcdhOutput(_) => "keep it in the chip (ecdh-temp-key)",
            Self::KdfOutput(Protection::Encrypted) => {
                "ask for it encrypted (kdf-encrypted), or keep it in the chip (kdf-temp-key)"
            }
            Self::KdfOutput(_) => "keep it in the chip (kdf-temp-key)",
            Self::NextSlotPrivate(_) | Self::NextSlotLocked(_) | Self::NoNextSlot => {
                "an ATECC608 keeps it in TempKey when asked to (ecdh-temp-key)"
            }
            Self::UsedUp(_) if configuration.is_locked() => "none: uses do not come back",
            Self::UsedUp(Uses::Counter { .. }) => "write FFFFFFFF00000000 to bytes 52 to 59",
            Self::UsedUp(Uses::LastKeyUse(_)) => "write FF to bytes 68 to 83",
            Self::NotBootKey(_) | Self::NotBootStore(_) | Self::NotLatchKey(_) | Self::NotOdd => {
                "ask about the other slot"
            }
            Self::NoValidity => "use it as it is",
            _ if configuration.is_locked() => "none: the configuration is locked and stays so",
            _ => "change the configuration before it is locked",
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::{KeyNeed, Need, SessionNonce};

    /// What is said names the bit and the way out, if there is one.
    #[test]
    fn each_reason_has_its_remedy() {
        let (open, locked) = (LockState::Unlocked, LockState::Locked);
        for (reason, state, said, remedy) in [
            (
                Reason::ConfigUnlocked,
                open,
                "byte 87",
                "lock the configuration",
            ),
            (Reason::DataUnlocked, locked, "byte 86", "lock data and OTP"),
            (
                Reason::OnlyEncryptedRead,
                locked,
                "EncryptRead 1",
                "slot ReadKey",
            ),
            (
                Reason::NoEncryptedRead,
                locked,
                "EncryptRead is 0",
                "read it in the clear",
            ),
            (
                Reason::OnlyEncryptedWrite,
                locked,
                "WriteConfig",
                "slot WriteKey",
            ),
            (
                Reason::NoEncryptedWrite,
                locked,
                "WriteConfig",
                "write it in the clear",
            ),
            (
                Reason::SlotLocked,
                open,
                "SlotLocked",
                "none: a slot's lock",
            ),
            (Reason::Only608, locked, "ATECC508A", "use an ATECC608"),
            (
                Reason::AesDisabled,
                open,
                "byte 13",
                "none: the manufacturer",
            ),
            (
                Reason::TooShortForPublicKey,
                locked,
                "below 8",
                "slots 8 to 15",
            ),
            (
                Reason::NoMac,
                locked,
                "NoMac is 1",
                "none: the configuration",
            ),
            (Reason::NoMac, open, "NoMac is 1", "before it is locked"),
        ] {
            assert!(reason.to_string().contains(said), "{reason}");
            let found = reason.remedy(state);
            assert!(found.contains(remedy), "{reason}: {found}");
        }
    }

    #[test]
    fn needs_name_their_slot() {
        let slot = Slot::S5;
        for need in [
            Need::Key(Slot::S0, KeyNeed::Authorization(slot)),
            Need::Key(slot, KeyNeed::RandomNonce),
            Need::SessionKey(slot, SessionNonce::Random),
        ] {
            assert!(need.to_string().contains("slot 5"), "{need}");
        }
    }
}
