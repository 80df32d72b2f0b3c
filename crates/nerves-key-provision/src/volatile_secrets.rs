//! The keys of the volatile layout, where they stay.

use alloc::boxed::Box;
use core::fmt;
use core::ops::Deref;

use nerves_key_schema::VolatileKeys;

/// The keys of the volatile layout, in one place on the heap: a value that has
/// them can be moved, and no copies stay behind. They are zeroized when dropped.
///
/// ```
/// use nerves_key_provision::VolatileSecrets;
///
/// let keys = VolatileSecrets::new(&[0xA5; 16], &[0xE7; 16]); // Random.
/// assert_eq!(format!("{keys:?}"), "VolatileKeys { .. }");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct VolatileSecrets(Box<VolatileKeys>);

impl VolatileSecrets {
    /// The key that activates the device key after each power-up, and the key
    /// that computes MACs.
    #[must_use]
    pub fn new(activation: &[u8; 16], encryption: &[u8; 16]) -> Self {
        let mut secrets = Self::default();
        secrets.0.set(activation, encryption);
        secrets
    }

    /// Whether one key was given for both. No chip is given such keys.
    ///
    /// ```
    /// use nerves_key_provision::VolatileSecrets;
    ///
    /// assert!(VolatileSecrets::new(&[0xA5; 16], &[0xA5; 16]).are_alike());
    /// assert!(!VolatileSecrets::new(&[0xA5; 16], &[0xE7; 16]).are_alike());
    /// ```
    #[must_use]
    pub fn are_alike(&self) -> bool {
        let pairs = self.0.activation_slot().iter();
        let pairs = pairs.zip(self.0.encryption_slot());
        // As long for any two keys.
        pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Clone for VolatileSecrets {
    fn clone(&self) -> Self {
        let mut secrets = Self::default();
        secrets.0.copy_from(&self.0);
        secrets
    }
}

impl Deref for VolatileSecrets {
    type Target = VolatileKeys;

    fn deref(&self) -> &VolatileKeys {
        &self.0
    }
}

impl fmt::Debug for VolatileSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
