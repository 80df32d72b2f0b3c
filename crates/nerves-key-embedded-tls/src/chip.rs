//! Any chip that signs.

use atecc::device::WakePulse;
use atecc::procedures::SignDigest;
use atecc::{Device, Error, Slot};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

/// What TLS needs of a chip.
///
/// [`Device`] is one on any bus, and so is `&mut` one, so that a firmware keeps
/// its own. What shares a chip between tasks implements it for that.
pub trait TlsChip {
    /// Why there is no signature.
    type Error;

    /// Sign `digest` with the key in `slot`, in one awake session: R then S, 32
    /// bytes each.
    ///
    /// # Errors
    /// When the bus or the chip refuses.
    fn sign(&mut self, slot: Slot, digest: [u8; 32]) -> Result<[u8; 64], Self::Error>;
}

impl<T: TlsChip + ?Sized> TlsChip for &mut T {
    type Error = T::Error;

    fn sign(&mut self, slot: Slot, digest: [u8; 32]) -> Result<[u8; 64], T::Error> {
        T::sign(self, slot, digest)
    }
}

impl<I2C, D, W> TlsChip for Device<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    type Error = Error<I2C::Error>;

    fn sign(&mut self, slot: Slot, digest: [u8; 32]) -> Result<[u8; 64], Self::Error> {
        self.run(SignDigest::new(slot, digest).with_unlimited_key())
    }
}
