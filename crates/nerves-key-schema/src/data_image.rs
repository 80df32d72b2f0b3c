//! The bytes of the slots that provisioning writes and locks.

use atecc::Slot;
use atecc::crc::Crc16;

use crate::{VolatileKeys, slot};

/// Slots 1 to 15 of a NervesKey about to be locked. What is not named here is
/// zero.
///
/// ```
/// use nerves_key_schema::{DataImage, slot};
///
/// let image = DataImage {
///     volatile_keys: None,
///     device_certificate: [0x0A; 72],
///     signer_public_key: [0x0B; 72],
///     signer_certificate: [0x0C; 72],
/// };
/// assert_eq!(image.slot(slot::DEVICE_KEY), None); // It never leaves the chip.
/// let _crc = image.lock_crc(&[0xFF; 64]);
/// ```
#[derive(Clone, Debug)]
pub struct DataImage<'a> {
    /// Slots 1 and 2 of the volatile layout.
    pub volatile_keys: Option<&'a VolatileKeys>,
    /// Slot 10, compressed.
    pub device_certificate: [u8; 72],
    /// Slot 11: X, Y, eight zeros.
    pub signer_public_key: [u8; 72],
    /// Slot 12, compressed.
    pub signer_certificate: [u8; 72],
}

impl DataImage<'_> {
    /// The slots that are written, in the order of the reference.
    pub const SLOTS: [Slot; 15] = {
        let mut slots = [Slot::S1; 15];
        let mut index = 0;
        while index < 15 {
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            {
                slots[index] = Slot::ALL[index + 1];
            }
            index += 1;
        }
        slots
    };

    /// The bytes of `slot`, at its true size; `None` for the private key.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> Option<&[u8]> {
        match (slot, self.volatile_keys) {
            (slot::ACTIVATION_KEY, Some(keys)) => return Some(keys.activation_slot()),
            (slot::ENCRYPTION_KEY, Some(keys)) => return Some(keys.encryption_slot()),
            _ => {}
        }
        match slot.index() {
            0 => None,
            1..=7 => Some(&[0; 36]),
            8 => Some(&[0; 416]),
            10 => Some(&self.device_certificate),
            11 => Some(&self.signer_public_key),
            12 => Some(&self.signer_certificate),
            _ => Some(&[0; 72]),
        }
    }

    /// The CRC that the data lock carries: over the slots, then the 64 bytes
    /// of OTP. Private key slots do not count.
    #[must_use]
    pub fn lock_crc(&self, otp: &[u8; 64]) -> u16 {
        let mut crc = Crc16::new();
        for slot in Self::SLOTS {
            if let Some(bytes) = self.slot(slot) {
                crc.update(bytes);
            }
        }
        crc.update(otp);
        crc.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_its_true_size() {
        let mut keys = VolatileKeys::default();
        keys.set(&[4; 16], &[5; 16]);
        let image = DataImage {
            volatile_keys: Some(&keys),
            device_certificate: [1; 72],
            signer_public_key: [2; 72],
            signer_certificate: [3; 72],
        };
        for slot in DataImage::SLOTS {
            assert_eq!(
                image.slot(slot).map(<[u8]>::len),
                Some(slot.size()),
                "{slot}"
            );
        }
        assert_eq!(image.slot(Slot::S0), None);
        assert!(image.slot(slot::ACTIVATION_KEY).unwrap().starts_with(&[4]));
        assert!(image.slot(slot::ENCRYPTION_KEY).unwrap().starts_with(&[5]));
    }
}
