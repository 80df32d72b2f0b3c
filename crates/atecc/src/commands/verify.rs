//! `Verify` (opcode 0x45). Source: ATECC508A datasheet, "Verify Command"; the
//! message digest buffer and the MAC from cryptoauthlib `calib_verify.c`.

use super::{DigestSource, Verdict};
use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, PublicKey, Slot};

/// Check an ECDSA signature over the 32-byte digest in `source`.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{
///     DigestSource, LoadNonce, NonceTarget, Verdict, Verify, VerifyAnswer, VerifyKey,
/// };
/// use atecc::procedures::{CreateKey, Prepared, SignDigest};
/// use atecc::procedure::Once;
/// use atecc::Slot;
///
/// let slot = Slot::S0;
/// let key = VerifyKey::External(device.run(CreateKey::new(slot))?);
/// let signature = device.run(SignDigest::new(slot, [0x5A; 32]))?;
/// let digest = LoadNonce { target: NonceTarget::TempKey, value: [0x5A; 32] };
/// let (source, answer) = (DigestSource::TempKey, VerifyAnswer::Status);
/// let verify = Verify { key, source, signature, answer };
/// let ((), verdict) = device.run(Prepared::new(Once(digest), verify))?;
/// assert_eq!(verdict, Verdict::Good);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verify {
    /// Under which key.
    pub key: VerifyKey,
    /// Where the digest is.
    pub source: DigestSource,
    /// R then S.
    pub signature: [u8; 64],
    /// The form of a good answer.
    pub answer: VerifyAnswer,
}

/// The key that [`Verify`] checks under.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VerifyKey {
    /// In the command.
    External(PublicKey),
    /// In a slot. A match authorizes that key.
    Stored(Slot),
    /// In the slot that the ReadKey field of this slot names; a match makes
    /// the public key in this slot valid.
    ValidateExternal(Slot),
}

/// Bit 7 of Param1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum VerifyAnswer {
    /// A status byte.
    Status = 0x00,
    /// A MAC with the IO protection key. ATECC608 only.
    Mac = 0x80,
}

impl VerifyAnswer {
    const fn expect(self) -> ResponseKind {
        match self {
            Self::Status => ResponseKind::Comparison,
            Self::Mac => ResponseKind::ComparisonOr(32),
        }
    }

    #[cfg(feature = "parse")]
    const fn from_param1(param1: u8) -> Self {
        match param1 & 0x80 {
            0 => Self::Status,
            _ => Self::Mac,
        }
    }
}

/// The code of P-256 in Param2 of an external verification.
const P256: u16 = 0x0004;

impl Command for Verify {
    const OPCODE: Opcode = Opcode::Verify;
    type Response = Verdict;

    fn chips(&self) -> Chips {
        match self.answer {
            VerifyAnswer::Status => self.source.chips(),
            VerifyAnswer::Mac => Chips::Only(Family::Atecc608),
        }
    }
    fn param1(&self) -> u8 {
        let key = match self.key {
            VerifyKey::Stored(_) => 0x00,
            VerifyKey::ValidateExternal(_) => 0x01,
            VerifyKey::External(_) => 0x02,
        };
        let source = match self.source {
            DigestSource::TempKey => 0x00,
            DigestSource::MessageDigestBuffer => 0x20,
        };
        key | source | self.answer as u8
    }
    fn param2(&self) -> u16 {
        match self.key {
            VerifyKey::External(_) => P256,
            VerifyKey::Stored(slot) | VerifyKey::ValidateExternal(slot) => slot.index().into(),
        }
    }
    fn data(&self) -> Data<'_> {
        match &self.key {
            VerifyKey::External(key) => Data(&self.signature, key.as_bytes(), &[]),
            VerifyKey::Stored(_) | VerifyKey::ValidateExternal(_) => Data::one(&self.signature),
        }
    }
    fn expect(&self) -> ResponseKind {
        self.answer.expect()
    }
    fn repeat(&self) -> Retry {
        Retry::RestartSequence
    }
    fn decode(&self, payload: &[u8]) -> Result<Verdict, DecodeError> {
        Verdict::decode(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Verify {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = group.param1;
        if mode & !0xA7 != 0 {
            return Err(group.wrong_mode());
        }
        let slot = group.slot();
        let (signature, key) = match mode & 0x07 {
            0x00 => (group.exactly()?, VerifyKey::Stored(slot)),
            0x01 => (group.exactly()?, VerifyKey::ValidateExternal(slot)),
            0x02 if group.param2 != P256 => return Err(group.wrong_param2()),
            0x02 => {
                let (signature, key) = group.exactly_two()?;
                (signature, VerifyKey::External(PublicKey(key)))
            }
            _ => return Err(group.wrong_mode()),
        };
        let source = match mode & 0x20 {
            0 => DigestSource::TempKey,
            _ => DigestSource::MessageDigestBuffer,
        };
        Ok(Self {
            key,
            source,
            signature,
            answer: VerifyAnswer::from_param1(mode),
        })
    }
}

/// Make a stored public key valid or invalid, by a signature that the key
/// above it made with an internal Sign.
///
/// ```
/// use atecc::commands::{Validate, ValidityChange, VerifyAnswer};
/// use atecc::command::Request;
/// use atecc::Slot;
///
/// let validate = Validate {
///     change: ValidityChange::Validate,
///     slot: Slot::S14,
///     signature: [0x11; 64],
///     other_data: [0; 19],
///     answer: VerifyAnswer::Status,
/// };
/// assert_eq!(Request::new(&validate)?.as_bytes()[2..5], [0x45, 0x03, 0x0E]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validate {
    /// Which of the two.
    pub change: ValidityChange,
    /// The slot of the public key, 8 to 15.
    pub slot: Slot,
    /// R then S.
    pub signature: [u8; 64],
    /// The parts of the signed message that the chip does not know.
    pub other_data: [u8; 19],
    /// The form of a good answer.
    pub answer: VerifyAnswer,
}

