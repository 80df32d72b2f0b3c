//! What a served emulator and its clients say to each other.
//!
//! Packets on a Unix socket of type `SOCK_SEQPACKET`: each request is one
//! packet, each reply is one. Numbers are little-endian. The vocabulary is
//! that of Linux's i2c-dev, so that a connection can stand for an open
//! `/dev/i2c-N`: it has a bus and, for messages that name none, an address.
//! `docs/emulator-server.md` has the format.

mod reply;
mod request;
pub(crate) mod socket;

pub use reply::{BadReply, Hello, Pace, Reply};
pub use request::{BadRequest, Message, Operation, Request, Target};

/// The version of the protocol.
pub const VERSION: u8 = 1;

/// Most messages of one transfer. Source: Linux `include/uapi/linux/i2c-dev.h`,
/// `I2C_RDWR_IOCTL_MAX_MSGS`.
pub const MAX_MESSAGES: usize = 42;

/// Most bytes of one message. Source: Linux `drivers/i2c/i2c-dev.c`,
/// `i2cdev_ioctl_rdwr`.
pub const MAX_MESSAGE: usize = 8192;

/// Most bytes, read and written, of one transfer: it fits into the buffer of
/// a socket.
pub const MAX_TRANSFER: usize = 65536;

/// Most bytes of one packet.
pub const MAX_PACKET: usize = 64 + 6 * MAX_MESSAGES + MAX_TRANSFER;

/// Numbers of the errors in replies: Linux's, the same on every architecture
/// that this runs on. Source: Linux `include/uapi/asm-generic/errno-base.h`
/// and `errno.h`.
pub mod errno {
    /// The bus failed. As this and the next, Linux
    /// `Documentation/i2c/fault-codes.rst`.
    pub const EIO: u32 = 5;
    /// Another controller has won the bus.
    pub const EAGAIN: u32 = 11;
    /// There is no such bus, or none is open.
    pub const ENODEV: u32 = 19;
    /// A number is out of range.
    pub const EINVAL: u32 = 22;
    /// The request cannot be understood, or a chip's image cannot be stored.
    pub const EPROTO: u32 = 71;
    /// The adapter gave up.
    pub const ETIMEDOUT: u32 = 110;
    /// Not acknowledged.
    pub const EREMOTEIO: u32 = 121;
}
