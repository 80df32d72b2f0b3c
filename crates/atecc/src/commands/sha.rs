//! `SHA` (opcode 0x47). Source: ATECC508A datasheet, "SHA Command"; targets,
//! contexts and short updates from cryptoauthlib `calib_sha.c`.

use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, Slot};

/// Longest piece of one `SHA` command, bytes.
pub const SHA_BLOCK: usize = 64;

/// Begin a SHA-256 or HMAC in the chip.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{DigestTarget, ShaEnd, ShaPiece, ShaStart};
/// use atecc::procedure::Once;
/// use atecc::procedures::Prepared;
///
/// let end = ShaEnd { piece: ShaPiece::new(b"abc")?, target: DigestTarget::TempKey };
/// let ((), digest) = device.run(Prepared::new(Once(ShaStart::Sha256), end))?;
/// assert_eq!(digest[..4], [0xBA, 0x78, 0x16, 0xBF]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ShaStart {
    /// SHA-256.
    Sha256,
    /// HMAC-SHA256 with the first 32 bytes of a slot.
    Hmac(Slot),
    /// HMAC-SHA256 with TempKey. ATECC608 only.
    HmacTempKey,
}

impl Command for ShaStart {
    const OPCODE: Opcode = Opcode::Sha;
    type Response = ();

    fn chips(&self) -> Chips {
        match self {
            Self::Sha256 | Self::Hmac(_) => Chips::All,
            Self::HmacTempKey => Chips::Only(Family::Atecc608),
        }
    }
    fn param1(&self) -> u8 {
        match self {
            Self::Sha256 => 0x00,
            Self::Hmac(_) | Self::HmacTempKey => 0x04,
        }
    }
    fn param2(&self) -> u16 {
        match self {
            Self::Sha256 => 0,
            Self::Hmac(slot) => slot.index().into(),
            Self::HmacTempKey => 0xFFFF,
        }
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        match self {
            Self::Sha256 => Retry::Idempotent,
            Self::Hmac(_) => Retry::CheckStateFirst,
            Self::HmacTempKey => Retry::RestartSequence,
        }
    }
    fn loads_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for ShaStart {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match (sha_mode(group)?, group.param2) {
            (0x00, _) => Ok(Self::Sha256),
            (0x04, 0xFFFF) => Ok(Self::HmacTempKey),
            (0x04, _) => Ok(Self::Hmac(group.slot())),
            _ => Err(group.wrong_mode()),
        }
    }
}

/// 0 to 64 bytes for [`ShaUpdate`] and [`ShaEnd`].
///
/// ```
/// use atecc::commands::ShaPiece;
///
/// assert!(ShaPiece::new(&[0; 64]).is_ok());
/// assert!(ShaPiece::new(&[0; 65]).is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaPiece<'a>(&'a [u8]);

/// A piece longer than 64 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("SHA: piece of {0} bytes; {SHA_BLOCK} fit one command")]
pub struct PieceTooLong(pub usize);

impl<'a> ShaPiece<'a> {
    /// # Errors
    /// [`PieceTooLong`] above 64 bytes.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, PieceTooLong> {
        if bytes.len() <= SHA_BLOCK {
            Ok(Self(bytes))
        } else {
            Err(PieceTooLong(bytes.len()))
        }
    }

    /// The first 64 bytes of `bytes`, or all of them.
    #[must_use]
    pub fn first_of(bytes: &'a [u8]) -> Self {
        Self(bytes.get(..SHA_BLOCK).unwrap_or(bytes))
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
    const fn param2(self) -> u16 {
        self.0.len() as u16
    }
}

#[cfg(feature = "parse")]
impl<'a> ShaPiece<'a> {
    fn from_group(group: &CommandGroup<'a>) -> Result<Self, CommandError> {
        let piece = Self::new(group.data);
        piece.ok().ok_or_else(|| group.wrong_length())
    }
}