/// Bits 2 to 0 of Param1 of [`Validate`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum ValidityChange {
    /// The key becomes usable.
    Validate = 0x03,
    /// It becomes unusable.
    Invalidate = 0x07,
}

impl Command for Validate {
    const OPCODE: Opcode = Opcode::Verify;
    /// The change is made when the signature was right.
    type Response = Verdict;

    fn chips(&self) -> Chips {
        match self.answer {
            VerifyAnswer::Status => Chips::All,
            VerifyAnswer::Mac => Chips::Only(Family::Atecc608),
        }
    }
    fn param1(&self) -> u8 {
        self.change as u8 | self.answer as u8
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn data(&self) -> Data<'_> {
        Data(&self.signature, &self.other_data, &[])
    }
    fn expect(&self) -> ResponseKind {
        self.answer.expect()
    }
    fn repeat(&self) -> Retry {
        Retry::RestartSequence
    }
    fn decode(&self, payload: &[u8]) -> Result<Verdict, DecodeError> {
        Verdict::decode(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Validate {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = group.param1;
        // Bit 5, the place of an external digest, is ignored.
        let change = match mode & !0xA0 {
            0x03 => ValidityChange::Validate,
            0x07 => ValidityChange::Invalidate,
            _ => return Err(group.wrong_mode()),
        };
        let (signature, other_data) = group.exactly_two()?;
        Ok(Self {
            change,
            slot: group.slot(),
            signature,
            other_data,
            answer: VerifyAnswer::from_param1(mode),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let external = Verify {
            key: VerifyKey::External(PublicKey([0xB0; 64])),
            source: DigestSource::TempKey,
            signature: [0x51; 64],
            answer: VerifyAnswer::Status,
        };
        let bytes = group(&external);
        assert_eq!(bytes[..6], [0x87, 0x45, 0x02, 0x04, 0x00, 0x51]);
        assert_eq!(bytes[69..133], [0xB0; 64]);
        let stored = Verify {
            key: VerifyKey::Stored(Slot::S11),
            source: DigestSource::MessageDigestBuffer,
            answer: VerifyAnswer::Mac,
            ..external
        };
        assert_eq!(group(&stored)[..5], [0x47, 0x45, 0xA0, 0x0B, 0x00]);
        assert_eq!(stored.decode(&[0x01]), Ok(Verdict::Bad));
        assert_eq!(stored.decode(&[9; 32]), Ok(Verdict::GoodIfMac([9; 32])));
        let validate = Validate {
            change: ValidityChange::Invalidate,
            slot: Slot::S14,
            signature: [0x51; 64],
            other_data: [0x0D; 19],
            answer: VerifyAnswer::Status,
        };
        let bytes = group(&validate);
        assert_eq!(bytes[..5], [0x5A, 0x45, 0x07, 0x0E, 0x00]);
        assert_eq!(bytes[69..88], [0x0D; 19]);
        let proved = Validate {
            answer: VerifyAnswer::Mac,
            ..validate
        };
        assert_eq!(proved.param1(), 0x87);
    }
}
