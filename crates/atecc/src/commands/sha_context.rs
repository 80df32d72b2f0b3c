//! The state of a `SHA` (opcode 0x47) under way, ATECC608 only. Source:
//! cryptoauthlib `calib_sha.c`.

#[cfg(feature = "parse")]
use super::sha::{length_is_param2, sha_mode};
use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode};

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
        // `new` has put that many there; the chip takes no context of none.
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
/// use atecc::procedure::Once;
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
    fn expect(&self) -> ResponseKind {
        ResponseKind::UpTo(99)
    }
    fn repeat(&self) -> Retry {
        Retry::RestartSequence
    }
    fn decode(&self, payload: &[u8]) -> Result<ShaContext, DecodeError> {
        ShaContext::new(payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for ShaReadContext {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match sha_mode(group)? {
            0x06 => Ok(Self),
            _ => Err(group.wrong_mode()),
        }
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
/// use atecc::procedure::Once;
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
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn loads_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for ShaWriteContext {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if sha_mode(group)? != 0x07 {
            return Err(group.wrong_mode());
        }
        length_is_param2(group)?;
        let context = ShaContext::new(group.data);
        let context = context.ok().ok_or_else(|| group.wrong_length())?;
        Ok(Self { context })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        assert_eq!(
            group(&ShaReadContext),
            [0x07, 0x47, 0x06, 0x00, 0x00, 0xAE, 0x82]
        );
        let context = ShaContext::new(&[0xC7; 41]).unwrap();
        let write = ShaWriteContext { context };
        assert_eq!(group(&write)[..6], [0x30, 0x47, 0x07, 41, 0x00, 0xC7]);
    }

    #[test]
    fn limits() {
        assert!(ShaContext::new(&[0; 35]).is_err());
        assert!(ShaContext::new(&[0; 100]).is_err());
        assert_eq!(ShaReadContext.decode(&[5; 36]).unwrap().as_bytes(), [5; 36]);
    }
}
