//! `Sign` (opcode 0x41). Source: ATECC508A datasheet,
//! "Sign Command"; the message digest buffer from cryptoauthlib `calib_sign.c`.

use super::IncludeSerial;
use crate::command::{Chips, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, Slot};

/// Sign the 32-byte digest in `source` with the key in `slot`.
///
/// The signature is R then S, 32 bytes each, big-endian, not normalized.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{DigestSource, LoadNonce, NonceTarget, Sign};
/// use atecc::procedures::{CreateKey, Prepared};
/// use atecc::procedure::Once;
/// use atecc::Slot;
///
/// let slot = Slot::S0;
/// device.run(CreateKey::new(slot))?;
/// let digest = LoadNonce { target: NonceTarget::MessageDigestBuffer, value: [0x5A; 32] };
/// let sign = Sign { source: DigestSource::MessageDigestBuffer, slot };
/// let ((), signature) = device.run(Prepared::new(Once(digest), sign))?;
/// assert_eq!(signature.len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sign {
    /// Where `Nonce` put the digest.
    pub source: DigestSource,
    /// A slot for ECC private keys that may sign external digests.
    pub slot: Slot,
}

/// Param1 of an external `Sign`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum DigestSource {
    /// `TempKey`, on every chip.
    TempKey = 0x80,
    /// The message digest buffer. ATECC608 only.
    MessageDigestBuffer = 0xA0,
}

impl DigestSource {
    pub(crate) const fn chips(self) -> Chips {
        match self {
            Self::TempKey => Chips::All,
            Self::MessageDigestBuffer => Chips::Only(Family::Atecc608),
        }
    }
}

impl Command for Sign {
    const OPCODE: Opcode = Opcode::Sign;
    type Response = [u8; 64];

    fn chips(&self) -> Chips {
        self.source.chips()
    }
    fn param1(&self) -> u8 {
        self.source as u8
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(64)
    }
    /// A use of the key, which may be limited.
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 64], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Sign {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        // Bits 6 and 0 are those of an internal message.
        let source = match group.param1 & !0x41 {
            0x80 => DigestSource::TempKey,
            0xA0 => DigestSource::MessageDigestBuffer,
            _ => return Err(group.wrong_mode()),
        };
        let slot = group.slot();
        Ok(Self { source, slot })
    }
}

/// Sign a message that the chip makes of TempKey, which must hold a digest of
/// `GenDig` or `GenKey`, and of the configuration of that key's slot.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{GenKey, GenKeyMode, IncludeSerial, InternalPurpose, SignInternal};
/// use atecc::procedures::{CreateKey, sign_about_key};
///
/// // The chip attests the key in its own slot 0.
/// let slot = Slot::S0;
/// device.run(CreateKey::new(slot))?;
/// let digest = GenKey { mode: GenKeyMode::PublicDigest, slot };
/// let (serial, purpose) = (IncludeSerial::Whole, InternalPurpose::Any);
/// let sign = SignInternal { slot, serial, purpose };
/// let (_, signature) = device.run(sign_about_key([0x40; 32], digest, sign))?;
/// assert_eq!(signature.len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignInternal {
    /// A slot for ECC private keys that may sign internal messages.
    pub slot: Slot,
    /// Whether all of the serial number is part of the message.
    pub serial: IncludeSerial,
    /// What the signature is for.
    pub purpose: InternalPurpose,
}

/// Bit 0 of Param1 of an internal `Sign`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum InternalPurpose {
    /// Anything but the below.
    Any = 0x00,
    /// Verify in the mode Invalidate.
    Invalidate = 0x01,
}

impl Command for SignInternal {
    const OPCODE: Opcode = Opcode::Sign;
    type Response = [u8; 64];

    fn param1(&self) -> u8 {
        self.serial.bit() | self.purpose as u8
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(64)
    }
    /// A use of the key, which may be limited.
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 64], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for SignInternal {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        // Bit 5, the place of an external digest, is ignored.
        if group.param1 & !0x61 != 0 {
            return Err(group.wrong_mode());
        }
        let purpose = match group.param1 & 0x01 {
            0 => InternalPurpose::Any,
            _ => InternalPurpose::Invalidate,
        };
        Ok(Self {
            slot: group.slot(),
            serial: IncludeSerial::from_param1(group.param1),
            purpose,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let sign = |source| {
            group(&Sign {
                source,
                slot: Slot::S0,
            })
        };
        assert_eq!(
            sign(DigestSource::TempKey),
            [0x07, 0x41, 0x80, 0x00, 0x00, 0x28, 0x05]
        );
        assert_eq!(sign(DigestSource::MessageDigestBuffer)[2], 0xA0);
        let internal = SignInternal {
            slot: Slot::S1,
            serial: IncludeSerial::Whole,
            purpose: InternalPurpose::Invalidate,
        };
        assert_eq!(group(&internal)[..5], [0x07, 0x41, 0x41, 0x01, 0x00]);
    }
}
