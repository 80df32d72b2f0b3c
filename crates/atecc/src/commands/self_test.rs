//! `SelfTest` (opcode 0x77), ATECC608 only. Source: Microchip's public ATECC608
//! pages, "SelfTest Command"; cryptoauthlib `calib_selftest.c`.

use crate::command::{Chips, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode};

/// Test the chip's engines, or with no test read what failed before.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::{Engines, SelfTest};
///
/// let failed = device.execute(SelfTest { tests: Engines::ALL })?;
/// assert!(failed.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SelfTest {
    /// The tests.
    pub tests: Engines,
}

/// A set of engines, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Engines(u8);

impl Engines {
    /// None: read the failures of earlier tests.
    pub const NONE: Self = Self(0x00);
    /// The random-number generator.
    pub const RNG: Self = Self(0x01);
    /// ECDSA signature and verification.
    pub const ECDSA: Self = Self(0x04);
    /// ECDH.
    pub const ECDH: Self = Self(0x08);
    /// AES.
    pub const AES: Self = Self(0x10);
    /// SHA.
    pub const SHA: Self = Self(0x20);
    /// Every engine. The library's constant for this is 0x3B, whose bit 1 the
    /// documents call 0; the documented bits are sent here.
    pub const ALL: Self = Self(0x3D);

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Their names, with commas.
impl core::fmt::Display for Engines {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names = [
            (Self::RNG, "RNG"),
            (Self::ECDSA, "ECDSA"),
            (Self::ECDH, "ECDH"),
            (Self::AES, "AES"),
            (Self::SHA, "SHA"),
        ];
        let mut separator = "";
        for (engine, name) in names {
            if self.0 & engine.0 != 0 {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl Command for SelfTest {
    const OPCODE: Opcode = Opcode::SelfTest;
    /// The engines that failed.
    type Response = Engines;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        self.tests.0
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Engines
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<Engines, DecodeError> {
        let [failed] = DecodeError::exactly(Self::OPCODE, payload)?;
        Ok(Engines(failed))
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for SelfTest {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        // Bit 1 stands for nothing, but the library's "all" has it: cryptoauthlib
        // `calib_command.h`.
        if group.param1 & !0x3F != 0 {
            return Err(group.wrong_mode());
        }
        let tests = Engines(group.param1 & Engines::ALL.0);
        Ok(Self { tests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let tests = Engines::AES.and(Engines::SHA);
        assert_eq!(
            group(&SelfTest { tests })[..5],
            [0x07, 0x77, 0x30, 0x00, 0x00]
        );
        let all = SelfTest {
            tests: Engines::ALL,
        };
        assert_eq!(all.param1(), 0x3D);
        assert_eq!(all.decode(&[0x10]), Ok(Engines::AES));
        assert!(all.decode(&[0x00]).unwrap().is_empty());
    }
}