/// Take in a piece. An ATECC508A takes whole blocks of 64 bytes only.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{DigestTarget, ShaEnd, ShaPiece, ShaStart, ShaUpdate};
/// use atecc::procedure::Once;
/// use atecc::procedures::Prepared;
///
/// let start = Prepared::new(
///     Once(ShaStart::Sha256),
///     ShaUpdate { piece: ShaPiece::new(&[7; 64])? },
/// );
/// let end = ShaEnd { piece: ShaPiece::new(b"rest")?, target: DigestTarget::OutputOnly };
/// let (_, digest) = device.run(Prepared::new(start, end))?;
/// assert_eq!(digest.len(), 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaUpdate<'a> {
    /// The bytes.
    pub piece: ShaPiece<'a>,
}

impl Command for ShaUpdate<'_> {
    const OPCODE: Opcode = Opcode::Sha;
    type Response = ();

    fn chips(&self) -> Chips {
        if self.piece.0.len() == SHA_BLOCK {
            Chips::All
        } else {
            Chips::Only(Family::Atecc608)
        }
    }
    fn param1(&self) -> u8 {
        0x01
    }
    fn param2(&self) -> u16 {
        self.piece.param2()
    }
    fn data(&self) -> Data<'_> {
        Data::one(self.piece.0)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl<'a> Parse<'a> for ShaUpdate<'a> {
    fn from_group(group: &CommandGroup<'a>) -> Result<Self, CommandError> {
        if sha_mode(group)? != 0x01 {
            return Err(group.wrong_mode());
        }
        length_is_param2(group)?;
        let piece = ShaPiece::from_group(group)?;
        Ok(Self { piece })
    }
}

/// Take in the last piece and give the digest, which also goes to `target`.
///
/// ```
/// use atecc::command::Request;
/// use atecc::commands::{DigestTarget, ShaEnd, ShaPiece};
///
/// let end = ShaEnd { piece: ShaPiece::new(&[])?, target: DigestTarget::OutputOnly };
/// assert_eq!(Request::new(&end)?.as_bytes()[2..4], [0x47, 0xC2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaEnd<'a> {
    /// The last bytes; an ATECC508A takes at most 63.
    pub piece: ShaPiece<'a>,
    /// Where the digest goes besides.
    pub target: DigestTarget,
}

/// Bits 7 and 6 of Param1 of the end of a SHA-256 (and on the ATECC608 of an
/// HMAC).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DigestTarget {
    /// TempKey, the only target of the ATECC508A.
    TempKey,
    /// The message digest buffer. ATECC608 only.
    MessageDigestBuffer,
    /// Nowhere. ATECC608 only.
    OutputOnly,
    /// The ATECC508A's end of an HMAC, which has a mode of its own.
    Hmac508,
}

impl Command for ShaEnd<'_> {
    const OPCODE: Opcode = Opcode::Sha;
    type Response = [u8; 32];

    fn chips(&self) -> Chips {
        match self.target {
            DigestTarget::TempKey if self.piece.0.len() < SHA_BLOCK => Chips::All,
            DigestTarget::Hmac508 => Chips::Only(Family::Atecc508),
            _ => Chips::Only(Family::Atecc608),
        }
    }
    fn param1(&self) -> u8 {
        match self.target {
            DigestTarget::TempKey => 0x02,
            DigestTarget::MessageDigestBuffer => 0x42,
            DigestTarget::OutputOnly => 0xC2,
            DigestTarget::Hmac508 => 0x05,
        }
    }
    fn param2(&self) -> u16 {
        self.piece.param2()
    }
    fn data(&self) -> Data<'_> {
        Data::one(self.piece.0)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(32)
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 32], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl<'a> Parse<'a> for ShaEnd<'a> {
    fn from_group(group: &CommandGroup<'a>) -> Result<Self, CommandError> {
        let target = match (sha_mode(group)?, group.param1 >> 6) {
            (0x02, 0) => DigestTarget::TempKey,
            (0x02, 1) => DigestTarget::MessageDigestBuffer,
            (0x02, _) => DigestTarget::OutputOnly,
            (0x05, _) => DigestTarget::Hmac508,
            _ => return Err(group.wrong_mode()),
        };
        // Param2 is the length of the data; 0 may stand for it *(unconfirmed)*,
        // as the field's Elixir library sends it.
        if group.param2 != 0 {
            length_is_param2(group)?;
        }
        let piece = ShaPiece::from_group(group)?;
        Ok(Self { piece, target })
    }
}

