//! What a host sees when a transaction fails.

use embedded_hal::i2c::{Error, ErrorKind, NoAcknowledgeSource};

use crate::fault::FailureKind;
use crate::image_file::ImageFileError;

/// Why a bus transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No chip acknowledged the address.
    #[error("address {0:#04x} was not acknowledged")]
    AddressNack(u8),
    /// The chip did not acknowledge a byte.
    #[error("byte {byte} to address {address:#04x} was not acknowledged")]
    DataNack {
        /// Seven-bit address.
        address: u8,
        /// Index of the byte within the segment.
        byte: usize,
    },
    /// The supply has failed, and [`DeadBus::Error`] was chosen.
    #[error("the bus has no supply")]
    NoSupply,
    /// The fault script has the adapter fail.
    #[error("{}", said(*.0))]
    Failed(FailureKind),
    /// A chip could not store its EEPROM and went off.
    #[error(
        "the chip's memory could not be stored, so that the last command had no effect: {0}; mend \
         that, and run the same again"
    )]
    Store(#[source] ImageFileError),
}

impl Error for BusError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::AddressNack(_) => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address),
            Self::DataNack { .. } => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data),
            Self::NoSupply | Self::Failed(FailureKind::Bus) => ErrorKind::Bus,
            Self::Failed(FailureKind::ArbitrationLoss) => ErrorKind::ArbitrationLoss,
            Self::Failed(FailureKind::Other) | Self::Store(_) => ErrorKind::Other,
        }
    }
}

const fn said(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Bus => "the bus failed",
        FailureKind::ArbitrationLoss => "another controller took the bus",
        FailureKind::Other => "the adapter failed",
    }
}

/// What a host sees on a bus without supply.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DeadBus {
    /// No address is acknowledged.
    #[default]
    Nack,
    /// Every transaction fails with [`ErrorKind::Bus`].
    Error,
}
