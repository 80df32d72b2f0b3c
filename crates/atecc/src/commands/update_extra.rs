//! `UpdateExtra` (opcode 0x20). Source: ATECC508A datasheet, "UpdateExtra
//! Command".

use crate::command::{DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// Write one of the two configuration bytes that stay writable once, or use up
/// one use of a limited key.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::UpdateExtra;
///
/// // Once: it can be written while it is 0.
/// device.execute(UpdateExtra::UserExtra(0x2A))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UpdateExtra {
    /// Byte 84, UserExtra: writable while it is 0.
    UserExtra(u8),
    /// Byte 85: Selector (ATECC508A) or UserExtraAdd (ATECC608, the I2C address
    /// in 8-bit form), writable while it is 0. A wrong address loses the chip.
    SelectorOrAddress(u8),
    /// Count one use of the key in this slot.
    UseKey(Slot),
}

impl Command for UpdateExtra {
    const OPCODE: Opcode = Opcode::UpdateExtra;
    type Response = ();

    fn param1(&self) -> u8 {
        match self {
            Self::UserExtra(_) => 0x00,
            Self::SelectorOrAddress(_) => 0x01,
            Self::UseKey(_) => 0x02,
        }
    }
    fn param2(&self) -> u16 {
        match self {
            Self::UserExtra(value) | Self::SelectorOrAddress(value) => (*value).into(),
            Self::UseKey(slot) => slot.index().into(),
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
impl Parse<'_> for UpdateExtra {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let value = u8::try_from(group.param2);
        match (group.param1, value) {
            (0x00, Ok(value)) => Ok(Self::UserExtra(value)),
            (0x01, Ok(value)) => Ok(Self::SelectorOrAddress(value)),
            (0x00 | 0x01, Err(_)) => Err(group.wrong_param2()),
            // Bit 1 makes bit 0 irrelevant.
            (0x02 | 0x03, _) => Ok(Self::UseKey(group.slot())),
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
        assert_eq!(
            group(&UpdateExtra::UserExtra(0)),
            [0x07, 0x20, 0x00, 0x00, 0x00, 0x00, 0x7D]
        );
        assert_eq!(
            group(&UpdateExtra::SelectorOrAddress(0x6A)),
            [0x07, 0x20, 0x01, 0x6A, 0x00, 0x06, 0x83]
        );
        assert_eq!(
            group(&UpdateExtra::UseKey(Slot::S3))[..5],
            [0x07, 0x20, 0x02, 0x03, 0x00]
        );
    }
}
