//! What is wrong with a slot's chip, or with its bus.

use atecc::error::Cause;
use atecc::{Error as DeviceError, Failure, SerialNumber};
use atecc_config::Explanation;
use atecc_x509::SignatureMismatch;
use nerves_key_device::{BusFault, OpenError};

/// Why a slot's chip is not there, or did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlotFault {
    /// The bus could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A transfer failed, or another process has the chip's lock.
    #[error(transparent)]
    Bus(BusFault),
    /// The server of an emulated bus says nothing: nothing was asked of the chip.
    #[error("the emulator's server does not answer; it may have been stopped")]
    SilentServer,
    /// The chip did not answer, or not well.
    #[error(transparent)]
    Chip(#[from] Failure),
    /// The chip refused.
    #[error("{failure}; {explanation}")]
    Refused {
        /// What it answered.
        failure: Failure,
        /// Why, and what can be done.
        explanation: Explanation,
    },
    /// Another chip is there than the one that was read.
    #[error("chip {0} is there now")]
    Replaced(SerialNumber),
    /// Signatures are not those of the key that was read.
    #[error(
        "it is not the chip that was read, or another program uses it without this one's lock: {0}"
    )]
    Unverified(SignatureMismatch),
}

impl From<DeviceError<BusFault>> for SlotFault {
    fn from(error: DeviceError<BusFault>) -> Self {
        match error {
            DeviceError::Bus { error, .. } => Self::Bus(error),
            DeviceError::Failed(failure) => Self::Chip(failure),
        }
    }
}

impl SlotFault {
    /// Whether the chip did not answer, against that it answered something bad.
    pub(crate) fn is_absence(&self) -> bool {
        match self {
            Self::Bus(fault) => !fault.is_lock(),
            Self::Chip(failure) => matches!(
                failure.cause,
                Cause::NoAnswer { .. }
                    | Cause::BadWake(_)
                    | Cause::NotTaken { .. }
                    | Cause::Timeout { .. }
                    | Cause::Bus
                    | Cause::Stuck { .. }
            ),
            Self::Refused { .. } | Self::SilentServer => false,
            Self::Open(error) => !error.is_vain_wait(),
            Self::Replaced(_) | Self::Unverified(_) => true,
        }
    }

    /// Whether somebody was waited for in vain: nothing is known of the chip, which
    /// may well be there.
    pub(crate) fn is_vain_wait(&self) -> bool {
        match self {
            Self::Open(error) => error.is_vain_wait(),
            Self::Bus(fault) => fault.is_vain_wait(),
            Self::SilentServer => true,
            Self::Chip(_) | Self::Refused { .. } | Self::Replaced(_) | Self::Unverified(_) => false,
        }
    }

    /// Whether it is the server's of an emulated bus, and so that of all its buses.
    pub(crate) fn is_of_the_server(&self) -> bool {
        match self {
            Self::Open(error) => error.is_silent_server(),
            Self::SilentServer => true,
            Self::Bus(_)
            | Self::Chip(_)
            | Self::Refused { .. }
            | Self::Replaced(_)
            | Self::Unverified(_) => false,
        }
    }

    /// Whether it is the bus's, and so that of all its slots.
    pub(crate) fn is_of_the_bus(&self) -> bool {
        match self {
            Self::Bus(fault) => !fault.is_lock(),
            Self::Chip(failure) => failure.is_of_the_bus(),
            Self::Open(_)
            | Self::SilentServer
            | Self::Refused { .. }
            | Self::Replaced(_)
            | Self::Unverified(_) => false,
        }
    }

    /// Whether it is a stuck bus: to open it anew takes as long once more, and
    /// does not help.
    pub(crate) const fn is_stuck(&self) -> bool {
        matches!(
            self,
            Self::Chip(Failure {
                cause: Cause::Stuck { .. },
                ..
            })
        )
    }
}
