//! The secrets of the volatile layout. Source: `nerves_key` 1.3,
//! `NervesKey.volatile_provision`; the slot contents of its recorded sequence.

use zeroize::Zeroizing;

/// Bytes of each key.
const KEY: usize = 16;
/// Bytes of their slots.
const SLOT: usize = 36;

/// The two keys of the volatile layout, 16 bytes each.
///
/// They are zeroized when dropped and never shown. What is moved leaves copies
/// behind, so they are put where they will stay: [`VolatileKeys::set`].
///
/// ```
/// use nerves_key_schema::VolatileKeys;
///
/// let mut keys = VolatileKeys::default();
/// keys.set(&[0xA5; 16], &[0xE7; 16]);
/// assert_eq!(keys.activation_slot()[..17], [[0xA5; 16].as_slice(), &[0]].concat());
/// ```
pub struct VolatileKeys {
    activation: Zeroizing<[u8; SLOT]>,
    encryption: Zeroizing<[u8; SLOT]>,
}

/// Zeros, for [`VolatileKeys::set`].
impl Default for VolatileKeys {
    fn default() -> Self {
        Self {
            activation: Zeroizing::new([0; SLOT]),
            encryption: Zeroizing::new([0; SLOT]),
        }
    }
}

impl VolatileKeys {
    /// The key that activates the device key after each power-up (slot 1),
    /// and the key that computes MACs (slot 2).
    pub fn set(&mut self, activation: &[u8; KEY], encryption: &[u8; KEY]) {
        for (slot, key) in [
            (&mut self.activation, activation),
            (&mut self.encryption, encryption),
        ] {
            for (to, from) in slot.iter_mut().zip(key) {
                *to = *from;
            }
        }
    }

    /// The keys of another.
    pub fn copy_from(&mut self, other: &Self) {
        self.activation.clone_from(&other.activation);
        self.encryption.clone_from(&other.encryption);
    }

    /// Slot 1: the activation key, then zeros.
    #[must_use]
    pub fn activation_slot(&self) -> &[u8; SLOT] {
        &self.activation
    }

    /// Slot 2: the encryption key, then zeros.
    #[must_use]
    pub fn encryption_slot(&self) -> &[u8; SLOT] {
        &self.encryption
    }
}

impl core::fmt::Debug for VolatileKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VolatileKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_and_not_shown() {
        let mut keys = VolatileKeys::default();
        keys.set(&[0xA5; 16], &[0xE7; 16]);
        assert_eq!(keys.activation_slot()[..16], [0xA5; 16]);
        assert_eq!(keys.activation_slot()[16..], [0; 20]);
        assert_eq!(keys.encryption_slot()[..17], {
            let mut slot = [0xE7; 17];
            slot[16] = 0;
            slot
        });
        let mut copy = VolatileKeys::default();
        copy.copy_from(&keys);
        assert_eq!(copy.activation_slot(), keys.activation_slot());
        assert_eq!(copy.encryption_slot(), keys.encryption_slot());
        assert_eq!(format!("{keys:?}"), "VolatileKeys { .. }");
    }
}
