//! Which slot holds what. Source: `nerves_key` 1.3, its README and
//! `NervesKey.Config`.

use atecc::Slot;

use crate::Layout;

/// The device's private key. It never leaves the chip.
pub const DEVICE_KEY: Slot = Slot::S0;
/// Volatile layout: the key that activates the device key, 16 bytes.
pub const ACTIVATION_KEY: Slot = Slot::S1;
/// Volatile layout: a second key, 16 bytes, which computes MACs while the device
/// key is active. The reference calls it the encryption key.
pub const ENCRYPTION_KEY: Slot = Slot::S2;
/// Settings, in the order of their bytes.
pub const SETTINGS: [Slot; 4] = [Slot::S8, Slot::S7, Slot::S6, Slot::S5];
/// The auxiliary device certificate, compressed.
pub const AUX_DEVICE_CERTIFICATE: Slot = Slot::S9;
/// The device certificate, compressed.
pub const DEVICE_CERTIFICATE: Slot = Slot::S10;
/// The signer's public key: X, Y, eight zeros.
pub const SIGNER_PUBLIC_KEY: Slot = Slot::S11;
/// The signer certificate, compressed.
pub const SIGNER_CERTIFICATE: Slot = Slot::S12;
/// Reserved for the signer's serial number; unused, zeros.
pub const SIGNER_SERIAL_NUMBER: Slot = Slot::S13;
/// The device's certificate slots. No Write reaches them once data are locked,
/// but `DeriveKey` (bit 13 of their `SlotConfig`) replaces the first 32 bytes
/// for anybody who reaches the chip *(unconfirmed on silicon)*, until the slot's
/// own lock is set. The reference leaves these locks open.
pub const CERTIFICATES: [Slot; 4] = [
    DEVICE_CERTIFICATE,
    SIGNER_PUBLIC_KEY,
    SIGNER_CERTIFICATE,
    SIGNER_SERIAL_NUMBER,
];
/// The auxiliary signer's public key, as [`SIGNER_PUBLIC_KEY`].
pub const AUX_SIGNER_PUBLIC_KEY: Slot = Slot::S14;
/// The auxiliary signer certificate, compressed.
pub const AUX_SIGNER_CERTIFICATE: Slot = Slot::S15;

/// What a slot holds, in words.
///
/// ```
/// use nerves_key_schema::{Layout, slot};
///
/// println!("slot 10: {}", slot::purpose(slot::DEVICE_CERTIFICATE, Layout::Standard));
/// ```
#[must_use]
pub const fn purpose(slot: Slot, layout: Layout) -> &'static str {
    match (slot.index(), layout) {
        (1, Layout::Volatile) => return "activation key",
        (2, Layout::Volatile) => return "encryption key",
        _ => {}
    }
    match slot.index() {
        0 => "device private key",
        5..=8 => "settings",
        9 => "auxiliary device certificate",
        10 => "device certificate",
        11 => "signer public key",
        12 => "signer certificate",
        13 => "signer serial number (unused)",
        14 => "auxiliary signer public key",
        15 => "auxiliary signer certificate",
        _ => "free",
    }
}