/// Take in the public key of a slot, X then Y.
///
/// ```
/// use atecc::commands::ShaPublic;
/// use atecc::command::Request;
/// use atecc::Slot;
///
/// let public = ShaPublic { slot: Slot::S14 };
/// assert_eq!(Request::new(&public)?.as_bytes()[2..5], [0x47, 0x03, 0x0E]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaPublic {
    /// A slot for public keys, 8 to 15.
    pub slot: Slot,
}

impl Command for ShaPublic {
    const OPCODE: Opcode = Opcode::Sha;
    type Response = ();

    fn param1(&self) -> u8 {
        0x03
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for ShaPublic {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match sha_mode(group)? {
            0x03 => Ok(Self { slot: group.slot() }),
            _ => Err(group.wrong_mode()),
        }
    }
}

/// Param1 without the target of an end, which other modes ignore.
#[cfg(feature = "parse")]
pub(super) const fn sha_mode(group: &CommandGroup<'_>) -> Result<u8, CommandError> {
    match group.param1 >> 6 {
        // There is no such target.
        2 => Err(group.wrong_mode()),
        _ => Ok(group.param1 & 0x3F),
    }
}

#[cfg(feature = "parse")]
pub(super) fn length_is_param2(group: &CommandGroup<'_>) -> Result<(), CommandError> {
    if usize::from(group.param2) == group.data.len() {
        Ok(())
    } else {
        Err(group.wrong_param2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{encoded, group};

    #[test]
    fn golden_session() {
        assert_eq!(
            group(&ShaStart::Sha256),
            [0x07, 0x47, 0x00, 0x00, 0x00, 0x2E, 0x85]
        );
        let piece = ShaPiece::new(&[1, 2, 3, 4, 5]).unwrap();
        assert_eq!(
            encoded(&ShaUpdate { piece }),
            [0x0C, 0x47, 0x01, 0x05, 0x00, 1, 2, 3, 4, 5, 0xDD, 0xB2]
        );
        let end = ShaEnd {
            piece: ShaPiece::new(&[6, 7, 8]).unwrap(),
            target: DigestTarget::OutputOnly,
        };
        assert_eq!(
            encoded(&end),
            [0x0A, 0x47, 0xC2, 0x03, 0x00, 6, 7, 8, 0x76, 0x00]
        );
        assert_eq!(
            group(&ShaStart::Hmac(Slot::S4)),
            [0x07, 0x47, 0x04, 0x04, 0x00, 0xAE, 0x47]
        );
    }

    #[test]
    fn the_rest() {
        assert_eq!(
            group(&ShaStart::HmacTempKey)[..5],
            [0x07, 0x47, 0x04, 0xFF, 0xFF]
        );
        let public = ShaPublic { slot: Slot::S9 };
        assert_eq!(group(&public)[..5], [0x07, 0x47, 0x03, 0x09, 0x00]);
        for (target, param1) in [
            (DigestTarget::TempKey, 0x02),
            (DigestTarget::MessageDigestBuffer, 0x42),
            (DigestTarget::Hmac508, 0x05),
        ] {
            let piece = ShaPiece::new(&[]).unwrap();
            assert_eq!(ShaEnd { piece, target }.param1(), param1);
        }
    }

    #[test]
    fn limits() {
        assert_eq!(ShaPiece::new(&[0; 65]), Err(PieceTooLong(65)));
    }
}
