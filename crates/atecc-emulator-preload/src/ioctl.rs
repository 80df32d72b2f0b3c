//! The numbers and structures of i2c-dev's `ioctl`.
//!
//! Source: Linux `include/uapi/linux/i2c-dev.h` and `i2c.h`.

use atecc_emulator::protocol::{MAX_MESSAGE, Message, Operation, Target};
use libc::c_ulong;
use rustix::io::Errno;

pub(crate) const I2C_RETRIES: u32 = 0x0701;
pub(crate) const I2C_TIMEOUT: u32 = 0x0702;
pub(crate) const I2C_SLAVE: u32 = 0x0703;
pub(crate) const I2C_TENBIT: u32 = 0x0704;
pub(crate) const I2C_FUNCS: u32 = 0x0705;
pub(crate) const I2C_SLAVE_FORCE: u32 = 0x0706;
pub(crate) const I2C_RDWR: u32 = 0x0707;
pub(crate) const I2C_PEC: u32 = 0x0708;
pub(crate) const I2C_SMBUS: u32 = 0x0720;

/// `I2C_FUNC_I2C`, and `I2C_FUNC_SMBUS_EMUL`: what Linux makes of plain messages
/// for any adapter. PEC is among it, but cannot be switched on here.
pub(crate) const FUNCTIONS: c_ulong = 0x0000_0001 | 0x0EFF_0008;

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

#[cfg(test)]
mod tests {
    use super::*;

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
