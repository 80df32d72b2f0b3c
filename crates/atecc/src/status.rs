//! The status byte of a four-byte response.
//! Source: ATECC508A datasheet, "Status/Error Codes"; 0x07 and 0x08 from
//! cryptoauthlib `atca_status.h`.

/// What a chip says instead of a longer answer.
///
/// ```
/// use atecc::Status;
///
/// let status = Status::from_byte(0x0F);
/// assert_eq!(status, Status::Execution);
/// assert!(status.is_refusal());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Status {
    /// 0x00: done.
    Success,
    /// 0x01: the command ran, its comparison failed.
    Miscompare,
    /// 0x03: opcode, length or parameter is illegal in any state.
    Parse,
    /// 0x05: rare fault in the elliptic-curve engine; try again.
    EccFault,
    /// 0x07: a self test has failed; the chip refuses most commands.
    SelfTest,
    /// 0x08: the random-number generator's health test has failed.
    HealthTest,
    /// 0x0F: legal, but not in the chip's present state or configuration.
    Execution,
    /// 0x11: awake, and no command has run since.
    AfterWake,
    /// 0xEE: the watchdog is about to fire; nothing was executed.
    Watchdog,
    /// 0xFF: the group arrived damaged; nothing was executed.
    Communication,
    /// A byte that no source lists.
    Unknown(u8),
}

impl Status {
    /// The status that `byte` stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            0x00 => Self::Success,
            0x01 => Self::Miscompare,
            0x03 => Self::Parse,
            0x05 => Self::EccFault,
            0x07 => Self::SelfTest,
            0x08 => Self::HealthTest,
            0x0F => Self::Execution,
            0x11 => Self::AfterWake,
            0xEE => Self::Watchdog,
            0xFF => Self::Communication,
            byte => Self::Unknown(byte),
        }
    }

    /// The byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Success => 0x00,
            Self::Miscompare => 0x01,
            Self::Parse => 0x03,
            Self::EccFault => 0x05,
            Self::SelfTest => 0x07,
            Self::HealthTest => 0x08,
            Self::Execution => 0x0F,
            Self::AfterWake => 0x11,
            Self::Watchdog => 0xEE,
            Self::Communication => 0xFF,
            Self::Unknown(byte) => byte,
        }
    }

    /// Whether the chip says by it that it has executed nothing: the command
    /// arrived damaged, or was refused.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Parse
                | Self::SelfTest
                | Self::HealthTest
                | Self::Execution
                | Self::Watchdog
                | Self::Communication
        )
    }

    /// Whether it is listed, and is not success.
    pub(crate) const fn is_listed_failure(self) -> bool {
        !matches!(self, Self::Success | Self::Unknown(_))
    }

    /// A few words, without the byte.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Miscompare => "comparison failed",
            Self::Parse => "parse error",
            Self::EccFault => "ECC fault",
            Self::SelfTest => "self test failed",
            Self::HealthTest => "random-number health test failed",
            Self::Execution => "execution error",
            Self::AfterWake => "woken, no command received",
            Self::Watchdog => "watchdog about to expire",
            Self::Communication => "communication error",
            Self::Unknown(_) => "unknown status",
        }
    }

    /// What its name does not say.
    const fn remark(self) -> &'static str {
        match self {
            Self::Parse => ": not a command of this chip",
            Self::Execution => ": refused in the chip's present state",
            Self::Communication => ": group damaged on the way",
            _ => "",
        }
    }
}

impl core::fmt::Display for Status {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (name, remark) = (self.name(), self.remark());
        write!(f, "0x{:02X} ({name}{remark})", self.byte())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        for byte in 0..=u8::MAX {
            assert_eq!(Status::from_byte(byte).byte(), byte);
        }
    }
}
