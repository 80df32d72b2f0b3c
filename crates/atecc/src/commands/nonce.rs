//! `Nonce` (opcode 0x16). Source: ATECC508A datasheet, "Nonce Command"; 64
//! bytes and the further buffers from cryptoauthlib `calib_nonce.c`.

use super::SeedUpdate;
use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode};

/// Param2 bit 15: TempKey in place of a random number.
const FIXED: u16 = 0x8000;

/// Load 32 bytes into a volatile buffer, as they are.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{LoadNonce, NonceTarget};
///
/// // On its own it is lost with the session; see `Prepared` for what follows it.
/// device.execute(LoadNonce { target: NonceTarget::TempKey, value: [0x40; 32] })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LoadNonce {
    /// Where to.
    pub target: NonceTarget,
    /// Goes into the buffer byte for byte; nothing random is mixed in.
    pub value: [u8; 32],
}

/// Param1 of a pass-through `Nonce` of 32 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum NonceTarget {
    /// `TempKey`, on every chip.
    TempKey = 0x03,
    /// The message digest buffer. ATECC608 only.
    MessageDigestBuffer = 0x43,
    /// The alternate key buffer. ATECC608 only.
    AlternateKeyBuffer = 0x83,
}

impl Command for LoadNonce {
    const OPCODE: Opcode = Opcode::Nonce;
    type Response = ();

    fn chips(&self) -> Chips {
        match self.target {
            NonceTarget::TempKey => Chips::All,
            NonceTarget::MessageDigestBuffer | NonceTarget::AlternateKeyBuffer => {
                Chips::Only(Family::Atecc608)
            }
        }
    }
    fn param1(&self) -> u8 {
        self.target as u8
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.value)
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
impl Parse<'_> for LoadNonce {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        kind_of_param2(group)?;
        let target = match group.param1 {
            0x03 => NonceTarget::TempKey,
            0x43 => NonceTarget::MessageDigestBuffer,
            0x83 => NonceTarget::AlternateKeyBuffer,
            _ => return Err(group.wrong_mode()),
        };
        let value = group.exactly()?;
        Ok(Self { target, value })
    }
}

/// Load 64 bytes into a volatile buffer, as they are. ATECC608 only.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{LoadNonce64, NonceTarget64};
///
/// device.execute(LoadNonce64 { target: NonceTarget64::TempKey, value: [0x40; 64] })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LoadNonce64 {
    /// Where to.
    pub target: NonceTarget64,
    /// Goes into the buffer byte for byte; nothing random is mixed in.
    pub value: [u8; 64],
}

/// Param1 of a pass-through `Nonce` of 64 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum NonceTarget64 {
    /// `TempKey`.
    TempKey = 0x23,
    /// The message digest buffer.
    MessageDigestBuffer = 0x63,
}

impl Command for LoadNonce64 {
    const OPCODE: Opcode = Opcode::Nonce;
    type Response = ();

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        self.target as u8
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.value)
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
impl Parse<'_> for LoadNonce64 {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        kind_of_param2(group)?;
        let target = match group.param1 {
            0x23 => NonceTarget64::TempKey,
            0x63 => NonceTarget64::MessageDigestBuffer,
            _ => return Err(group.wrong_mode()),
        };
        let value = group.exactly()?;
        Ok(Self { target, value })
    }
}

/// Put a digest of the chip's random number and of `input` into TempKey. The
/// response is the random number, from which the host computes the same.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{RandomNonce, SeedUpdate};
///
/// let nonce = RandomNonce { input: [0x11; 20], seed: SeedUpdate::Automatic };
/// // Each is another one, but before the configuration is locked.
/// assert_ne!(device.execute(nonce)?, device.execute(nonce)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RandomNonce {
    /// The host's part.
    pub input: [u8; 20],
    /// What becomes of the seed in EEPROM.
    pub seed: SeedUpdate,
}

impl Command for RandomNonce {
    const OPCODE: Opcode = Opcode::Nonce;
    type Response = [u8; 32];

    fn param1(&self) -> u8 {
        self.seed as u8
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.input)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(32)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn loads_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 32], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for RandomNonce {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if let Param2::Fixed = kind_of_param2(group)? {
            return Err(group.wrong_mode());
        }
        let seed = SeedUpdate::from_group(group)?;
        let input = group.exactly()?;
        Ok(Self { input, seed })
    }
}

/// The same with TempKey in the place of a random number: a value that both
/// sides can compute. The response is the new TempKey.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::procedure::Once;
/// use atecc::commands::{FixedNonce, LoadNonce, NonceTarget, SeedUpdate};
/// use atecc::procedures::Prepared;
///
/// let start = LoadNonce { target: NonceTarget::TempKey, value: [0x40; 32] };
/// let fixed = FixedNonce { input: [0x11; 20], seed: SeedUpdate::Automatic };
/// let ((), temp_key) = device.run(Prepared::new(Once(start), fixed))?;
/// assert_ne!(temp_key, [0x40; 32]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FixedNonce {
    /// The host's part.
    pub input: [u8; 20],
    /// Hashed as for a random nonce; nothing is seeded.
    pub seed: SeedUpdate,
}

impl Command for FixedNonce {
    const OPCODE: Opcode = Opcode::Nonce;
    type Response = [u8; 32];

    fn param1(&self) -> u8 {
        self.seed as u8
    }
    fn param2(&self) -> u16 {
        FIXED
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.input)
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
impl Parse<'_> for FixedNonce {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if let Param2::Zero = kind_of_param2(group)? {
            return Err(group.wrong_mode());
        }
        let seed = SeedUpdate::from_group(group)?;
        let input = group.exactly()?;
        Ok(Self { input, seed })
    }
}

/// What Param2 may be.
#[cfg(feature = "parse")]
enum Param2 {
    Zero,
    Fixed,
}

#[cfg(feature = "parse")]
const fn kind_of_param2(group: &CommandGroup<'_>) -> Result<Param2, CommandError> {
    match group.param2 {
        0 => Ok(Param2::Zero),
        FIXED => Ok(Param2::Fixed),
        _ => Err(group.wrong_param2()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let nonce = LoadNonce {
            target: NonceTarget::TempKey,
            value: [0xAA; 32],
        };
        let bytes = group(&nonce);
        assert_eq!(bytes[..5], [0x27, 0x16, 0x03, 0x00, 0x00]);
        assert_eq!(bytes[5..37], [0xAA; 32]);
        assert_eq!(bytes[37..], [0x24, 0xC7]);
        assert_eq!(NonceTarget::MessageDigestBuffer as u8, 0x43);
        assert_eq!(NonceTarget::AlternateKeyBuffer as u8, 0x83);
        let long = LoadNonce64 {
            target: NonceTarget64::TempKey,
            value: [0x2B; 64],
        };
        assert_eq!(group(&long)[..6], [0x47, 0x16, 0x23, 0x00, 0x00, 0x2B]);
        assert_eq!(NonceTarget64::MessageDigestBuffer as u8, 0x63);
    }

    #[test]
    fn random_and_fixed() {
        let input = core::array::from_fn(|at| u8::try_from(at).unwrap());
        let seed = SeedUpdate::Automatic;
        let random = group(&RandomNonce { input, seed });
        assert_eq!(random[..7], [0x1B, 0x16, 0x00, 0x00, 0x00, 0x00, 0x01]);
        assert_eq!(random[25..], [0x53, 0xB5]);
        let fixed = group(&FixedNonce { input, seed });
        assert_eq!(fixed[..5], [0x1B, 0x16, 0x00, 0x00, 0x80]);
        assert_eq!(fixed[25..], [0x40, 0x4C]);
    }
}
