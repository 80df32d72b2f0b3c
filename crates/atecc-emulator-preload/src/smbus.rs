//! SMBus commands as plain messages, as Linux does them where an adapter has
//! none of its own.
//!
//! Source: Linux `drivers/i2c/i2c-core-smbus.c`, `i2c_smbus_xfer_emulated`, and
//! `drivers/i2c/i2c-dev.c`, `i2cdev_ioctl_smbus`. One thing differs: where the
//! kernel lets the adapter read as many bytes as the first one says, all that
//! there can be are read here. An ATECC sends FF after its answer, so the bytes
//! are the same.

use std::os::fd::BorrowedFd;

use atecc_emulator::protocol::{Message, Operation};
use rustix::io::Errno;

use crate::bus::{message, transfer};
use crate::ioctl::Direction;

/// `I2C_SMBUS_BLOCK_MAX`.
const BLOCK_MAX: u8 = 32;

/// The size of a command: what is sent, and what `union i2c_smbus_data` holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SmbusSize {
    Quick,
    Byte,
    ByteData,
    WordData,
    ProcessCall,
    /// With the number of bytes on the bus.
    BlockData,
    /// As the next, and reads are of 32 bytes.
    I2cBlockBroken,
    /// Without it.
    I2cBlockData,
}

/// What the caller gives in `union i2c_smbus_data`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Given {
    /// So many bytes.
    Bytes(usize),
    /// A byte that is a number, and that many bytes.
    Block,
}

impl SmbusSize {
    /// # Errors
    /// `EOPNOTSUPP` for the block process call, which few adapters have.
    pub(crate) const fn new(size: u32) -> Result<Self, Errno> {
        match size {
            0 => Ok(Self::Quick),
            1 => Ok(Self::Byte),
            2 => Ok(Self::ByteData),
            3 => Ok(Self::WordData),
            4 => Ok(Self::ProcessCall),
            5 => Ok(Self::BlockData),
            6 => Ok(Self::I2cBlockBroken),
            8 => Ok(Self::I2cBlockData),
            _ => Err(Errno::OPNOTSUPP),
        }
    }

    pub(crate) const fn given(self, direction: Direction) -> Given {
        match (self, direction) {
            (Self::ProcessCall, _) | (Self::WordData, Direction::Write) => Given::Bytes(2),
            (Self::ByteData, Direction::Write) | (Self::I2cBlockData, Direction::Read) => {
                Given::Bytes(1)
            }
            (Self::BlockData | Self::I2cBlockBroken | Self::I2cBlockData, Direction::Write) => {
                Given::Block
            }
            (Self::Quick | Self::Byte, _)
            | (
                Self::ByteData | Self::WordData | Self::BlockData | Self::I2cBlockBroken,
                Direction::Read,
            ) => Given::Bytes(0),
        }
    }

    /// Whether the caller need have no data at all.
    pub(crate) const fn is_bare(self, direction: Direction) -> bool {
        matches!(
            (self, direction),
            (Self::Quick, _) | (Self::Byte, Direction::Write)
        )
    }

    /// Whether the data are a word, in the machine's order.
    pub(crate) const fn is_word(self) -> bool {
        matches!(self, Self::WordData | Self::ProcessCall)
    }

    /// What is sent and read.
    fn messages(
        self,
        direction: Direction,
        command: u8,
        given: &[u8],
    ) -> Result<Vec<Message>, Errno> {
        let write = |bytes: &[u8]| message(Operation::Write(bytes.to_vec()));
        let sent = |bytes: &[u8]| write(&[&[command], bytes].concat());
        let read = |length: u8| message(Operation::Read(length.into()));
        Ok(match (self, direction) {
            (Self::Quick, Direction::Write) => vec![write(&[])],
            (Self::Quick, Direction::Read) => vec![read(0)],
            (Self::Byte, Direction::Write) => vec![write(&[command])],
            (Self::Byte, Direction::Read) => vec![read(1)],
            (Self::ByteData | Self::WordData | Self::BlockData, Direction::Write) => {
                vec![sent(given)]
            }
            (Self::I2cBlockBroken | Self::I2cBlockData, Direction::Write) => {
                vec![sent(given.get(1..).unwrap_or_default())]
            }
            (Self::ByteData, Direction::Read) => vec![sent(&[]), read(1)],
            (Self::WordData, Direction::Read) => vec![sent(&[]), read(2)],
            (Self::ProcessCall, _) => vec![sent(given), read(2)],
            (Self::BlockData, Direction::Read) => vec![sent(&[]), read(BLOCK_MAX + 1)],
            (Self::I2cBlockBroken, Direction::Read) => vec![sent(&[]), read(BLOCK_MAX)],
            (Self::I2cBlockData, Direction::Read) => match given {
                [length] => vec![sent(&[]), read(checked(*length)?)],
                _ => return Err(Errno::INVAL),
            },
        })
    }

