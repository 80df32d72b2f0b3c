//! What survives without power: the three EEPROM zones.
//!
//! Sizes and slot geometry: ATECC508A datasheet, sections 2.1 to 2.3.

pub(crate) mod address;
pub(crate) mod config;
pub(crate) mod limited_use;
pub(crate) mod options;
mod slot;

use std::fmt;

use zeroize::Zeroize;

pub(crate) use config::LockState;
pub use slot::Slot;

use crate::blank;
use crate::revision::Revision;
use crate::serial::SerialNumber;

/// Bytes of the configuration zone.
pub const CONFIG_SIZE: usize = 128;
/// Bytes of the one-time programmable zone.
pub const OTP_SIZE: usize = 64;
/// Bytes of the data zone: the 16 slots, one after the other.
pub const DATA_SIZE: usize = 1208;

/// The EEPROM of one chip: everything that persists.
///
/// It holds private keys: it is wiped when dropped, and `Debug` shows only
/// which chip it is.
#[derive(Clone, Eq, PartialEq)]
pub struct Image {
    revision: Revision,
    pub(crate) config: [u8; CONFIG_SIZE],
    pub(crate) otp: [u8; OTP_SIZE],
    pub(crate) data: [u8; DATA_SIZE],
}

impl Image {
    /// A chip as it leaves the factory, with the serial number of the part
    /// that the image was read from.
    #[must_use]
    pub fn blank(revision: Revision) -> Self {
        Self {
            revision,
            config: blank::config(revision),
            otp: [0xFF; OTP_SIZE],
            data: [0xFF; DATA_SIZE],
        }
    }

    /// The chip with these zones.
    ///
    /// # Errors
    /// [`ForeignRevision`] when configuration bytes 4 to 7 belong to no
    /// emulated chip.
    pub fn from_zones(
        config: [u8; CONFIG_SIZE],
        otp: [u8; OTP_SIZE],
        data: [u8; DATA_SIZE],
    ) -> Result<Self, ForeignRevision> {
        let [_, _, _, _, a, b, c, d, ..] = config;
        let rev_num = [a, b, c, d];
        let revision = Revision::from_rev_num(rev_num).ok_or(ForeignRevision(rev_num))?;
        Ok(Self {
            revision,
            config,
            otp,
            data,
        })
    }

    /// The same chip with another serial number.
    #[must_use]
    pub fn with_serial(mut self, serial: SerialNumber) -> Self {
        serial.store(&mut self.config);
        self
    }

    /// The same chip with another configuration zone, which may make it
    /// another chip.
    ///
    /// # Errors
    /// As [`Image::from_zones`].
    pub fn with_config(self, config: [u8; CONFIG_SIZE]) -> Result<Self, ForeignRevision> {
        Self::from_zones(config, self.otp, self.data)
    }

    /// Which chip this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The nine-byte serial number.
    #[must_use]
    pub fn serial(&self) -> SerialNumber {
        SerialNumber::of(&self.config)
    }

    /// The configuration zone, 128 bytes.
    #[must_use]
    pub const fn config(&self) -> &[u8; CONFIG_SIZE] {
        &self.config
    }

    /// The one-time programmable zone, 64 bytes.
    #[must_use]
    pub const fn otp(&self) -> &[u8; OTP_SIZE] {
        &self.otp
    }

    /// The bytes of one slot: 36, 416 or 72, private keys included.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> &[u8] {
        &self.data[slot.range()]
    }

    /// The symmetric key in a slot: its first 32 bytes.
    pub(crate) fn key(&self, slot: Slot) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(&self.slot(slot)[..32]);
        key
    }

    /// The bytes of one slot, to be changed.
    pub fn slot_mut(&mut self, slot: Slot) -> &mut [u8] {
        &mut self.data[slot.range()]
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("revision", &self.revision)
            .field("serial", &self.serial())
            .field("lock_state", &self.lock_state())
            .finish_non_exhaustive()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

/// Configuration bytes 4 to 7 of a chip that is not emulated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "revision {:08X} in configuration bytes 4 to 7 is no emulated chip",
    u32::from_be_bytes(*.0)
)]
pub struct ForeignRevision(pub [u8; 4]);

#[cfg(test)]
mod tests {
    use super::{Image, Slot};
    use crate::revision::Revision;

    #[test]
    fn debug_shows_no_key() {
        let mut image = Image::blank(Revision::Atecc608B);
        image.slot_mut(Slot::of_param2(0)).fill(0xA7);
        let shown = format!("{image:?}");
        assert!(shown.contains("0123703AA642748FEE"), "{shown}");
        assert!(!shown.to_uppercase().contains("A7"), "{shown}");
        assert!(!shown.contains("167"), "{shown}");
    }

    #[test]
    fn zones_of_another_chip_are_refused() {
        let mut config = *Image::blank(Revision::Atecc508A).config();
        config[6] = 0x02;
        let refused = Image::from_zones(config, [0xFF; 64], [0xFF; 1208]);
        assert_eq!(refused.map(|_| ()).unwrap_err().0, [0, 0, 2, 0]);
    }
}
