//! Any chip that signs, behind one type.

use atecc::device::WakePulse;
use atecc::procedures::SignDigest;
use atecc::{Device, Error, Failure, Slot};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

/// What TLS needs of a chip: a driver on any bus.
///
/// [`Device`] is one wherever its bus, its delay and its wake pulse can be sent
/// to another thread. A program with a lock or a queue of its own implements it
/// for that.
pub trait TlsChip: Send {
    /// Sign `digest` with the key in `slot`, in one awake session: R then S, 32
    /// bytes each.
    ///
    /// # Errors
    /// [`ChipError`] when the bus or the chip refuses.
    fn sign(&mut self, slot: Slot, digest: [u8; 32]) -> Result<[u8; 64], ChipError>;
}

/// Why a chip gave no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChipError {
    /// The I2C transfer failed, or the bus's lock was not to be had.
    #[error("the chip's bus: {0}")]
    Bus(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The chip refused, or did not answer.
    #[error("the chip: {0}{hint}", hint = hint(.0))]
    Chip(Failure),
    /// Each time it was a signature over something else.
    #[error(
        "the chip signed something else, {0} times: another program uses it without this one's lock"
    )]
    SomethingElse(u8),
    /// Another thread has panicked while it used the chip.
    #[error("the chip's driver is in an unknown state: a thread has panicked while it used it")]
    Poisoned,
    /// One of [`TlsChip`]'s other implementations.
    #[error("the chip: {0}")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What "execution error" means of Sign. A volatile layout's key is active until
/// the chip has no supply.
fn hint(failure: &Failure) -> &'static str {
    match failure.refusal() {
        Some(atecc::Status::Execution) => {
            "; is there a key, and is it active (a volatile layout: nerves-key volatile unlock)?"
        }
        _ => "",
    }
}

impl<I2C, D, W> TlsChip for Device<I2C, D, W>
where
    I2C: I2c + Send,
    I2C::Error: std::error::Error + Send + Sync + 'static,
    D: DelayNs + Send,
    W: WakePulse<I2C, D> + Send,
{
    fn sign(&mut self, slot: Slot, digest: [u8; 32]) -> Result<[u8; 64], ChipError> {
        let sign = SignDigest::new(slot, digest).with_unlimited_key();
        self.run(sign).map_err(|error| match error {
            Error::Bus { error, .. } => ChipError::Bus(error.into()),
            Error::Failed(failure) => ChipError::Chip(failure),
        })
    }
}