    /// What the caller gets in `union i2c_smbus_data`, of the bytes that were
    /// read.
    fn taken(self, direction: Direction, read: Vec<u8>) -> Result<Vec<u8>, Errno> {
        match (self, direction) {
            (Self::BlockData, Direction::Read) => {
                let length = read.first().copied().unwrap_or(u8::MAX);
                let block = read.get(..=usize::from(length));
                Ok(block.ok_or(Errno::PROTO)?.to_vec())
            }
            (Self::I2cBlockBroken | Self::I2cBlockData, Direction::Read) => {
                let length = u8::try_from(read.len()).or(Err(Errno::PROTO))?;
                Ok([&[length], read.as_slice()].concat())
            }
            _ => Ok(read),
        }
    }

    /// Words are little-endian in `given` and in what is returned.
    pub(crate) fn perform(
        self,
        connection: BorrowedFd<'_>,
        direction: Direction,
        command: u8,
        given: &[u8],
    ) -> Result<Vec<u8>, Errno> {
        let messages = self.messages(direction, command, given)?;
        self.taken(direction, transfer(connection, messages)?)
    }
}

/// The length of a block.
pub(crate) const fn checked(length: u8) -> Result<u8, Errno> {
    if length > BLOCK_MAX {
        Err(Errno::INVAL)
    } else {
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Direction::{Read, Write};
    use SmbusSize::{
        BlockData, Byte, ByteData, I2cBlockBroken, I2cBlockData, ProcessCall, Quick, WordData,
    };

    #[test]
    fn commands_as_messages() {
        let write = |bytes: &[u8]| message(Operation::Write(bytes.to_vec()));
        let read = |length| message(Operation::Read(length));
        for (size, direction, given, expected) in [
            (Quick, Write, &[][..], vec![write(&[])]),
            (Quick, Read, &[], vec![read(0)]),
            (Byte, Write, &[], vec![write(&[7])]),
            (Byte, Read, &[], vec![read(1)]),
            (ByteData, Write, &[1], vec![write(&[7, 1])]),
            (ByteData, Read, &[], vec![write(&[7]), read(1)]),
            (WordData, Write, &[1, 2], vec![write(&[7, 1, 2])]),
            (WordData, Read, &[], vec![write(&[7]), read(2)]),
            (
                ProcessCall,
                Write,
                &[1, 2],
                vec![write(&[7, 1, 2]), read(2)],
            ),
            (ProcessCall, Read, &[1, 2], vec![write(&[7, 1, 2]), read(2)]),
            (BlockData, Write, &[2, 8, 9], vec![write(&[7, 2, 8, 9])]),
            (BlockData, Read, &[], vec![write(&[7]), read(33)]),
            (I2cBlockData, Write, &[2, 8, 9], vec![write(&[7, 8, 9])]),
            (I2cBlockData, Read, &[5], vec![write(&[7]), read(5)]),
            (I2cBlockBroken, Write, &[1, 8], vec![write(&[7, 8])]),
            (I2cBlockBroken, Read, &[], vec![write(&[7]), read(32)]),
        ] {
            let messages = size.messages(direction, 7, given);
            assert_eq!(messages, Ok(expected), "{size:?} {direction:?}");
            let length = match size.given(direction) {
                Given::Bytes(length) => length,
                Given::Block => usize::from(given[0]) + 1,
            };
            assert_eq!(length, given.len(), "{size:?} {direction:?}");
        }
        let long = I2cBlockData.messages(Read, 7, &[33]);
        assert_eq!(long, Err(Errno::INVAL));
    }

    #[test]
    fn blocks_have_their_length_in_front() {
        for (size, read, taken) in [
            (ByteData, vec![5], Ok(vec![5])),
            (I2cBlockData, vec![5, 6], Ok(vec![2, 5, 6])),
            (BlockData, vec![2, 5, 6, 7], Ok(vec![2, 5, 6])),
            (BlockData, vec![0; 33], Ok(vec![0])),
            (BlockData, vec![33; 33], Err(Errno::PROTO)),
            (BlockData, vec![0xFF; 33], Err(Errno::PROTO)),
        ] {
            assert_eq!(size.taken(Read, read), taken, "{size:?}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(SmbusSize::new(7), Err(Errno::OPNOTSUPP));
        assert_eq!(SmbusSize::new(9), Err(Errno::OPNOTSUPP));
        assert_eq!(SmbusSize::new(8), Ok(I2cBlockData));
    }
}
