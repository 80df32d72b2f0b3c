//! What can be asked of a slot.

use core::fmt;
use core::str::FromStr;

/// A use of one slot.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// `Read`, in the clear.
    Read,
    /// `Read` of a slot whose contents are encrypted on the bus.
    ReadEncrypted,
    /// `Write` of 32 bytes, in the clear.
    Write,
    /// `Write` of 32 bytes, encrypted and authenticated.
    WriteEncrypted,
    /// `GenKey`, a new private key.
    CreateKey,
    /// `GenKey`, the public half of the private key.
    PublicKey,
    /// `PrivWrite`: encrypted, or in the clear before data is locked.
    PrivWrite,
    /// `Sign` of a digest from outside.
    Sign,
    /// `Sign` of the chip's own state.
    SignInternal,
    /// `ECDH` with the slot's private key, Param1 00: the secret goes where
    /// SlotConfig says, out or into the next slot.
    Ecdh,
    /// `ECDH`, Param1 0C: the secret is answered in the clear. ATECC608; that
    /// ReadKey bit 3 does not forbid it is *(unconfirmed)*.
    EcdhOutput,
    /// `ECDH`, Param1 0E: the secret is answered encrypted. ATECC608.
    EcdhEncrypted,
    /// `ECDH`, Param1 08: the secret stays in `TempKey`. ATECC608.
    EcdhTempKey,
    /// `ECDH` with a private key in `TempKey`, Param1 05: the secret goes to the
    /// slot. ATECC608 *(unconfirmed)*.
    EcdhInto,
    /// `MAC` with the slot's key.
    Mac,
    /// `CheckMac` with the slot's key.
    CheckMac,
    /// `CheckMac` with this slot or the one before, which copies this slot's key
    /// to `TempKey`.
    CopyKey,
    /// `HMAC` with the slot's key. ATECC508A.
    Hmac,
    /// `SHA` in HMAC mode with the slot's key.
    ShaHmac,
    /// `GenDig` over the slot.
    GenDig,
    /// `AES` with the slot's key. ATECC608.
    Aes,
    /// `KDF` with the slot's key, answered in the clear. ATECC608, as all of
    /// `KDF`; what its rules are is *(unconfirmed)*.
    Kdf,
    /// `KDF`, answered encrypted.
    KdfEncrypted,
    /// `KDF`, the result into `TempKey`.
    KdfTempKey,
    /// `KDF` by AES, the result into `TempKey`.
    KdfAes,
    /// `KDF` of `TempKey`, the result into the slot.
    KdfInto,
    /// `Verify` with the public key in the slot.
    Verify,
    /// `Verify` that marks the public key in the slot valid or invalid.
    Validate,
    /// `DeriveKey` into the slot.
    DeriveKey,
    /// `SecureBoot` (Full) with the public key in the slot. ATECC608.
    SecureBoot,
    /// `SecureBoot` (`FullCopy`), whose digest or signature goes to the slot.
    /// ATECC608.
    SecureBootStore,
    /// `Info` that sets the persistent latch, with the slot's key as permission.
    /// ATECC608.
    SetLatch,
    /// `Lock` of the slot.
    Lock,
}

/// A word that is no operation.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no such operation; there are: {}", Names)]
pub struct UnknownOperation;

