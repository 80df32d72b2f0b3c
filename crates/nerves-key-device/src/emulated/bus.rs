//! The two kinds of emulated bus as one.

#[cfg(target_os = "linux")]
use atecc_emulator::client::{Client, ClientDelay, ClientError};
use atecc_emulator::{BusError, Delay, I2cHandle};
#[cfg(target_os = "linux")]
use atecc_linux::{LockError, Locked, LockedError};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, Operation};

/// An emulated bus, here or in another process.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few, and a Linux bus is as large"
)]
pub enum EmulatedBus {
    /// In this process.
    InProcess(I2cHandle),
    /// In another process.
    #[cfg(target_os = "linux")]
    Served(Locked<Client>),
}

/// The delay that belongs to it.
#[derive(Debug)]
pub enum EmulatedDelay {
    /// On the emulated bus's clock.
    InProcess(Delay),
    /// As the server's pace wants it.
    #[cfg(target_os = "linux")]
    Served(ClientDelay),
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum EmulatedFault {
    /// On a bus in this process.
    #[error(transparent)]
    InProcess(BusError),
    /// On a served bus.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Served(LockedError<ClientError>),
}

impl EmulatedFault {
    pub(crate) const fn is_lock(&self) -> bool {
        match self {
            Self::InProcess(_) => false,
            #[cfg(target_os = "linux")]
            Self::Served(error) => matches!(error, LockedError::Lock(_)),
        }
    }

    pub(crate) fn is_vain_wait(&self) -> bool {
        match self {
            Self::InProcess(_) => false,
            #[cfg(target_os = "linux")]
            Self::Served(LockedError::Lock(error)) => matches!(error, LockError::Busy { .. }),
            #[cfg(target_os = "linux")]
            Self::Served(LockedError::Bus(_)) => false,
        }
    }
}

impl EmulatedBus {
    pub(crate) fn is_server_silent(&mut self) -> bool {
        match self {
            Self::InProcess(_) => false,
            #[cfg(target_os = "linux")]
            Self::Served(bus) => bus.bus().is_silent(),
        }
    }

    pub(crate) fn hold_session(&mut self) -> Result<(), EmulatedFault> {
        match self {
            Self::InProcess(_) => Ok(()),
            #[cfg(target_os = "linux")]
            Self::Served(bus) => bus
                .hold_session()
                .map_err(|error| EmulatedFault::Served(error.into())),
        }
    }

    pub(crate) fn release(&mut self) {
        match self {
            Self::InProcess(_) => {}
            #[cfg(target_os = "linux")]
            Self::Served(bus) => bus.release(),
        }
    }

    /// A bus in this process keeps its own time.
    pub(crate) fn now_us(&self) -> Option<u64> {
        match self {
            Self::InProcess(_) => None,
            #[cfg(target_os = "linux")]
            Self::Served(_) => Some(atecc_linux::now_us()),
        }
    }
}

impl Error for EmulatedFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::InProcess(error) => error.kind(),
            #[cfg(target_os = "linux")]
            Self::Served(error) => error.kind(),
        }
    }
}

impl ErrorType for EmulatedBus {
    type Error = EmulatedFault;
}

impl I2c for EmulatedBus {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), EmulatedFault> {
        match self {
            Self::InProcess(bus) => bus
                .transaction(address, operations)
                .map_err(EmulatedFault::InProcess),
            #[cfg(target_os = "linux")]
            Self::Served(bus) => bus
                .transaction(address, operations)
                .map_err(EmulatedFault::Served),
        }
    }
}

impl DelayNs for EmulatedDelay {
    fn delay_ns(&mut self, ns: u32) {
        match self {
            Self::InProcess(delay) => delay.delay_ns(ns),
            #[cfg(target_os = "linux")]
            Self::Served(delay) => delay.delay_ns(ns),
        }
    }
}
