//! The numbers and structures of i2c-dev's `ioctl`.
//!
//! Source: Linux `include/uapi/linux/i2c-dev.h` and `i2c.h`.

use std::os::fd::BorrowedFd;

use atecc_emulator::protocol::{MAX_MESSAGE, Message, Operation, Target};
use libc::c_ulong;
use rustix::io::Errno;

use crate::bus::{message, transfer};

pub(crate) const I2C_RETRIES: u32 = 0x0701;
pub(crate) const I2C_TIMEOUT: u32 = 0x0702;
pub(crate) const I2C_SLAVE: u32 = 0x0703;
pub(crate) const I2C_TENBIT: u32 = 0x0704;
pub(crate) const I2C_FUNCS: u32 = 0x0705;
pub(crate) const I2C_SLAVE_FORCE: u32 = 0x0706;
pub(crate) const I2C_RDWR: u32 = 0x0707;
pub(crate) const I2C_PEC: u32 = 0x0708;
pub(crate) const I2C_SMBUS: u32 = 0x0720;

/// Plain I2C; SMBus quick commands, and byte, byte data and word data, read
/// and written.
pub(crate) const FUNCTIONS: c_ulong = 0x0000_0001 | 0x0001_0000 | 0x007E_0000;

/// `I2C_RDWR_IOCTL_MAX_MSGS`.
pub(crate) const MAX_MESSAGES: u32 = 42;

/// `struct i2c_msg`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawMessage {
    pub(crate) address: u16,
    pub(crate) flags: u16,
    pub(crate) length: u16,
    pub(crate) buffer: *mut u8,
}

/// `struct i2c_rdwr_ioctl_data`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawTransfer {
    pub(crate) messages: *mut RawMessage,
    pub(crate) count: u32,
}

/// `struct i2c_smbus_ioctl_data`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawSmbus {
    pub(crate) read_write: u8,
    pub(crate) command: u8,
    pub(crate) size: u32,
    pub(crate) data: *mut u8,
}

/// Which way a message or an SMBus command goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    Write,
    Read,
}

/// `I2C_M_RD`, and `I2C_M_DMA_SAFE`, which is none of our business.
const READ: u16 = 0x0001;
const DMA_SAFE: u16 = 0x0200;

impl RawMessage {
    /// # Errors
    /// `EINVAL` when too long, `EOPNOTSUPP` with flags that change the
    /// protocol on the wire, which `I2C_FUNCS` does not offer.
    pub(crate) fn direction(&self) -> Result<Direction, Errno> {
        if usize::from(self.length) > MAX_MESSAGE {
            return Err(Errno::INVAL);
        }
        match self.flags & !DMA_SAFE {
            0 => Ok(Direction::Write),
            READ => Ok(Direction::Read),
            _ => Err(Errno::OPNOTSUPP),
        }
    }

    /// To this message's address.
    pub(crate) fn message(&self, operation: Operation) -> Message {
        Message {
            target: Target::Address(self.address),
            operation,
        }
    }
}

/// The SMBus commands that `FUNCTIONS` offers, as messages. Source: Linux
/// `drivers/i2c/i2c-core-smbus.c`, `i2c_smbus_xfer_emulated`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SmbusSize {
    Quick,
    Byte,
    ByteData,
    WordData,
}

impl SmbusSize {
    pub(crate) const fn new(size: u32) -> Result<Self, Errno> {
        match size {
            0 => Ok(Self::Quick),
            1 => Ok(Self::Byte),
            2 => Ok(Self::ByteData),
            3 => Ok(Self::WordData),
            _ => Err(Errno::OPNOTSUPP),
        }
    }

    /// Bytes at the caller's `data`, in `direction`.
    pub(crate) const fn data(self, direction: Direction) -> usize {
        match (self, direction) {
            (Self::Quick, _) | (Self::Byte, Direction::Write) => 0,
            (Self::Byte, Direction::Read) | (Self::ByteData, _) => 1,
            (Self::WordData, _) => 2,
        }
    }

    /// What is sent and read. `data` has the bytes to be written.
    fn messages(self, direction: Direction, command: u8, data: &[u8]) -> Vec<Message> {
        let write = |bytes: &[u8]| message(Operation::Write(bytes.to_vec()));
        match (self, direction) {
            (Self::Quick, Direction::Write) => vec![write(&[])],
            (Self::Quick, Direction::Read) => vec![message(Operation::Read(0))],
            (Self::Byte, Direction::Write) => vec![write(&[command])],
            (Self::Byte, Direction::Read) => vec![message(Operation::Read(1))],
            (_, Direction::Write) => vec![write(&[&[command], data].concat())],
            (Self::ByteData, Direction::Read) => {
                vec![write(&[command]), message(Operation::Read(1))]
            }
            (Self::WordData, Direction::Read) => {
                vec![write(&[command]), message(Operation::Read(2))]
            }
        }
    }

    /// Words are little-endian on the bus, in `data` and in what is returned.
    pub(crate) fn perform(
        self,
        connection: BorrowedFd<'_>,
        direction: Direction,
        command: u8,
        data: &[u8],
    ) -> Result<Vec<u8>, Errno> {
        transfer(connection, self.messages(direction, command, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smbus_commands_as_messages() {
        use Direction::{Read, Write};
        use SmbusSize::{Byte, ByteData, Quick, WordData};
        let write = |bytes: &[u8]| message(Operation::Write(bytes.to_vec()));
        let read = |length| message(Operation::Read(length));
        for (size, direction, data, expected) in [
            (Quick, Write, &[][..], vec![write(&[])]),
            (Quick, Read, &[], vec![read(0)]),
            (Byte, Write, &[], vec![write(&[7])]),
            (Byte, Read, &[], vec![read(1)]),
            (ByteData, Write, &[1], vec![write(&[7, 1])]),
            (ByteData, Read, &[], vec![write(&[7]), read(1)]),
            (WordData, Write, &[1, 2], vec![write(&[7, 1, 2])]),
            (WordData, Read, &[], vec![write(&[7]), read(2)]),
        ] {
            assert_eq!(size.messages(direction, 7, data), expected);
        }
    }

    #[test]
    fn what_a_message_may_be() {
        let message = |flags, length| RawMessage {
            address: 0x60,
            flags,
            length,
            buffer: std::ptr::null_mut(),
        };
        assert_eq!(message(0, 8192).direction(), Ok(Direction::Write));
        assert_eq!(message(0x0201, 1).direction(), Ok(Direction::Read));
        assert_eq!(message(0, 8193).direction(), Err(Errno::INVAL));
        // I2C_M_RECV_LEN and I2C_M_TEN.
        assert_eq!(message(0x0401, 1).direction(), Err(Errno::OPNOTSUPP));
        assert_eq!(message(0x0010, 1).direction(), Err(Errno::OPNOTSUPP));
    }
}
