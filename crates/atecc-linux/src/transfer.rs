//! A transfer that failed: where, why, and what to do.

use std::io;
use std::path::Path;
use std::sync::Arc;

use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use rustix::io::Errno;

use crate::errno;

/// A transfer on an i2c-dev bus failed.
#[derive(Debug, thiserror::Error)]
#[error("{}: transfer to I2C address 0x{address:02X}: {cause} ({})", bus.display(), self.remedy())]
pub struct TransferError {
    bus: Arc<Path>,
    address: u8,
    cause: Cause,
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The kernel's error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The kernel reported success for fewer messages than asked. Adapters
    /// that do so (virtio-i2c) mean that the next one was not acknowledged.
    #[error("{done} of {asked} messages done")]
    Short {
        /// Messages done.
        done: u32,
        /// Messages asked for.
        asked: usize,
    },
    /// A message longer than i2c-dev carries, 8192 bytes; nothing was sent.
    #[error("a message of {0} bytes")]
    TooLong(usize),
}

impl TransferError {
    pub(crate) fn new(bus: &Arc<Path>, address: u8, cause: impl Into<Cause>) -> Self {
        Self {
            bus: Arc::clone(bus),
            address,
            cause: cause.into(),
        }
    }

    /// The bus, as it was opened.
    #[must_use]
    pub fn bus(&self) -> &Path {
        &self.bus
    }

    /// The 7-bit address of the transfer.
    #[must_use]
    pub const fn address(&self) -> u8 {
        self.address
    }

    /// What happened.
    #[must_use]
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    fn remedy(&self) -> &'static str {
        match &self.cause {
            Cause::Io(error) => Errno::from_io_error(error)
                .map_or("not an error of the kernel", |errno| {
                    errno::remedy(errno, self.address)
                }),
            Cause::Short { .. } => errno::NOT_ACKNOWLEDGED,
            Cause::TooLong(_) => "i2c-dev carries 8192 at most",
        }
    }
}

impl embedded_hal::i2c::Error for TransferError {
    fn kind(&self) -> ErrorKind {
        match &self.cause {
            Cause::Io(error) => Errno::from_io_error(error).map_or(ErrorKind::Other, errno::kind),
            Cause::Short { .. } => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
            Cause::TooLong(_) => ErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_errno_and_remedy_are_named() {
        let bus: Arc<Path> = Path::new("/dev/i2c-7").into();
        let refused = TransferError::new(&bus, 0x00, io::Error::from_raw_os_error(22));
        let text = refused.to_string();
        for part in ["/dev/i2c-7", "os error 22", "refuses address 0"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!((refused.bus(), refused.address()), (&*bus, 0x00));
        let chip = TransferError::new(&bus, 0x60, Cause::TooLong(8193));
        assert_eq!(chip.address(), 0x60);
        let Cause::Io(kept) = refused.cause() else {
            panic!("{refused:?}");
        };
        assert_eq!(kept.raw_os_error(), Some(22));
    }
}
