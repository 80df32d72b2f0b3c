//! Why a served emulator could not be used.

use std::io;
use std::path::PathBuf;

use embedded_hal::i2c::{Error, ErrorKind, NoAcknowledgeSource};

use crate::protocol::{BadReply, BadRequest, errno};

/// A served bus could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody serves there.
    #[error("{}: no emulator is served there: {error}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The server speaks another version.
    #[error("{}: the emulator's protocol is version {theirs}, not 1", path.display())]
    Version {
        /// The socket.
        path: PathBuf,
        /// The server's version.
        theirs: u8,
    },
    /// The server has no such bus, or several where none was named.
    #[error("{}: the emulator serves {}, not {}", path.display(), list(buses), named(*bus))]
    Bus {
        /// The socket.
        path: PathBuf,
        /// The bus that was asked for.
        bus: Option<u32>,
        /// Those it has.
        buses: Vec<u32>,
    },
    /// The server said something else than expected.
    #[error("{}: {error}", path.display())]
    Call {
        /// The socket.
        path: PathBuf,
        /// What went wrong.
        error: ClientError,
    },
}

/// A chip could not be plugged or unplugged.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The bus could not be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The request failed.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// The server has a reason.
    #[error("bus {bus}: {reason}")]
    Refused {
        /// The bus.
        bus: u32,
        /// In the server's words.
        reason: String,
    },
}

/// A request to a served emulator failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody acknowledged an address or a byte.
    #[error("address {0:#04x} did not acknowledge")]
    Nack(u8),
    /// The server refused, with this error number of Linux.
    #[error("the emulator refused: {}", system_error(*.0))]
    Refused(u32),
    /// The request is more than the protocol can carry; nothing was sent.
    #[error(transparent)]
    Request(#[from] BadRequest),
    /// The reply made no sense.
    #[error("the emulator answered nonsense: {0}")]
    Reply(#[from] BadReply),
    /// The reply has another length than was asked for.
    #[error("the emulator answered with {got} bytes instead of {asked}")]
    Length {
        /// Bytes that came.
        got: usize,
        /// Bytes that were asked for.
        asked: usize,
    },
    /// The socket failed.
    #[error("the connection to the emulator failed: {0}")]
    Socket(#[from] io::Error),
}

impl ConnectError {
    /// Whether the server said nothing for as long as it is waited for: it may have
    /// been stopped.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        match self {
            Self::Socket { error, .. } => is_timeout(error),
            Self::Call { error, .. } => error.is_silence(),
            Self::Version { .. } | Self::Bus { .. } => false,
        }
    }
}

impl ClientError {
    /// Whether the server said nothing for as long as it is waited for: it may have
    /// been stopped.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Socket(error) if is_timeout(error))
    }

    /// The refusal `errno` of a transfer to `address`.
    pub(super) const fn refused(errno: u32, address: u8) -> Self {
        match errno {
            errno::EREMOTEIO => Self::Nack(address),
            _ => Self::Refused(errno),
        }
    }
}

impl Error for ClientError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Nack(_) => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
            Self::Refused(errno::EIO) => ErrorKind::Bus,
            // As on Linux, where some adapters report a missing acknowledge so.
            Self::Refused(errno::ETIMEDOUT) => {
                ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown)
            }
            Self::Refused(errno::EAGAIN) => ErrorKind::ArbitrationLoss,
            _ => ErrorKind::Other,
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
}

fn system_error(errno: u32) -> io::Error {
    io::Error::from_raw_os_error(i32::try_from(errno).unwrap_or(i32::MAX))
}

fn list(buses: &[u32]) -> String {
    let names: Vec<_> = buses.iter().map(|bus| format!("bus {bus}")).collect();
    if names.is_empty() {
        "no bus".to_owned()
    } else {
        names.join(" and ")
    }
}

fn named(bus: Option<u32>) -> String {
    bus.map_or("just one: name one".to_owned(), |bus| format!("bus {bus}"))
}
