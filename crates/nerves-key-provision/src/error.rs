//! What can stop a run. The chip can be provisioned further unless said
//! otherwise.

use atecc::error::Cause;
use atecc::procedures::TooManyBytes;
use atecc::{Failure, SerialNumber, Slot};
use atecc_x509::{Error as X509Error, RoundTripError, SignatureMismatch};
use nerves_key::IdentityError;

use crate::Step;

/// Why a run stopped. Unless [`RunError::is_resumable`] says otherwise, do the
/// same again to continue: what is done is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The chip or the bus.
    #[error(transparent)]
    Chip(#[from] Failure),
    /// The chip refused or was lost in this step.
    #[error("step \"{step}\": {failure}")]
    Step {
        /// The plan's.
        step: Step,
        /// What the chip answered, or the bus did.
        failure: Failure,
    },
    /// Another chip answers than the plan was made for. None of its zones was locked by
    /// this run; what was written to it stays, and slots that were locked since the last
    /// proof of the key.
    #[error("another chip answers than the plan was made for: {found}, not {planned}")]
    OtherChip {
        /// The plan's.
        planned: SerialNumber,
        /// Who answers.
        found: SerialNumber,
    },
    /// The chip has changed.
    #[error(
        "the chip's configuration has changed since the plan was made (byte {offset}): plan again"
    )]
    Changed {
        /// First byte that differs.
        offset: usize,
    },
    /// Somebody replaced the key since the plan was made or while the certificate
    /// was signed; nothing was locked for it.
    #[error("the chip's key was replaced meanwhile: run again")]
    KeyChanged,
    /// The configuration reads back otherwise than written; nothing was locked.
    #[error(
        "configuration byte {offset} reads back as 0x{read:02X} instead of 0x{wrote:02X}: nothing was locked"
    )]
    Config {
        /// First byte that differs.
        offset: usize,
        /// What was written.
        wrote: u8,
        /// What was read.
        read: u8,
    },
    /// The chip's signature over a fresh challenge does not verify.
    #[error("the chip did not prove that it holds its key: {0}")]
    Possession(#[source] SignatureMismatch),
    /// The chip holds another activation key than the one that was given. Where its
    /// data were locked before the run, its own key goes on.
    #[error("the activation key is not the one that the chip holds")]
    ActivationKey,
    /// The signer's signature does not verify under its own certificate.
    #[error("the signer's signature over the device certificate is wrong: {0}")]
    Signer(#[source] SignatureMismatch),
    /// The device certificate could not be made.
    #[error("device certificate: {0}")]
    Certificate(#[from] X509Error),
    /// The device certificate would not come back byte for byte.
    #[error("device certificate: {0}")]
    RoundTrip(#[from] RoundTripError),
    /// What is to be locked, or was read back, does not verify.
    #[error(transparent)]
    Chain(IdentityError),
    /// The chip refused to show this when it was read back. What it holds is
    /// not known to differ.
    #[error("the chip does not show its {0}, which is to be read back")]
    NotShown(&'static str),
    /// What was read back is not what was written.
    #[error("the {0} read back differs from what was written")]
    ReadBack(&'static str),
    /// A slot without a certificate is not as it was written; the CRC of the
    /// data lock says that it was.
    #[error("{0} reads back otherwise than written")]
    ReadBackSlot(Slot),
    /// The chip is certified by another signer than asked for, which it did not
    /// show before.
    #[error("the chip is certified under another signer certificate than asked for")]
    OtherSigner,
    /// A lock reported success but is not set.
    #[error("the chip reported success, but not every lock is set")]
    NotLocked,
    /// What a plan writes is longer than the place for it.
    #[error(transparent)]
    TooLong(#[from] TooManyBytes),
    /// A step came before the one that it needs: of no plan, but a signature may
    /// come that was not asked for.
    #[error("step \"{0}\" has nothing to work on")]
    OutOfOrder(Step),
    /// Whoever runs it has had it stop before this step.
    #[error("stopped before the step \"{0}\"")]
    Stopped(Step),
    /// An error has ended this run before.
    #[error("an error has ended this run: plan again")]
    Ended,
}

impl RunError {
    /// Whether doing the same again can finish the chip. After the data lock,
    /// what does not verify stays so.
    #[must_use]
    pub const fn is_resumable(&self) -> bool {
        match self {
            Self::Chip(_)
            | Self::Step { .. }
            | Self::OtherChip { .. }
            | Self::Changed { .. }
            | Self::KeyChanged
            | Self::Config { .. }
            | Self::Possession(_)
            | Self::ActivationKey
            | Self::ReadBackSlot(_)
            | Self::NotShown(_)
            | Self::Signer(_)
            | Self::NotLocked
            | Self::Stopped(_)
            | Self::Ended => true,
            Self::Certificate(_)
            | Self::RoundTrip(_)
            | Self::Chain(_)
            | Self::ReadBack(_)
            | Self::OtherSigner
            | Self::TooLong(_)
            | Self::OutOfOrder(_) => false,
        }
    }

    /// Whether a chip has answered this, and it may have been another one.
    pub(crate) const fn may_be_of_another_chip(&self) -> bool {
        match self {
            Self::Chip(failure) | Self::Step { failure, .. } => {
                matches!(failure.cause, Cause::Status { .. })
            }
            Self::KeyChanged
            | Self::Config { .. }
            | Self::Possession(_)
            | Self::ActivationKey
            | Self::Chain(_)
            | Self::NotShown(_)
            | Self::ReadBack(_)
            | Self::ReadBackSlot(_)
            | Self::OtherSigner
            | Self::NotLocked => true,
            Self::OtherChip { .. }
            | Self::Changed { .. }
            | Self::Signer(_)
            | Self::Certificate(_)
            | Self::RoundTrip(_)
            | Self::TooLong(_)
            | Self::OutOfOrder(_)
            | Self::Stopped(_)
            | Self::Ended => false,
        }
    }

    /// The chip's or the bus's failure, where it was one.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Chip(failure) | Self::Step { failure, .. } => Some(failure),
            _ => None,
        }
    }
}

impl From<IdentityError> for RunError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Hidden(what) => Self::NotShown(what),
            error => Self::Chain(error),
        }
    }
}
