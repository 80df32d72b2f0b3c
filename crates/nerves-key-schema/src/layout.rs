//! The two layouts, as tables. Source: `nerves_key` 1.3, `NervesKey.Config`.

use atecc::Slot;
use atecc::config::{KeyConfig, SlotConfig};

/// How a NervesKey's slots are configured.
///
/// ```
/// use nerves_key_schema::{Layout, slot};
///
/// let key = Layout::Standard.slot_config(slot::DEVICE_KEY);
/// assert!(key.is_secret() && key.signs_external());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Layout {
    /// The device key can be used whenever the chip has power.
    #[default]
    Standard,
    /// The device key can be used only after an activation since power-up.
    /// ATECC608 only.
    Volatile,
}

impl Layout {
    /// `SlotConfig` of `slot`.
    #[must_use]
    pub const fn slot_config(self, slot: Slot) -> SlotConfig {
        SlotConfig(match (self, slot.index()) {
            // Private, signs external digests, no ECDH into the next slot.
            (_, 0) => 0x2087,
            // Secret, never written after the data lock.
            (Self::Volatile, 1 | 2) => 0x9081,
            // Read in the clear, never written after the data lock.
            (_, 10..=13) => 0x2F0F,
            // Read and written in the clear.
            (_, _) => 0x0F0F,
        })
    }

    /// `KeyConfig` of `slot`.
    #[must_use]
    pub const fn key_config(self, slot: Slot) -> KeyConfig {
        KeyConfig(match (self, slot.index()) {
            // P-256 private key, public half readable, lockable.
            (Self::Standard, 0) => 0x0033,
            // As above, unusable while the persistent latch is 0.
            (Self::Volatile, 0) => 0x1033,
            // AES key type, lockable, needs a random nonce.
            (Self::Volatile, 1) => 0x0078,
            // AES key type, lockable, unusable while the latch is 0.
            (Self::Volatile, 2) => 0x1038,
            // Data, not lockable.
            (_, 1..=7) => 0x001C,
            // P-256 public key, lockable.
            (_, 11) => 0x0030,
            // Data, lockable.
            (_, _) => 0x003C,
        })
    }

    /// The slots with keys, which the last steps of provisioning lock. Those of
    /// [`slot::CERTIFICATES`](crate::slot::CERTIFICATES) may be locked besides.
    #[must_use]
    pub const fn locked_slots(self) -> &'static [Slot] {
        match self {
            Self::Standard => &[Slot::S0],
            Self::Volatile => &[Slot::S0, Slot::S1, Slot::S2],
        }
    }

    /// `VolatileKeyPermission` (byte 69), where the layout sets it.
    #[must_use]
    pub const fn volatile_key_permission(self) -> Option<u8> {
        match self {
            Self::Standard => None,
            // Enabled, by the key in slot 1.
            Self::Volatile => Some(0x81),
        }
    }
}

impl core::fmt::Display for Layout {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Volatile => "volatile",
        })
    }
}
