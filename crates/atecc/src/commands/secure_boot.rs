//! `SecureBoot` (opcode 0x80), ATECC608 only. Source: cryptoauthlib
//! `calib_secureboot.c`.

use super::Verdict;
use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode};

/// Check the digest of the host's firmware, by a signature or by the digest
/// that the chip stores.
///
/// ```
/// use atecc::command::Request;
/// use atecc::commands::{Afterwards, Protection, SecureBoot, SecureBootMode};
///
/// let check = SecureBoot {
///     mode: SecureBootMode::Stored,
///     digest: [0x5A; 32],
///     protection: Protection::Clear,
///     afterwards: Afterwards::Nothing,
/// };
/// assert_eq!(Request::new(&check)?.as_bytes()[2], 0x80);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SecureBoot {
    /// What is checked, and what is stored.
    pub mode: SecureBootMode,
    /// The digest, in the clear or encrypted, as `protection` says.
    pub digest: [u8; 32],
    /// Whether digest and answer are protected against the bus.
    pub protection: Protection,
    /// What happens after a success.
    pub afterwards: Afterwards,
}

/// Bits 2 to 0 of Param1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecureBootMode {
    /// Check the signature: R then S.
    Full([u8; 64]),
    /// Compare with what is stored; no signature.
    Stored,
    /// Check the signature and store it, or the digest, as configured.
    FullCopy([u8; 64]),
}

/// Bit 7 of Param1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protection {
    /// Digest in the clear, one status byte back.
    Clear,
    /// Digest encrypted, a MAC back.
    Encrypted,
}

/// Bit 6 of Param1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Afterwards {
    /// Nothing.
    Nothing,
    /// SecureBoot is refused until the next power cycle.
    Prohibit,
}

impl Command for SecureBoot {
    const OPCODE: Opcode = Opcode::SecureBoot;
    type Response = Verdict;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        let mode = match self.mode {
            SecureBootMode::Full(_) => 0x05,
            SecureBootMode::Stored => 0x06,
            SecureBootMode::FullCopy(_) => 0x07,
        };
        let prohibit = match self.afterwards {
            Afterwards::Nothing => 0x00,
            Afterwards::Prohibit => 0x40,
        };
        let encrypted = match self.protection {
            Protection::Clear => 0x00,
            Protection::Encrypted => 0x80,
        };
        mode | prohibit | encrypted
    }
    fn data(&self) -> Data<'_> {
        match &self.mode {
            SecureBootMode::Full(signature) | SecureBootMode::FullCopy(signature) => {
                Data(&self.digest, signature, &[])
            }
            SecureBootMode::Stored => Data::one(&self.digest),
        }
    }
    fn expect(&self) -> ResponseKind {
        match self.protection {
            Protection::Clear => ResponseKind::Comparison,
            Protection::Encrypted => ResponseKind::ComparisonOr(32),
        }
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        self.protection == Protection::Encrypted
    }
    fn decode(&self, payload: &[u8]) -> Result<Verdict, DecodeError> {
        Verdict::decode(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for SecureBoot {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let (mode, digest) = match group.param1 & 0x3F {
            0x05 => {
                let (digest, signature) = group.exactly_two()?;
                (SecureBootMode::Full(signature), digest)
            }
            0x06 => (SecureBootMode::Stored, group.exactly()?),
            0x07 => {
                let (digest, signature) = group.exactly_two()?;
                (SecureBootMode::FullCopy(signature), digest)
            }
            _ => return Err(group.wrong_mode()),
        };
        let protection = match group.param1 & 0x80 {
            0 => Protection::Clear,
            _ => Protection::Encrypted,
        };
        let afterwards = match group.param1 & 0x40 {
            0 => Afterwards::Nothing,
            _ => Afterwards::Prohibit,
        };
        Ok(Self {
            mode,
            digest,
            protection,
            afterwards,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let full = SecureBoot {
            mode: SecureBootMode::Full([0x51; 64]),
            digest: [0xD1; 32],
            protection: Protection::Encrypted,
            afterwards: Afterwards::Prohibit,
        };
        let bytes = group(&full);
        assert_eq!(bytes[..6], [0x67, 0x80, 0xC5, 0x00, 0x00, 0xD1]);
        assert_eq!(bytes[37..101], [0x51; 64]);
        let stored = SecureBoot {
            mode: SecureBootMode::Stored,
            protection: Protection::Clear,
            afterwards: Afterwards::Nothing,
            ..full
        };
        assert_eq!(group(&stored)[..5], [0x27, 0x80, 0x06, 0x00, 0x00]);
        assert_eq!(stored.decode(&[0x00]), Ok(Verdict::Good));
        assert_eq!(stored.decode(&[0x01]), Ok(Verdict::Bad));
        assert_eq!(full.decode(&[3; 32]), Ok(Verdict::GoodIfMac([3; 32])));
    }
}
