//! Why a chip has no identity, with and without the chip.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use atecc::{Error, Failure};
use nerves_key::IdentityError;

/// Why a chip has no identity for TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The I2C transfer failed, or the bus's lock was not to be had.
    #[error("the chip's bus: {0}")]
    Bus(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A command failed.
    #[error("the chip: {0}")]
    Chip(#[from] Failure),
    /// It is no finished NervesKey, or its certificates do not verify.
    #[error("the chip's certificates: {0}")]
    Identity(#[from] IdentityError),
    /// It has no auxiliary certificates.
    #[error("the chip has no auxiliary certificates: use the primary ones, or write some")]
    NoAuxiliary,
    /// A certificate given from elsewhere is of another key.
    #[error("the first certificate is of another key than the chip's: it must be the device's own")]
    OtherKey,
    /// No certificate was given.
    #[error("no certificate: the device's own at least is needed")]
    NoCertificate,
}

impl<B> From<Error<B>> for ReadError
where
    B: std::error::Error + Send + Sync + 'static,
{
    fn from(error: Error<B>) -> Self {
        match error {
            Error::Bus { error, .. } => Self::Bus(error.into()),
            Error::Failed(failure) => Self::Chip(failure),
        }
    }
}

/// A [`ReadError`] with the device `C` that
/// [`TlsIdentity::read`](crate::TlsIdentity::read) was given.
pub struct ReadDeviceError<C> {
    error: ReadError,
    /// Never locked: with a mutex the error is `Sync` where the device is only
    /// `Send`, as the errors of most programs have to be.
    device: Box<Mutex<C>>,
}

impl<C> ReadDeviceError<C> {
    pub(crate) fn new(error: ReadError, device: C) -> Self {
        Self {
            error,
            device: Box::new(Mutex::new(device)),
        }
    }

    /// Why nothing was read.
    #[must_use]
    pub const fn error(&self) -> &ReadError {
        &self.error
    }

    /// Give the device back.
    #[must_use]
    pub fn into_device(self) -> C {
        self.device
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> From<ReadDeviceError<C>> for ReadError {
    fn from(error: ReadDeviceError<C>) -> Self {
        error.error
    }
}

impl<C> fmt::Debug for ReadDeviceError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDeviceError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<C> fmt::Display for ReadDeviceError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<C> std::error::Error for ReadDeviceError<C> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
