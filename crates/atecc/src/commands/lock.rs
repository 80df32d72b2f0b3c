//! `Lock` (opcode 0x17). Source: ATECC508A datasheet, "Lock Command".
//!
//! Nothing unlocks. [`Lock`] carries the CRC of the zone that is to be locked,
//! so that the chip refuses to lock anything else; [`LockWithoutCrc`] is the
//! datasheet's other form, which nothing else in this crate uses.

use crate::command::{DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// Lock a zone or a slot, for ever.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{Lock, LockTarget};
/// use atecc::procedures::ReadConfig;
///
/// // The chip refuses to lock anything else than what was looked at.
/// let crc = device.run(ReadConfig::new())?.crc();
/// device.execute(Lock { target: LockTarget::Config { crc } })?;
/// assert!(device.run(ReadConfig::new())?.config_lock().is_locked());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lock {
    /// What to lock.
    pub target: LockTarget,
}

/// What [`Lock`] locks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LockTarget {
    /// The configuration zone, if its 128 bytes have this CRC.
    Config {
        /// Over all 128 bytes as they stand, byte 87 being 0x55.
        crc: u16,
    },
    /// Data and OTP zone, if they have this CRC.
    Data {
        /// Over the slots whose `KeyConfig.Private` is 0, in order and at their
        /// true sizes, then the 64 bytes of OTP.
        crc: u16,
    },
    /// One slot; `KeyConfig.Lockable` must be set.
    Slot(Slot),
}

impl Command for Lock {
    const OPCODE: Opcode = Opcode::Lock;
    type Response = ();

    fn param1(&self) -> u8 {
        match self.target {
            LockTarget::Config { .. } => 0x00,
            LockTarget::Data { .. } => 0x01,
            LockTarget::Slot(slot) => 0x02 | slot.index() << 2,
        }
    }
    fn param2(&self) -> u16 {
        match self.target {
            LockTarget::Config { crc } | LockTarget::Data { crc } => crc,
            LockTarget::Slot(_) => 0,
        }
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Lock {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let crc = group.param2;
        let target = match group.param1 {
            0x00 => LockTarget::Config { crc },
            0x01 => LockTarget::Data { crc },
            mode if mode & 0x43 == 0x02 => LockTarget::Slot(Slot::from_nibble(mode >> 2)),
            _ => return Err(group.wrong_mode()),
        };
        Ok(Self { target })
    }
}

/// Lock a zone for ever, whatever it holds: bit 7 of Param1 skips the CRC.
///
/// ```
/// use atecc::command::Request;
/// use atecc::commands::LockWithoutCrc;
///
/// assert_eq!(Request::new(&LockWithoutCrc::Data)?.as_bytes()[2..4], [0x17, 0x81]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum LockWithoutCrc {
    /// The configuration zone.
    Config = 0x80,
    /// Data and OTP zone.
    Data = 0x81,
}

impl Command for LockWithoutCrc {
    const OPCODE: Opcode = Opcode::Lock;
    type Response = ();

    fn param1(&self) -> u8 {
        *self as u8
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for LockWithoutCrc {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match group.param1 {
            0x80 => Ok(Self::Config),
            0x81 => Ok(Self::Data),
            _ => Err(group.wrong_mode()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let lock = |target| group(&Lock { target });
        // The CRC stands low byte first, as it does at the end of a group.
        assert_eq!(
            lock(LockTarget::Config { crc: 0xBC5A }),
            [0x07, 0x17, 0x00, 0x5A, 0xBC, 0xA6, 0xD1]
        );
        assert_eq!(
            lock(LockTarget::Data { crc: 0x7ED2 }),
            [0x07, 0x17, 0x01, 0xD2, 0x7E, 0x2C, 0xBC]
        );
        assert_eq!(
            lock(LockTarget::Slot(Slot::S0))[..5],
            [0x07, 0x17, 0x02, 0x00, 0x00]
        );
        assert_eq!(lock(LockTarget::Slot(Slot::S15))[2], 0x3E);
        assert_eq!(
            group(&LockWithoutCrc::Data)[..5],
            [0x07, 0x17, 0x81, 0x00, 0x00]
        );
    }
}
