//! `Counter` (opcode 0x24). Source: ATECC508A datasheet, "Counter Command".

use crate::command::{DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode};

/// Read or increment a monotonic counter, 0 to 2 097 151. The response is the
/// value, after the increment if there was one.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{Counter, CounterId, CounterMode};
///
/// let counter = CounterId::One;
/// assert_eq!(device.execute(Counter { mode: CounterMode::Read, counter })?, 0);
/// assert_eq!(device.execute(Counter { mode: CounterMode::Increment, counter })?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counter {
    /// Which of the two.
    pub mode: CounterMode,
    /// Which counter.
    pub counter: CounterId,
}

/// Param1 of `Counter`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum CounterMode {
    /// Read only.
    Read = 0x00,
    /// Increment, for good.
    Increment = 0x01,
}

/// One of the two counters. Counter 0 also counts uses of limited keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum CounterId {
    /// Bytes 52 to 59 of the configuration zone.
    Zero = 0,
    /// Bytes 60 to 67 of the configuration zone.
    One = 1,
}

#[cfg(feature = "parse")]
impl CounterId {
    /// Param2 of Counter, and of GenDig of a counter.
    pub(super) const fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match group.param2 {
            0 => Ok(Self::Zero),
            1 => Ok(Self::One),
            _ => Err(group.wrong_param2()),
        }
    }
}

impl Command for Counter {
    const OPCODE: Opcode = Opcode::Counter;
    type Response = u32;

    fn param1(&self) -> u8 {
        self.mode as u8
    }
    fn param2(&self) -> u16 {
        (self.counter as u8).into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        match self.mode {
            CounterMode::Read => Retry::Idempotent,
            CounterMode::Increment => Retry::CheckStateFirst,
        }
    }
    fn decode(&self, payload: &[u8]) -> Result<u32, DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload).map(u32::from_le_bytes)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Counter {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = match group.param1 {
            0x00 => CounterMode::Read,
            0x01 => CounterMode::Increment,
            _ => return Err(group.wrong_mode()),
        };
        let counter = CounterId::from_group(group)?;
        Ok(Self { mode, counter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let counter = |mode, counter| Counter { mode, counter };
        let read = counter(CounterMode::Read, CounterId::Zero);
        assert_eq!(group(&read), [0x07, 0x24, 0x00, 0x00, 0x00, 0x0C, 0xFD]);
        let increment = counter(CounterMode::Increment, CounterId::One);
        assert_eq!(
            group(&increment),
            [0x07, 0x24, 0x01, 0x01, 0x00, 0x06, 0xF7]
        );
        assert_eq!(read.decode(&[0x01, 0x02, 0x00, 0x00]), Ok(0x0201));
        assert_eq!(increment.repeat(), Retry::CheckStateFirst);
    }
}
