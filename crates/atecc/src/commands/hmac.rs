//! `HMAC` (opcode 0x11), ATECC508A only; the ATECC608 has it in SHA. Source:
//! ATECC508A datasheet, "HMAC Command".

use super::{IncludeSerial, MacOtp, SourceFlag};
use crate::command::{Chips, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, Slot};

/// HMAC-SHA256 over TempKey and the command, with the key in `slot`.
///
/// ```
/// use atecc::commands::{Hmac, IncludeSerial, MacOtp, SourceFlag};
/// use atecc::command::{Chips, Request};
/// use atecc::{Family, Slot};
///
/// let hmac = Hmac {
///     slot: Slot::S4,
///     temp_key: SourceFlag::Random,
///     otp: MacOtp::None,
///     serial: IncludeSerial::Whole,
/// };
/// assert_eq!(Request::new(&hmac)?.chips(), Chips::Only(Family::Atecc508));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hmac {
    /// The key.
    pub slot: Slot,
    /// TempKey's origin.
    pub temp_key: SourceFlag,
    /// The OTP bytes of the message. The datasheet wants these bits zero,
    /// cryptoauthlib has them *(unconfirmed)*.
    pub otp: MacOtp,
    /// Whether all of the serial number is hashed.
    pub serial: IncludeSerial,
}

impl Command for Hmac {
    const OPCODE: Opcode = Opcode::Hmac;
    type Response = [u8; 32];

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc508)
    }
    fn param1(&self) -> u8 {
        self.temp_key.bit() | self.otp as u8 | self.serial.bit()
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(32)
    }
    /// A use of the key, which may be limited.
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
impl Parse<'_> for Hmac {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        // Those that are not always zero.
        const BITS: u8 = 0x74;
        if group.param1 & !BITS != 0 {
            return Err(group.wrong_mode());
        }
        Ok(Self {
            slot: group.slot(),
            temp_key: SourceFlag::from_param1(group.param1),
            otp: MacOtp::from_param1(group.param1),
            serial: IncludeSerial::from_param1(group.param1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let hmac = Hmac {
            slot: Slot::S4,
            temp_key: SourceFlag::Input,
            otp: MacOtp::None,
            serial: IncludeSerial::Fixed,
        };
        assert_eq!(group(&hmac), [0x07, 0x11, 0x04, 0x04, 0x00, 0xBF, 0xCF]);
        let whole = Hmac {
            otp: MacOtp::First8,
            serial: IncludeSerial::Whole,
            ..hmac
        };
        assert_eq!(whole.param1(), 0x64);
    }
}
