//! `MAC` (opcode 0x08). Source: ATECC508A datasheet, "MAC Command"; the OTP
//! bits from cryptoauthlib `calib_command.h`.

use super::SourceFlag;
use crate::command::{Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// SHA-256 over a key, a challenge and the command: 32 bytes that only who
/// knows the key can make.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{IncludeSerial, Mac, MacBlocks, MacOtp};
///
/// let mac = Mac {
///     blocks: MacBlocks::KeyThenChallenge([0x80; 32]),
///     otp: MacOtp::None,
///     serial: IncludeSerial::Whole,
///     slot: Slot::S4,
/// };
/// assert_eq!(device.execute(mac)?, device.execute(mac)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mac {
    /// What the message begins with.
    pub blocks: MacBlocks,
    /// The OTP bytes of the message. Not in the public ATECC508A sheet, so
    /// *(unconfirmed)* there.
    pub otp: MacOtp,
    /// Whether all of the serial number is hashed.
    pub serial: IncludeSerial,
    /// The key's slot; hashed.
    pub slot: Slot,
}

/// The two 32-byte blocks that a MAC's message begins with: bits 1 and 0 of
/// Param1. Where TempKey takes part, its origin must be as stated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MacBlocks {
    /// The key in the slot, then these bytes.
    KeyThenChallenge([u8; 32]),
    /// The key in the slot, then TempKey.
    KeyThenTempKey(SourceFlag),
    /// TempKey, then these bytes.
    TempKeyThenChallenge(SourceFlag, [u8; 32]),
    /// TempKey, then TempKey again.
    TempKeyTwice(SourceFlag),
}

/// The OTP bytes of a MAC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum MacOtp {
    /// Eleven zeros.
    None = 0x00,
    /// The first 11 bytes: bit 4 of Param1.
    First11 = 0x10,
    /// The first 8 bytes: bit 5 of Param1.
    First8 = 0x20,
}

/// Whether a message holds all nine bytes of the serial number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IncludeSerial {
    /// Only SN\[0\], SN\[1\] and SN\[8\], which generic parts share.
    Fixed,
    /// All of it: bit 6 of Param1.
    Whole,
}

impl IncludeSerial {
    pub(crate) const fn bit(self) -> u8 {
        match self {
            Self::Fixed => 0x00,
            Self::Whole => 0x40,
        }
    }
}

#[cfg(feature = "parse")]
impl IncludeSerial {
    /// Bit 6 of Param1 of MAC, HMAC and an internal Sign.
    pub(super) const fn from_param1(param1: u8) -> Self {
        if param1 & 0x40 == 0 {
            Self::Fixed
        } else {
            Self::Whole
        }
    }
}

#[cfg(feature = "parse")]
impl MacOtp {
    /// Bits 4 and 5 of Param1 of MAC and HMAC.
    pub(super) const fn from_param1(param1: u8) -> Self {
        match param1 & 0x30 {
            0x00 => Self::None,
            0x20 => Self::First8,
            _ => Self::First11,
        }
    }
}

impl Command for Mac {
    const OPCODE: Opcode = Opcode::Mac;
    type Response = [u8; 32];

    fn param1(&self) -> u8 {
        let blocks = match self.blocks {
            MacBlocks::KeyThenChallenge(_) => 0x00,
            MacBlocks::KeyThenTempKey(flag) => 0x01 | flag.bit(),
            MacBlocks::TempKeyThenChallenge(flag, _) => 0x02 | flag.bit(),
            MacBlocks::TempKeyTwice(flag) => 0x03 | flag.bit(),
        };
        blocks | self.otp as u8 | self.serial.bit()
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn data(&self) -> Data<'_> {
        match &self.blocks {
            MacBlocks::KeyThenChallenge(challenge)
            | MacBlocks::TempKeyThenChallenge(_, challenge) => Data::one(challenge),
            MacBlocks::KeyThenTempKey(_) | MacBlocks::TempKeyTwice(_) => Data::NONE,
        }
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(32)
    }
    fn repeat(&self) -> Retry {
        match self.blocks {
            // A use of the key, which may be limited.
            MacBlocks::KeyThenChallenge(_) | MacBlocks::KeyThenTempKey(_) => Retry::CheckStateFirst,
            MacBlocks::TempKeyThenChallenge(..) | MacBlocks::TempKeyTwice(_) => {
                Retry::RestartSequence
            }
        }
    }
    fn needs_volatile(&self) -> bool {
        !matches!(self.blocks, MacBlocks::KeyThenChallenge(_))
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 32], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Mac {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = group.param1;
        if mode & !0x77 != 0 {
            return Err(group.wrong_mode());
        }
        let flag = SourceFlag::from_param1(mode);
        let blocks = match mode & 0x03 {
            0x00 => MacBlocks::KeyThenChallenge(group.exactly()?),
            0x01 => MacBlocks::KeyThenTempKey(flag),
            0x02 => MacBlocks::TempKeyThenChallenge(flag, group.exactly()?),
            _ => MacBlocks::TempKeyTwice(flag),
        };
        Ok(Self {
            blocks,
            otp: MacOtp::from_param1(mode),
            serial: IncludeSerial::from_param1(mode),
            slot: group.slot(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let mac = Mac {
            blocks: MacBlocks::KeyThenChallenge([0x80; 32]),
            otp: MacOtp::None,
            serial: IncludeSerial::Whole,
            slot: Slot::S4,
        };
        let bytes = group(&mac);
        assert_eq!(bytes[..5], [0x27, 0x08, 0x40, 0x04, 0x00]);
        assert_eq!(bytes[5..37], [0x80; 32]);
        let volatile = Mac {
            blocks: MacBlocks::KeyThenTempKey(SourceFlag::Input),
            serial: IncludeSerial::Fixed,
            otp: MacOtp::First8,
            ..mac
        };
        assert_eq!(group(&volatile)[..5], [0x07, 0x08, 0x25, 0x04, 0x00]);
    }
}
