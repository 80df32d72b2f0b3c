//! `SHA` (opcode 0x47). Source: ATECC508A datasheet, "SHA Command"; targets,
//! contexts and short updates from cryptoauthlib `calib_sha.c`.

use crate::{Chips, Command, Data, DecodeError, Expect, Family, Opcode, Repeat, Slot};

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
/// use atecc::Once;
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
    fn expect(&self) -> Expect {
        Expect::Done
    }
    fn repeat(&self) -> Repeat {
        match self {
            Self::Sha256 => Repeat::Harmless,
            Self::Hmac(_) => Repeat::ReadStateFirst,
            Self::HmacTempKey => Repeat::NeedsVolatile,
        }
    }
    fn loads_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
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

/// Take in a piece. An ATECC508A takes whole blocks of 64 bytes only.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{DigestTarget, ShaEnd, ShaPiece, ShaStart, ShaUpdate};
/// use atecc::Once;
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
    fn expect(&self) -> Expect {
        Expect::Done
    }
    fn repeat(&self) -> Repeat {
        Repeat::ReadStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

/// Take in the last piece and give the digest, which also goes to `target`.
///
/// ```
/// use atecc::Request;
/// use atecc::commands::{DigestTarget, ShaEnd, ShaPiece};
///
/// let end = ShaEnd { piece: ShaPiece::new(&[])?, target: DigestTarget::OutputOnly };
/// assert_eq!(Request::new(&end)?.bytes()[2..4], [0x47, 0xC2]);
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
    fn expect(&self) -> Expect {
        Expect::Bytes(32)
    }
    fn repeat(&self) -> Repeat {
        Repeat::ReadStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 32], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

/// Take in the public key of a slot, X then Y.
///
/// ```
/// use atecc::commands::ShaPublic;
/// use atecc::{Request, Slot};
///
/// let public = ShaPublic { slot: Slot::S14 };
/// assert_eq!(Request::new(&public)?.bytes()[2..5], [0x47, 0x03, 0x0E]);
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
    fn expect(&self) -> Expect {
        Expect::Done
    }
    fn repeat(&self) -> Repeat {
        Repeat::ReadStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

/// The state of a SHA-256 under way: 36 to 99 bytes. Byte count (4, low byte
/// first), eight state words (low byte first each), then the bytes of the
/// block that is not full.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaContext {
    bytes: [u8; 99],
    len: u8,
}

impl ShaContext {
    /// # Errors
    /// [`DecodeError`] unless there are 36 to 99 bytes.
    pub fn new(context: &[u8]) -> Result<Self, DecodeError> {
        let wrong = DecodeError {
            opcode: Opcode::Sha,
            expected: 99,
            got: context.len(),
        };
        let Some(len) = u8::try_from(context.len())
            .ok()
            .filter(|len| (36..=99).contains(len))
        else {
            return Err(wrong);
        };
        let mut bytes = [0; 99];
        bytes
            .iter_mut()
            .zip(context)
            .for_each(|(to, from)| *to = *from);
        Ok(Self { bytes, len })
    }

    /// The bytes as the chip has them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Read the state of the SHA-256 under way. ATECC608 only.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{ShaReadContext, ShaStart};
/// use atecc::Once;
/// use atecc::procedures::Prepared;
///
/// let (_, context) = device.run(Prepared::new(Once(ShaStart::Sha256), ShaReadContext))?;
/// // A count of bytes, eight words of state, and nothing left over.
/// assert_eq!(context.as_bytes().len(), 36);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaReadContext;

impl Command for ShaReadContext {
    const OPCODE: Opcode = Opcode::Sha;
    type Response = ShaContext;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        0x06
    }
    fn expect(&self) -> Expect {
        Expect::UpTo(99)
    }
    fn repeat(&self) -> Repeat {
        Repeat::NeedsVolatile
    }
    fn decode(&self, payload: &[u8]) -> Result<ShaContext, DecodeError> {
        ShaContext::new(payload)
    }
}

/// Go on with a SHA-256 whose state was read. ATECC608 only.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{ShaReadContext, ShaStart, ShaWriteContext};
/// use atecc::Once;
/// use atecc::procedures::Prepared;
///
/// let (_, context) = device.run(Prepared::new(Once(ShaStart::Sha256), ShaReadContext))?;
/// // Later, and after a sleep in between.
/// device.execute(ShaWriteContext { context })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShaWriteContext {
    /// The state.
    pub context: ShaContext,
}

impl Command for ShaWriteContext {
    const OPCODE: Opcode = Opcode::Sha;
    type Response = ();

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        0x07
    }
    fn param2(&self) -> u16 {
        self.context.len.into()
    }
    fn data(&self) -> Data<'_> {
        Data::one(self.context.as_bytes())
    }
    fn expect(&self) -> Expect {
        Expect::Done
    }
    fn repeat(&self) -> Repeat {
        Repeat::Harmless
    }
    fn loads_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn golden_session() {
        assert_eq!(
            group(&ShaStart::Sha256),
            [0x07, 0x47, 0x00, 0x00, 0x00, 0x2E, 0x85]
        );
        let piece = ShaPiece::new(&[1, 2, 3, 4, 5]).unwrap();
        assert_eq!(
            group(&ShaUpdate { piece }),
            [0x0C, 0x47, 0x01, 0x05, 0x00, 1, 2, 3, 4, 5, 0xDD, 0xB2]
        );
        assert_eq!(
            group(&ShaReadContext),
            [0x07, 0x47, 0x06, 0x00, 0x00, 0xAE, 0x82]
        );
        let end = ShaEnd {
            piece: ShaPiece::new(&[6, 7, 8]).unwrap(),
            target: DigestTarget::OutputOnly,
        };
        assert_eq!(
            group(&end),
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
        let context = ShaContext::new(&[0xC7; 41]).unwrap();
        let write = ShaWriteContext { context };
        assert_eq!(group(&write)[..6], [0x30, 0x47, 0x07, 41, 0x00, 0xC7]);
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
        assert!(ShaContext::new(&[0; 35]).is_err());
        assert!(ShaContext::new(&[0; 100]).is_err());
        assert_eq!(ShaReadContext.decode(&[5; 36]).unwrap().as_bytes(), [5; 36]);
    }
}
