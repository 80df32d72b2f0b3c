//! One type for every bus, so that commands need no type parameter.

use atecc::device::{GeneralCall, WakePulse};
#[cfg(target_os = "linux")]
use atecc_linux::{LockError, Locked, LockedError, TransferError};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, Operation};

#[cfg(feature = "emulator")]
use crate::emulated::{EmulatedBus, EmulatedDelay, EmulatedFault};

/// A Linux bus, or an emulated one.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyBus {
    /// Under `/dev/i2c-N`.
    #[cfg(target_os = "linux")]
    Linux(Locked<atecc_linux::Bus>),
    /// In this process or another one.
    #[cfg(feature = "emulator")]
    Emulated(EmulatedBus),
}

/// The delay that belongs to it.
#[expect(missing_debug_implementations, reason = "the system's delay has none")]
#[non_exhaustive]
pub enum AnyDelay {
    /// The system's.
    #[cfg(target_os = "linux")]
    Linux(atecc_linux::Delay),
    /// The emulated bus's.
    #[cfg(feature = "emulator")]
    Emulated(EmulatedDelay),
}

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BusFault {
    /// On a Linux bus.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Linux(LockedError<TransferError>),
    /// On an emulated bus.
    #[cfg(feature = "emulator")]
    #[error(transparent)]
    Emulated(EmulatedFault),
}

impl BusFault {
    /// Whether the chip was left alone because its lock was not to be had: it
    /// is there, and another process is using it.
    #[must_use]
    pub const fn is_lock(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Linux(error) => matches!(error, LockedError::Lock(_)),
            #[cfg(feature = "emulator")]
            Self::Emulated(fault) => fault.is_lock(),
        }
    }

    /// Whether another process with the chip's lock was waited for in vain: the chip
    /// may well be there.
    #[must_use]
    pub fn is_vain_wait(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Linux(error) => matches!(error, LockedError::Lock(LockError::Busy { .. })),
            #[cfg(feature = "emulator")]
            Self::Emulated(fault) => fault.is_vain_wait(),
        }
    }
}

impl AnyBus {
    /// Whether the server of an emulated bus said nothing for as long as it is waited
    /// for: what failed is not the bus. A driver may take it for a stuck one.
    #[must_use]
    pub fn is_server_silent(&mut self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Linux(_) => false,
            #[cfg(feature = "emulator")]
            Self::Emulated(bus) => bus.is_server_silent(),
        }
    }
}

impl Error for BusFault {
    fn kind(&self) -> ErrorKind {
        match self {
            #[cfg(target_os = "linux")]
            Self::Linux(error) => error.kind(),
            #[cfg(feature = "emulator")]
            Self::Emulated(fault) => fault.kind(),
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
            #[cfg(target_os = "linux")]
            Self::Linux(bus) => bus
                .transaction(address, operations)
                .map_err(BusFault::Linux),
            #[cfg(feature = "emulator")]
            Self::Emulated(bus) => bus
                .transaction(address, operations)
                .map_err(BusFault::Emulated),
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
            #[cfg(target_os = "linux")]
            AnyBus::Linux(bus) => bus
                .hold_session()
                .map_err(|error| BusFault::Linux(error.into())),
            #[cfg(feature = "emulator")]
            AnyBus::Emulated(bus) => bus.hold_session().map_err(BusFault::Emulated),
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
            #[cfg(target_os = "linux")]
            AnyBus::Linux(bus) => bus.release(),
            #[cfg(feature = "emulator")]
            AnyBus::Emulated(bus) => bus.release(),
        }
    }

    fn now_us(&mut self, i2c: &mut AnyBus, _: &mut D) -> Option<u64> {
        match i2c {
            #[cfg(target_os = "linux")]
            AnyBus::Linux(_) => Some(atecc_linux::now_us()),
            #[cfg(feature = "emulator")]
            AnyBus::Emulated(bus) => bus.now_us(),
        }
    }
}

impl DelayNs for AnyDelay {
    fn delay_ns(&mut self, ns: u32) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Linux(delay) => delay.delay_ns(ns),
            #[cfg(feature = "emulator")]
            Self::Emulated(delay) => delay.delay_ns(ns),
        }
    }
}
