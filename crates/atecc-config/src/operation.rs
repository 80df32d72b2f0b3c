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
    /// `PrivWrite`, encrypted.
    PrivWrite,
    /// `Sign` of a digest from outside.
    Sign,
    /// `Sign` of the chip's own state.
    SignInternal,
    /// `ECDH` with the slot's private key.
    Ecdh,
    /// `MAC` with the slot's key.
    Mac,
    /// `CheckMac` with the slot's key.
    CheckMac,
    /// `HMAC` (ATECC508A) or HMAC by `SHA` (ATECC608) with the slot's key.
    Hmac,
    /// `GenDig` over the slot.
    GenDig,
    /// `AES` with the slot's key. ATECC608.
    Aes,
    /// `KDF` with the slot's key. ATECC608.
    Kdf,
    /// `Verify` with the public key in the slot.
    Verify,
    /// `DeriveKey` into the slot.
    DeriveKey,
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
    pub const ALL: [Self; 19] = [
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
        Self::Mac,
        Self::CheckMac,
        Self::Hmac,
        Self::GenDig,
        Self::Aes,
        Self::Kdf,
        Self::Verify,
        Self::DeriveKey,
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
            Self::Mac => "mac",
            Self::CheckMac => "check-mac",
            Self::Hmac => "hmac",
            Self::GenDig => "gen-dig",
            Self::Aes => "aes",
            Self::Kdf => "kdf",
            Self::Verify => "verify",
            Self::DeriveKey => "derive-key",
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
            Self::Mac => "MAC",
            Self::CheckMac => "CheckMac",
            Self::Hmac => "HMAC",
            Self::GenDig => "GenDig",
            Self::Aes => "AES",
            Self::Kdf => "KDF",
            Self::Verify => "Verify with the stored key",
            Self::DeriveKey => "DeriveKey",
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
        assert!(error.ends_with("verify, derive-key, lock"), "{error}");
    }
}
