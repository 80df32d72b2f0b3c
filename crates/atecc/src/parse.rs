//! Commands from their bytes, as a chip, a logic analyzer or a recording has
//! them: the way back from [`Request`](crate::command::Request).
//!
//! [`CommandGroup`] is a group cut into its parts, [`Parse`] the way from them
//! to a typed command; each command has it beside its encoding.

use crate::commands::KdfMessageTooLong;
use crate::group::GroupError;
use crate::group::{Parts, split_group};
use crate::{Command, Opcode, Slot};

/// A command that can be read from its bytes.
///
/// Bits that chips ignore are ignored: whoever needs to know encodes the
/// command again and compares. Of the types of one opcode no two take the same
/// bytes.
///
/// ```
/// use atecc::commands::{Counter, CounterId, CounterMode, InfoRevision};
/// use atecc::parse::{CommandError, Parse};
///
/// // Count, opcode, Param1, Param2, CRC.
/// let bytes = [0x07, 0x24, 0x01, 0x01, 0x00, 0x06, 0xF7];
/// let counter = Counter::parse(&bytes)?;
/// assert_eq!(counter, Counter { mode: CounterMode::Increment, counter: CounterId::One });
/// assert!(matches!(InfoRevision::parse(&bytes), Err(CommandError::OtherOpcode { .. })));
/// # Ok::<(), CommandError>(())
/// ```
pub trait Parse<'a>: Command + Sized {
    /// The command that a group with its opcode is.
    ///
    /// # Errors
    /// [`CommandError::Mode`] when the parameters are those of another type or
    /// of no command; another [`CommandError`] when no chip takes the rest.
    fn from_group(group: &CommandGroup<'a>) -> Result<Self, CommandError>;

    /// The command of a whole group, from its count to its CRC.
    ///
    /// # Errors
    /// [`CommandError`] when the bytes are not this command.
    fn parse(bytes: &'a [u8]) -> Result<Self, CommandError> {
        let group = CommandGroup::parse(bytes)?;
        if group.opcode == Self::OPCODE {
            Self::from_group(&group)
        } else {
            Err(CommandError::OtherOpcode {
                expected: Self::OPCODE,
                got: group.opcode,
            })
        }
    }
}

/// Bytes that are no command, or not the one that was asked for, and which of
/// them is to blame.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Count or CRC is wrong.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// Bytes after the end that the count byte names.
    #[error("count byte {count}, but {got} bytes")]
    Trailing {
        /// The count byte.
        count: u8,
        /// How many bytes there are.
        got: usize,
    },
    /// A group that ends before the second parameter.
    #[error("count byte {0} leaves no room for opcode and parameters")]
    NoRoom(u8),
    /// No such command.
    #[error("opcode {0:02X} is no command")]
    Opcode(u8),
    /// A command, but not the one that was asked for.
    #[error("{got} is not {expected}")]
    OtherOpcode {
        /// The command that was asked for.
        expected: Opcode,
        /// The command that it is.
        got: Opcode,
    },
    /// The command has no such mode, or the mode has another type.
    #[error("{opcode}: no mode {mode:02X}")]
    Mode {
        /// The command.
        opcode: Opcode,
        /// Param1.
        mode: u8,
    },
    /// No such address, slot, counter or length in this mode.
    #[error("{opcode}, mode {mode:02X}: Param2 cannot be {param2:04X}")]
    Param2 {
        /// The command.
        opcode: Opcode,
        /// Param1.
        mode: u8,
        /// Param2.
        param2: u16,
    },
    /// Not the number of data bytes that the mode needs.
    #[error("{opcode}, mode {mode:02X}: cannot have {len} bytes of data")]
    Length {
        /// The command.
        opcode: Opcode,
        /// Param1.
        mode: u8,
        /// Bytes between Param2 and CRC.
        len: usize,
    },
    /// More of a message than [`Kdf`](crate::commands::Kdf) has room for;
    /// chips may take it.
    #[error(transparent)]
    Message(#[from] KdfMessageTooLong),
}

impl CommandError {
    /// The byte of the group that is to blame.
    #[must_use]
    pub const fn part(&self) -> Part {
        match self {
            Self::Group(GroupError::Crc { .. }) => Part::Crc,
            Self::Group(_)
            | Self::Trailing { .. }
            | Self::NoRoom(_)
            | Self::Length { .. }
            | Self::Message(_) => Part::Count,
            Self::Opcode(_) | Self::OtherOpcode { .. } => Part::Opcode,
            Self::Mode { .. } => Part::Param1,
            Self::Param2 { .. } => Part::Param2,
        }
    }
}

