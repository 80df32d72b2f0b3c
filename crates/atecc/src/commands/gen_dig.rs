//! `GenDig` (opcode 0x15). Source: ATECC508A datasheet, "GenDig Command";
//! counter and key configuration from cryptoauthlib `calib_gendig.c`.

use super::CounterId;
use crate::command::{Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// Replace TempKey by a digest of itself and of something the chip holds.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{DigSource, GenDig, LoadNonce, NonceTarget};
/// use atecc::procedures::Prepared;
/// use atecc::procedure::Once;
/// use atecc::Slot;
///
/// let nonce = LoadNonce { target: NonceTarget::TempKey, value: [0x40; 32] };
/// let source = DigSource::Data(Slot::S4);
/// device.run(Prepared::new(Once(nonce), GenDig { source }))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GenDig {
    /// What to mix in.
    pub source: DigSource,
}

/// What [`GenDig`] mixes into TempKey.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DigSource {
    /// A 32-byte block of the configuration zone, 0 to 3.
    Config(Quarter),
    /// A 32-byte block of the OTP zone.
    Otp(Half),
    /// The first 32 bytes of a slot.
    Data(Slot),
    /// The same of a slot with `SlotConfig.NoMac`: these four bytes stand for
    /// opcode and parameters.
    DataNoMac(Slot, [u8; 4]),
    /// A transport key that the factory put in, by its number (15 bits).
    TransportKey(u16),
    /// 32 bytes that two chips share, before TempKey in the message.
    SharedNonce {
        /// The low byte of Param2; hashed.
        location: u8,
        /// The bytes.
        nonce: [u8; 32],
    },
    /// The same, after TempKey in the message.
    SharedNonceLast {
        /// The low byte of Param2; hashed.
        location: u8,
        /// The bytes.
        nonce: [u8; 32],
    },
    /// The value of a counter.
    Counter(CounterId),
    /// SlotConfig, KeyConfig and lock of a slot.
    KeyConfig(Slot),
}

/// A quarter of the configuration zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Quarter {
    /// Bytes 0 to 31.
    First = 0,
    /// Bytes 32 to 63.
    Second = 1,
    /// Bytes 64 to 95.
    Third = 2,
    /// Bytes 96 to 127.
    Fourth = 3,
}

/// A half of the OTP zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Half {
    /// Bytes 0 to 31.
    First = 0,
    /// Bytes 32 to 63.
    Second = 1,
}

/// Param2 bit 15.
const BIT_15: u16 = 0x8000;

impl Command for GenDig {
    const OPCODE: Opcode = Opcode::GenDig;
    type Response = ();

    fn param1(&self) -> u8 {
        match self.source {
            DigSource::Config(_) => 0,
            DigSource::Otp(_) => 1,
            DigSource::Data(_) | DigSource::DataNoMac(..) | DigSource::TransportKey(_) => 2,
            DigSource::SharedNonce { .. } | DigSource::SharedNonceLast { .. } => 3,
            DigSource::Counter(_) => 4,
            DigSource::KeyConfig(_) => 5,
        }
    }
    fn param2(&self) -> u16 {
        match self.source {
            DigSource::Config(block) => (block as u8).into(),
            DigSource::Otp(block) => (block as u8).into(),
            DigSource::Data(slot) | DigSource::DataNoMac(slot, _) | DigSource::KeyConfig(slot) => {
                slot.index().into()
            }
            DigSource::TransportKey(id) => BIT_15 | id,
            DigSource::SharedNonce { location, .. } => location.into(),
            DigSource::SharedNonceLast { location, .. } => BIT_15 | u16::from(location),
            DigSource::Counter(counter) => (counter as u8).into(),
        }
    }
    fn data(&self) -> Data<'_> {
        match &self.source {
            DigSource::DataNoMac(_, other_data) => Data::one(other_data),
            DigSource::SharedNonce { nonce, .. } | DigSource::SharedNonceLast { nonce, .. } => {
                Data::one(nonce)
            }
            _ => Data::NONE,
        }
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
impl Parse<'_> for GenDig {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let [low, _] = group.param2.to_le_bytes();
        let source = match (group.param1, group.param2) {
            (0, 0) => DigSource::Config(Quarter::First),
            (0, 1) => DigSource::Config(Quarter::Second),
            (0, 2) => DigSource::Config(Quarter::Third),
            (0, 3) => DigSource::Config(Quarter::Fourth),
            (1, 0) => DigSource::Otp(Half::First),
            (1, 1) => DigSource::Otp(Half::Second),
            (2, BIT_15..) => DigSource::TransportKey(group.param2 & !BIT_15),
            (2, _) if group.data.is_empty() => DigSource::Data(group.slot()),
            (2, _) => DigSource::DataNoMac(group.slot(), group.exactly()?),
            (3, BIT_15..) => DigSource::SharedNonceLast {
                location: low,
                nonce: group.exactly()?,
            },
            (3, _) => DigSource::SharedNonce {
                location: low,
                nonce: group.exactly()?,
            },
            (4, _) => DigSource::Counter(CounterId::from_group(group)?),
            (5, _) => DigSource::KeyConfig(group.slot()),
            (0 | 1, _) => return Err(group.wrong_param2()),
            _ => return Err(group.wrong_mode()),
        };
        Ok(Self { source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let head = |source| group(&GenDig { source })[..5].to_vec();
        let slot = Slot::S4;
        assert_eq!(
            head(DigSource::Config(Quarter::Fourth)),
            [0x07, 0x15, 0, 3, 0]
        );
        assert_eq!(head(DigSource::Otp(Half::Second)), [0x07, 0x15, 1, 1, 0]);
        assert_eq!(head(DigSource::Data(slot)), [0x07, 0x15, 2, 4, 0]);
        assert_eq!(
            head(DigSource::DataNoMac(slot, [9; 4])),
            [0x0B, 0x15, 2, 4, 0]
        );
        assert_eq!(head(DigSource::TransportKey(5)), [0x07, 0x15, 2, 5, 0x80]);
        let (location, nonce) = (7, [0; 32]);
        let shared = DigSource::SharedNonce { location, nonce };
        assert_eq!(head(shared), [0x27, 0x15, 3, 7, 0]);
        let last = DigSource::SharedNonceLast { location, nonce };
        assert_eq!(head(last), [0x27, 0x15, 3, 7, 0x80]);
        assert_eq!(
            head(DigSource::Counter(CounterId::One)),
            [0x07, 0x15, 4, 1, 0]
        );
        assert_eq!(head(DigSource::KeyConfig(slot)), [0x07, 0x15, 5, 4, 0]);
    }
}