struct Names;

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Operation::ALL.iter();
        if let Some(first) = names.next() {
            f.write_str(first.name())?;
        }
        names.try_for_each(|operation| write!(f, ", {}", operation.name()))
    }
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::Read,
        Self::ReadEncrypted,
        Self::Write,
        Self::WriteEncrypted,
        Self::CreateKey,
        Self::PublicKey,
        Self::PrivWrite,
        Self::Sign,
        Self::SignInternal,
        Self::Ecdh,
        Self::EcdhOutput,
        Self::EcdhEncrypted,
        Self::EcdhTempKey,
        Self::EcdhInto,
        Self::Mac,
        Self::CheckMac,
        Self::CopyKey,
        Self::Hmac,
        Self::ShaHmac,
        Self::GenDig,
        Self::Aes,
        Self::Kdf,
        Self::KdfEncrypted,
        Self::KdfTempKey,
        Self::KdfAes,
        Self::KdfInto,
        Self::Verify,
        Self::Validate,
        Self::DeriveKey,
        Self::SecureBoot,
        Self::SecureBootStore,
        Self::SetLatch,
        Self::Lock,
    ];

    /// One word, stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadEncrypted => "read-encrypted",
            Self::Write => "write",
            Self::WriteEncrypted => "write-encrypted",
            Self::CreateKey => "create-key",
            Self::PublicKey => "public-key",
            Self::PrivWrite => "priv-write",
            Self::Sign => "sign",
            Self::SignInternal => "sign-internal",
            Self::Ecdh => "ecdh",
            Self::EcdhOutput => "ecdh-output",
            Self::EcdhEncrypted => "ecdh-encrypted",
            Self::EcdhTempKey => "ecdh-temp-key",
            Self::EcdhInto => "ecdh-into",
            Self::Mac => "mac",
            Self::CheckMac => "check-mac",
            Self::CopyKey => "copy-key",
            Self::Hmac => "hmac",
            Self::ShaHmac => "sha-hmac",
            Self::GenDig => "gen-dig",
            Self::Aes => "aes",
            Self::Kdf => "kdf",
            Self::KdfEncrypted => "kdf-encrypted",
            Self::KdfTempKey => "kdf-temp-key",
            Self::KdfAes => "kdf-aes",
            Self::KdfInto => "kdf-into",
            Self::Verify => "verify",
            Self::Validate => "validate",
            Self::DeriveKey => "derive-key",
            Self::SecureBoot => "secure-boot",
            Self::SecureBootStore => "secure-boot-store",
            Self::SetLatch => "set-latch",
            Self::Lock => "lock",
        }
    }

    /// The command of the datasheet, and what of it.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Read => "Read in the clear",
            Self::ReadEncrypted => "encrypted Read",
            Self::Write => "Write in the clear",
            Self::WriteEncrypted => "encrypted Write",
            Self::CreateKey => "GenKey, a new private key",
            Self::PublicKey => "GenKey, the public key",
            Self::PrivWrite => "PrivWrite",
            Self::Sign => "Sign of an external digest",
            Self::SignInternal => "Sign of an internal digest",
            Self::Ecdh => "ECDH",
            Self::EcdhOutput => "ECDH with the secret in the clear",
            Self::EcdhEncrypted => "ECDH with the secret encrypted",
            Self::EcdhTempKey => "ECDH into TempKey",
            Self::EcdhInto => "ECDH from TempKey into the slot",
            Self::Mac => "MAC",
            Self::CheckMac => "CheckMac",
            Self::CopyKey => "CheckMac that copies the key to TempKey",
            Self::Hmac => "HMAC",
            Self::ShaHmac => "SHA in HMAC mode",
            Self::GenDig => "GenDig",
            Self::Aes => "AES",
            Self::Kdf => "KDF with the result in the clear",
            Self::KdfEncrypted => "KDF with the result encrypted",
            Self::KdfTempKey => "KDF into TempKey",
            Self::KdfAes => "KDF by AES into TempKey",
            Self::KdfInto => "KDF from TempKey into the slot",
            Self::Verify => "Verify with the stored key",
            Self::Validate => "Verify that validates the key",
            Self::DeriveKey => "DeriveKey",
            Self::SecureBoot => "SecureBoot",
            Self::SecureBootStore => "SecureBoot that stores",
            Self::SetLatch => "Info that sets the latch",
            Self::Lock => "Lock of the slot",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    /// Case, `-` and `_` do not count: `GenDig` is `gen-dig`.
    fn from_str(text: &str) -> Result<Self, UnknownOperation> {
        let letters = |text: &'static str| text.bytes().filter(|byte| *byte != b'-');
        let asked = || text.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
        Self::ALL
            .into_iter()
            .find(|operation| {
                letters(operation.name()).eq(asked().map(|byte| byte.to_ascii_lowercase()))
            })
            .ok_or(UnknownOperation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for operation in Operation::ALL {
            assert_eq!(operation.name().parse(), Ok(operation));
        }
        assert_eq!("CheckMac".parse(), Ok(Operation::CheckMac));
        assert_eq!("GEN_DIG".parse(), Ok(Operation::GenDig));
        let error = "erase".parse::<Operation>().unwrap_err().to_string();
        assert!(
            error.ends_with("secure-boot-store, set-latch, lock"),
            "{error}"
        );
    }
}
