//! The driver's end of a bus: in this process, or of a server.

use atecc_emulator::client::{Client, ClientDelay, ClientError};
use atecc_emulator::{BusError, Delay, I2cHandle};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{Error as _, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

/// Transfers.
#[derive(Debug)]
pub(crate) enum Wire {
    Emulated(I2cHandle),
    Served(Client),
}

/// Waits.
#[derive(Clone, Debug)]
pub(crate) enum Pause {
    Emulated(Delay),
    Served(ClientDelay),
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error(transparent)]
    Emulated(#[from] BusError),
    #[error(transparent)]
    Served(#[from] ClientError),
}

impl WireError {
    pub(crate) fn is_address_nack(&self) -> bool {
        use NoAcknowledgeSource::{Address, Unknown};
        matches!(self.kind(), ErrorKind::NoAcknowledge(Address | Unknown))
    }
}

impl embedded_hal::i2c::Error for WireError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Emulated(error) => error.kind(),
            Self::Served(error) => error.kind(),
        }
    }
}

impl ErrorType for Wire {
    type Error = WireError;
}

impl I2c for Wire {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), WireError> {
        match self {
            Self::Emulated(bus) => Ok(bus.transaction(address, operations)?),
            Self::Served(client) => Ok(client.transaction(address, operations)?),
        }
    }
}

impl DelayNs for Pause {
    fn delay_ns(&mut self, ns: u32) {
        match self {
            Self::Emulated(delay) => delay.delay_ns(ns),
            Self::Served(delay) => delay.delay_ns(ns),
        }
    }
}
