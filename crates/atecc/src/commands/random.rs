//! `Random` (opcode 0x1B). Source: ATECC508A datasheet, "Random Command".

use crate::command::{DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode};

/// 32 random bytes.
///
/// Until the configuration zone is locked every chip answers `FF FF 00 00`
/// repeated: [`Random::TEST_PATTERN`].
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::Random;
///
/// assert_ne!(device.execute(Random::default())?, Random::TEST_PATTERN);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Random {
    /// What becomes of the seed in EEPROM.
    pub seed: SeedUpdate,
}

/// Whether the seed of the random generator is written back: Param1 of Random
/// and of a random Nonce.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(u8)]
pub enum SeedUpdate {
    /// When needed.
    #[default]
    Automatic = 0x00,
    /// Never; saves wear of the EEPROM.
    Never = 0x01,
}

#[cfg(feature = "parse")]
impl SeedUpdate {
    /// Param1 of Random, and of Nonce when it makes one.
    pub(super) const fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match group.param1 {
            0x00 => Ok(Self::Automatic),
            0x01 => Ok(Self::Never),
            _ => Err(group.wrong_mode()),
        }
    }
}

impl Random {
    /// What a chip with an unlocked configuration answers, seen on real parts.
    pub const TEST_PATTERN: [u8; 32] = {
        let mut pattern = [0; 32];
        let mut index = 0;
        while index < 32 {
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            {
                pattern[index] = if index % 4 < 2 { 0xFF } else { 0x00 };
            }
            index += 1;
        }
        pattern
    };
}

impl Command for Random {
    const OPCODE: Opcode = Opcode::Random;
    type Response = [u8; 32];

    fn param1(&self) -> u8 {
        self.seed as u8
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(32)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 32], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Random {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let seed = SeedUpdate::from_group(group)?;
        Ok(Self { seed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        assert_eq!(
            group(&Random::default()),
            [0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD]
        );
        assert_eq!(
            Random::TEST_PATTERN[..8],
            [0xFF, 0xFF, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00]
        );
    }
}
