//! Why a command is refused, and what it needs.

use core::fmt;

use atecc::Slot;
use atecc::config::LockState;

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
    /// ReadKey bit 2 is 0.
    NoEcdh,
    /// ReadKey bit 3 on an odd slot.
    NoNextSlot,
    /// SlotConfig.NoMac.
    NoMac,
    /// A slot below 8 is too short.
    TooShortForPublicKey,
    /// KeyType is not AES.
    NotAesKey,
    /// An ATECC508A has no such command.
    Only608,
    /// Byte 13, bit 0.
    AesDisabled,
    /// WriteConfig bit 1 is 0: no `DeriveKey` target.
    NoDeriveKey,
    /// `DeriveKey` from a private key.
    PrivateParent,
    /// KeyConfig.Lockable is 0.
    NotLockable,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
            Self::NoEcdh => "SlotConfig.ReadKey bit 2 is 0: no ECDH",
            Self::NoNextSlot => {
                "SlotConfig.ReadKey bit 3 sends the secret to the next slot, which an odd slot \
                 has not"
            }
            Self::NoMac => "SlotConfig.NoMac is 1",
            Self::TooShortForPublicKey => "a slot below 8 is too short for a public key",
            Self::NotAesKey => "the slot's key is no AES key (KeyConfig.KeyType is not 6)",
            Self::Only608 => "an ATECC508A has no such command",
            Self::AesDisabled => "AES is disabled in this part (byte 13, bit 0 is 0)",
            Self::NoDeriveKey => "SlotConfig.WriteConfig bit 1 is 0: no target of DeriveKey",
            Self::PrivateParent => {
                "the key is derived from slot WriteKey, which holds a private key"
            }
            Self::NotLockable => "KeyConfig.Lockable is 0",
        })
    }
}

impl Reason {
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
            Self::AesDisabled => "none: the manufacturer sets it",
            Self::TooShortForPublicKey => "keep public keys in slots 8 to 15",
            _ if configuration.is_locked() => "none: the configuration is locked and stays so",
            _ => "change the configuration before it is locked",
        }
    }
}

/// What must be so at the time of the command; the configuration does not tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Need {
    /// KeyConfig.ReqRandom: `TempKey` from a random `Nonce`.
    RandomNonce,
    /// KeyConfig.ReqAuth.
    Authorization(Slot),
    /// KeyConfig.PersistentDisable of an ATECC608: for others than MAC and AES
    /// (unconfirmed).
    Latch,
    /// SlotConfig.LimitedUse.
    UsesLeft,
    /// There is a key in the slot.
    KeyPresent,
    /// `TempKey` by `GenDig` with this slot.
    SessionKey(Slot),
    /// A valid `TempKey`.
    TempKey,
    /// The public key there has been validated.
    Validated,
    /// The public key there has not been validated.
    NotValidated,
    /// 32 bytes at once.
    WholeBlock,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomNonce => f.write_str("a random Nonce before (KeyConfig.ReqRandom)"),
            Self::Authorization(slot) => write!(
                f,
                "an authorization with {slot} before: CheckMac or Verify (KeyConfig.ReqAuth)"
            ),
            Self::Latch => f.write_str("the persistent latch set (KeyConfig.PersistentDisable)"),
            Self::UsesLeft => f.write_str("uses left in its counter (SlotConfig.LimitedUse)"),
            Self::KeyPresent => f.write_str("a key in the slot"),
            Self::SessionKey(slot) => write!(f, "Nonce and GenDig with {slot} before"),
            Self::TempKey => f.write_str("a valid TempKey"),
            Self::Validated => f.write_str("the public key there validated (KeyConfig.PubInfo)"),
            Self::NotValidated => f.write_str("the public key there not validated"),
            Self::WholeBlock => f.write_str("32 bytes at once, as data and OTP are not locked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

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
        let slot = Slot::ALL[5];
        for need in [Need::Authorization(slot), Need::SessionKey(slot)] {
            assert!(need.to_string().contains("slot 5"), "{need}");
        }
    }
}
