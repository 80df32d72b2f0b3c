//! One type for every bus, so that commands need no type parameter.

use std::fmt;

use atecc::{GeneralCall, WakePulse};
use atecc_emulator::client::{Client, ClientDelay, ClientError};
use atecc_emulator::{BusError, I2cHandle};
use atecc_linux::{Locked, LockedError, TransferError};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, Operation};

/// A Linux bus, an emulated one, or one that is emulated in another process.
#[derive(Debug)]
pub enum AnyBus {
    /// Under `/dev/i2c-N`.
    Linux(Locked<atecc_linux::Bus>),
    /// In this process.
    Emulated(I2cHandle),
    /// In another process.
    Served(Locked<Client>),
}

/// The delay that belongs to it.
#[expect(missing_debug_implementations, reason = "the system's delay has none")]
pub enum AnyDelay {
    /// The system's.
    Linux(atecc_linux::Delay),
    /// On the emulated bus's clock.
    Emulated(atecc_emulator::Delay),
    /// As the server's pace wants it.
    Served(ClientDelay),
}

/// Why a transfer failed.
#[derive(Debug)]
pub enum BusFault {
    /// On a Linux bus.
    Linux(LockedError<TransferError>),
    /// On an emulated bus.
    Emulated(BusError),
    /// On a served bus.
    Served(LockedError<ClientError>),
}

impl BusFault {
    /// Whether the chip was left alone because its lock was not to be had: it
    /// is there, and another process is using it.
    #[must_use]
    pub const fn is_lock(&self) -> bool {
        matches!(
            self,
            Self::Linux(LockedError::Lock(_)) | Self::Served(LockedError::Lock(_))
        )
    }
}

impl fmt::Display for BusFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux(error) => error.fmt(f),
            Self::Emulated(error) => error.fmt(f),
            Self::Served(error) => error.fmt(f),
        }
    }
}

impl Error for BusFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Linux(error) => error.kind(),
            Self::Emulated(error) => error.kind(),
            Self::Served(error) => error.kind(),
        }
    }
}

impl ErrorType for AnyBus {
    type Error = BusFault;
}

impl I2c for AnyBus {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), BusFault> {
        match self {
            Self::Linux(bus) => bus
                .transaction(address, operations)
                .map_err(BusFault::Linux),
            Self::Emulated(bus) => bus
                .transaction(address, operations)
                .map_err(BusFault::Emulated),
            Self::Served(bus) => bus
                .transaction(address, operations)
                .map_err(BusFault::Served),
        }
    }
}

/// The general call, with the lock of a shared bus held to the end of the
/// session.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AnyWake;

impl AnyWake {
    /// Take a shared bus for a session, without a pulse: for a wake that gives
    /// its pulse through a wrapper of the bus.
    ///
    /// # Errors
    /// [`BusFault`] when it cannot be had.
    pub fn hold_session(i2c: &mut AnyBus) -> Result<(), BusFault> {
        match i2c {
            AnyBus::Linux(bus) => bus
                .hold_session()
                .map_err(|error| BusFault::Linux(error.into())),
            AnyBus::Served(bus) => bus
                .hold_session()
                .map_err(|error| BusFault::Served(error.into())),
            AnyBus::Emulated(_) => Ok(()),
        }
    }
}

impl<D> WakePulse<AnyBus, D> for AnyWake {
    fn pulse(&mut self, i2c: &mut AnyBus, delay: &mut D) -> Result<(), BusFault> {
        Self::hold_session(i2c)?;
        GeneralCall.pulse(i2c, delay)
    }

    fn session_over(&mut self, i2c: &mut AnyBus) {
        match i2c {
            AnyBus::Linux(bus) => bus.release(),
            AnyBus::Served(bus) => bus.release(),
            AnyBus::Emulated(_) => {}
        }
    }

    /// An emulated bus keeps its own time.
    fn now_us(&mut self, i2c: &mut AnyBus, _: &mut D) -> Option<u64> {
        match i2c {
            AnyBus::Linux(_) | AnyBus::Served(_) => Some(atecc_linux::now_us()),
            AnyBus::Emulated(_) => None,
        }
    }
}

impl DelayNs for AnyDelay {
    fn delay_ns(&mut self, ns: u32) {
        match self {
            Self::Linux(delay) => delay.delay_ns(ns),
            Self::Emulated(delay) => delay.delay_ns(ns),
            Self::Served(delay) => delay.delay_ns(ns),
        }
    }
}