/// A part of a command group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// Byte 0. Also where the number of data bytes is wrong.
    Count,
    /// Byte 1.
    Opcode,
    /// Byte 2, a mode.
    Param1,
    /// Bytes 3 and 4: an address, slot or length.
    Param2,
    /// What lies between Param2 and CRC.
    Data,
    /// The last two bytes.
    Crc,
}

/// A sound group of a command, cut into its parts.
///
/// `count | opcode | param1 | param2 low, high | data .. | crc low, high`.
/// Source: ATECC508A datasheet, "I/O Groups".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CommandGroup<'a> {
    /// The command byte.
    pub opcode: Opcode,
    /// Mostly a mode.
    pub param1: u8,
    /// Mostly an address or slot.
    pub param2: u16,
    /// What lies between the parameters and the CRC.
    pub data: &'a [u8],
}

impl<'a> CommandGroup<'a> {
    /// The parts of a whole group, from its count to its CRC.
    ///
    /// # Errors
    /// [`CommandError`] when count or CRC is wrong, or the opcode no command's.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CommandError> {
        let Parts { count, body, .. } = split_group(bytes)?;
        if bytes.len() != usize::from(count) {
            let got = bytes.len();
            return Err(CommandError::Trailing { count, got });
        }
        Self::from_body(body)
    }

    /// The parts of what stands between count and CRC.
    ///
    /// # Errors
    /// [`CommandError`] when it is too short, or the opcode no command's.
    pub fn from_body(body: &'a [u8]) -> Result<Self, CommandError> {
        let Some((&[opcode, param1, low, high], data)) = body.split_first_chunk() else {
            // The body has at most three bytes.
            let count = u8::try_from(body.len().saturating_add(3)).unwrap_or(u8::MAX);
            return Err(CommandError::NoRoom(count));
        };
        Ok(Self {
            opcode: Opcode::from_byte(opcode).ok_or(CommandError::Opcode(opcode))?,
            param1,
            param2: u16::from_le_bytes([low, high]),
            data,
        })
    }

    /// The data as an array of just this length.
    ///
    /// # Errors
    /// [`CommandError::Length`] when they have another.
    pub fn exactly<const N: usize>(&self) -> Result<[u8; N], CommandError> {
        match self.data.split_first_chunk() {
            Some((all, [])) => Ok(*all),
            _ => Err(self.wrong_length()),
        }
    }

    /// The data as two arrays.
    ///
    /// # Errors
    /// [`CommandError::Length`] when they are longer or shorter.
    pub fn exactly_two<const M: usize, const N: usize>(
        &self,
    ) -> Result<([u8; M], [u8; N]), CommandError> {
        let (first, rest) = self
            .data
            .split_first_chunk()
            .ok_or_else(|| self.wrong_length())?;
        match rest.split_first_chunk() {
            Some((second, [])) => Ok((*first, *second)),
            _ => Err(self.wrong_length()),
        }
    }

    /// The slot of Param2. Chips select by the low four bits alone; what else
    /// is set shows when the command is encoded again.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot::from_nibble(self.param2.to_le_bytes()[0])
    }

    /// Param1 is no mode of this command or type.
    #[must_use]
    pub const fn wrong_mode(&self) -> CommandError {
        CommandError::Mode {
            opcode: self.opcode,
            mode: self.param1,
        }
    }

    /// Param2 cannot be with this mode.
    #[must_use]
    pub const fn wrong_param2(&self) -> CommandError {
        CommandError::Param2 {
            opcode: self.opcode,
            mode: self.param1,
            param2: self.param2,
        }
    }

    /// The mode has no data of this length.
    #[must_use]
    pub const fn wrong_length(&self) -> CommandError {
        CommandError::Length {
            opcode: self.opcode,
            mode: self.param1,
            len: self.data.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the vendor's log of an ATECC508A.
    #[test]
    fn command_of_a_real_host() {
        let bytes = [0x07, 0x40, 0x00, 0x00, 0x00, 0x00, 0x05];
        let group = CommandGroup {
            opcode: Opcode::GenKey,
            param1: 0,
            param2: 0,
            data: &[],
        };
        assert_eq!(CommandGroup::parse(&bytes), Ok(group));
        let longer = [&bytes[..], &[0xFF]].concat();
        let trailing = CommandError::Trailing { count: 7, got: 8 };
        assert_eq!(CommandGroup::parse(&longer), Err(trailing));
    }

    #[test]
    fn too_short_for_a_command() {
        // The answer to a wake.
        let awake = [0x04, 0x11, 0x33, 0x43];
        assert_eq!(CommandGroup::parse(&awake), Err(CommandError::NoRoom(4)));
    }
}
