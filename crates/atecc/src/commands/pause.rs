//! `Pause` (opcode 0x01), ATECC508A only. Source: ATECC508A datasheet, "Pause
//! Command".

use crate::command::{Chips, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode};

/// Send every chip to idle whose Selector byte (configuration byte 85) is
/// another one. Such a chip gives no response at all.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc508A,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{Pause, Paused};
///
/// assert_eq!(device.execute(Pause { selector: 0 })?, Paused::Awake);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pause {
    /// The chip that stays awake.
    pub selector: u8,
}

/// What a chip did with [`Pause`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Paused {
    /// It has the selector and stays awake.
    Awake,
    /// It is silent: idle.
    Idle,
}

impl Command for Pause {
    const OPCODE: Opcode = Opcode::Pause;
    type Response = Paused;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc508)
    }
    fn param1(&self) -> u8 {
        self.selector
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::StatusOrSilence
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<Paused, DecodeError> {
        if payload.is_empty() {
            Ok(Paused::Idle)
        } else {
            DecodeError::done(Self::OPCODE, payload).map(|()| Paused::Awake)
        }
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Pause {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let selector = group.param1;
        Ok(Self { selector })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let pause = Pause { selector: 0x6A };
        assert_eq!(group(&pause)[..5], [0x07, 0x01, 0x6A, 0x00, 0x00]);
        assert_eq!(pause.decode(&[]), Ok(Paused::Idle));
        assert_eq!(pause.decode(&[0x00]), Ok(Paused::Awake));
    }
}
