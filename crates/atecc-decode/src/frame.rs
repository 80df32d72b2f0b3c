//! The parts of a command group: what every command's parser is given.
//!
//! `count | opcode | param1 | param2 low, high | data .. | crc low, high`.
//! Source: ATECC508A datasheet, "I/O Groups".

use alloc::vec;
use alloc::vec::Vec;

use atecc::{GroupError, Opcode, Slot, crc16, parse_group};

/// Bytes that no chip takes as a command, and which of them is to blame.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
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
    /// The command has no such mode.
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
}

impl CommandError {
    /// The byte of the group that is to blame.
    #[must_use]
    pub const fn part(&self) -> Part {
        match self {
            Self::Group(GroupError::Crc { .. }) => Part::Crc,
            Self::Group(_) | Self::Trailing { .. } | Self::NoRoom(_) | Self::Length { .. } => {
                Part::Count
            }
            Self::Opcode(_) => Part::Opcode,
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

/// A sound group, cut into its parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) param1: u8,
    pub(crate) param2: u16,
    pub(crate) data: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(crate) fn cut(group: &'a [u8]) -> Result<Self, CommandError> {
        let body = parse_group(group)?;
        let count = group.first().copied().unwrap_or_default();
        if group.len() != usize::from(count) {
            let got = group.len();
            return Err(CommandError::Trailing { count, got });
        }
        let Some((&[opcode, param1, low, high], data)) = body.split_first_chunk() else {
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
    pub(crate) fn exactly<const N: usize>(&self) -> Result<[u8; N], CommandError> {
        match self.data.split_first_chunk() {
            Some((all, [])) => Ok(*all),
            _ => Err(self.wrong_length()),
        }
    }

    /// The data as two arrays.
    pub(crate) fn two<const M: usize, const N: usize>(
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
    pub(crate) fn slot(&self) -> Slot {
        Slot::from_nibble(self.param2.to_le_bytes()[0])
    }

    pub(crate) const fn wrong_mode(&self) -> CommandError {
        CommandError::Mode {
            opcode: self.opcode,
            mode: self.param1,
        }
    }

    pub(crate) const fn wrong_param2(&self) -> CommandError {
        CommandError::Param2 {
            opcode: self.opcode,
            mode: self.param1,
            param2: self.param2,
        }
    }

    pub(crate) const fn wrong_length(&self) -> CommandError {
        CommandError::Length {
            opcode: self.opcode,
            mode: self.param1,
            len: self.data.len(),
        }
    }
}

/// A group around `body`: count before it, CRC after it.
pub(crate) fn group_of(body: &[u8]) -> Vec<u8> {
    // A body comes from a group, which is at most 155 bytes.
    let count = u8::try_from(body.len().saturating_add(3)).unwrap_or(u8::MAX);
    let mut group = vec![count];
    group.extend_from_slice(body);
    let crc = crc16(&group).to_le_bytes();
    group.extend_from_slice(&crc);
    group
}
