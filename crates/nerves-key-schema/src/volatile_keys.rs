//! The secrets of the volatile layout. Source: `nerves_key` 1.3,
//! `NervesKey.volatile_provision`; the slot contents of its recorded sequence.

use zeroize::Zeroizing;

/// Bytes of each key.
const KEY: usize = 16;
/// Bytes of their slots.
const SLOT: usize = 36;

/// The two keys of the volatile layout, 16 bytes each.
///
/// They are zeroized when dropped and never shown.
#[derive(Clone, Eq, PartialEq)]
pub struct VolatileKeys {
    activation: Zeroizing<[u8; SLOT]>,
    encryption: Zeroizing<[u8; SLOT]>,
}

impl VolatileKeys {
    /// The key that activates the device key after each power-up (slot 1),
    /// and the key that encrypts (slot 2).
    #[must_use]
    pub fn new(activation: &[u8; KEY], encryption: &[u8; KEY]) -> Self {
        Self {
            activation: padded(activation),
            encryption: padded(encryption),
        }
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

    /// The activation key as the chip uses it: the first 32 bytes of its
    /// slot.
    #[must_use]
    pub fn activation_key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        for (to, from) in key.iter_mut().zip(self.activation.iter()) {
            *to = *from;
        }
        key
    }
}

impl core::fmt::Debug for VolatileKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VolatileKeys").finish_non_exhaustive()
    }
}

fn padded(key: &[u8; KEY]) -> Zeroizing<[u8; SLOT]> {
    let mut slot = Zeroizing::new([0; SLOT]);
    for (to, from) in slot.iter_mut().zip(key) {
        *to = *from;
    }
    slot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_and_not_shown() {
        let keys = VolatileKeys::new(&[0xA5; 16], &[0xE7; 16]);
        assert_eq!(keys.activation_slot()[..16], [0xA5; 16]);
        assert_eq!(keys.activation_slot()[16..], [0; 20]);
        assert_eq!(keys.encryption_slot()[..17], {
            let mut slot = [0xE7; 17];
            slot[16] = 0;
            slot
        });
        assert_eq!(keys.activation_key()[15..17], [0xA5, 0]);
        assert_eq!(format!("{keys:?}"), "VolatileKeys { .. }");
    }
}
