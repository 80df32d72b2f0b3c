//! The configuration zone by its fields.
//!
//! Source: ATECC508A datasheet, Table 2-5 and sections 2.2.1 to 2.2.5; for
//! the 608 fields cryptoauthlib `calib_device.h`.

use super::{Image, Slot};

/// Byte 16: the I2C address, shifted left by one.
const I2C_ADDRESS: usize = 16;
/// Byte 18: `OTPmode` (508) or `CountMatch` (608).
pub(super) const BYTE_18: usize = 18;
/// Byte 19: `ChipMode`.
const CHIP_MODE: usize = 19;
/// Bytes 20 to 51: `SlotConfig`, little-endian.
const SLOT_CONFIG: usize = 20;
/// Byte 69: `VolatileKeyPermission` (608).
const VOLATILE_KEY_PERMISSION: usize = 69;
/// Byte 84: `UserExtra`.
pub(crate) const USER_EXTRA: usize = 84;
/// Byte 85: `Selector` (508) or `UserExtraAdd` (608).
pub(crate) const BYTE_85: usize = 85;
/// Byte 86: `LockValue`, 0x55 while data and OTP are unlocked.
pub(crate) const LOCK_VALUE: usize = 86;
/// Byte 87: `LockConfig`, 0x55 while the configuration is unlocked.
pub(crate) const LOCK_CONFIG: usize = 87;
/// Bytes 88 and 89: `SlotLocked`, little-endian, bit 1 = not locked.
const SLOT_LOCKED: usize = 88;
/// Bytes 92 to 95: `X509format`.
const X509_FORMAT: usize = 92;
/// Bytes 96 to 127: `KeyConfig`, little-endian.
const KEY_CONFIG: usize = 96;
/// What both lock bytes hold before they are locked.
const UNLOCKED: u8 = 0x55;

/// How far the chip has been locked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum LockState {
    /// The configuration can be written.
    ConfigOpen,
    /// The configuration is locked; data and OTP are not.
    DataOpen,
    /// Both are locked: the policies of the slots are in force.
    Locked,
}

/// The upper nibble of a stored public key's first byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Validity {
    Valid = 0x50,
    Invalid = 0xA0,
}

/// `SlotConfig` of one slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SlotConfig(pub(crate) u16);

impl SlotConfig {
    /// Bits 3-0. For a private key: 0 external Sign, 1 internal Sign, 2 ECDH.
    pub(crate) const fn read_key(self) -> u8 {
        self.0.to_le_bytes()[0] & 0x0F
    }

    /// Bit 4: no use by `MAC` and `HMAC`, and `GenDig` takes `OtherData`.
    pub(crate) const fn no_mac(self) -> bool {
        self.bit(4)
    }

    /// Bit 5.
    pub(crate) const fn limited_use(self) -> bool {
        self.bit(5)
    }

    /// Bit 6.
    pub(crate) const fn encrypt_read(self) -> bool {
        self.bit(6)
    }

    /// Bit 7.
    pub(crate) const fn is_secret(self) -> bool {
        self.bit(7)
    }

    /// Bits 11-8.
    pub(crate) const fn write_key(self) -> u8 {
        self.0.to_le_bytes()[1] & 0x0F
    }

    /// Bits 15-12.
    pub(crate) const fn write_config(self) -> u8 {
        self.0.to_le_bytes()[1] >> 4
    }

    /// Bit 12: `DeriveKey` starts from the parent key, not the old one.
    pub(crate) const fn derives_from_parent(self) -> bool {
        self.bit(12)
    }

    /// Bit 14: `PrivWrite` is allowed, encrypted.
    pub(crate) const fn allows_priv_write(self) -> bool {
        self.bit(14)
    }

    /// Bit 15: `DeriveKey` needs a MAC.
    pub(crate) const fn derives_with_mac(self) -> bool {
        self.bit(15)
    }

    /// Bit 13: `GenKey` may create a key here, and `DeriveKey` derive one.
    pub(crate) const fn allows_gen_key(self) -> bool {
        self.bit(13)
    }

    const fn bit(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// `KeyConfig` of one slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct KeyConfig(pub(crate) u16);

impl KeyConfig {
    /// Bit 0: the slot holds a P-256 private key.
    pub(crate) const fn private(self) -> bool {
        self.bit(0)
    }

    /// Bit 1.
    pub(crate) const fn pub_info(self) -> bool {
        self.bit(1)
    }

    /// Bits 4-2: 4 a P-256 key, 6 an AES key, 7 another key or data.
    pub(crate) const fn key_type(self) -> u8 {
        self.0.to_le_bytes()[0] >> 2 & 7
    }

    /// Bits 4-2 are 4: a P-256 key.
    pub(crate) const fn is_p256(self) -> bool {
        self.key_type() == 4
    }

    /// Bit 5.
    pub(crate) const fn lockable(self) -> bool {
        self.bit(5)
    }

    /// Bit 6.
    pub(crate) const fn req_random(self) -> bool {
        self.bit(6)
    }

    /// Bits 11-8 when bit 7 (`ReqAuth`) is set: the authorizing slot.
    pub(crate) const fn auth_key(self) -> Option<u8> {
        if self.bit(7) {
            Some(self.0.to_le_bytes()[1] & 0x0F)
        } else {
            None
        }
    }

    /// Bits 15-14: index into `X509format`.
    pub(crate) const fn x509_id(self) -> usize {
        (self.0 >> 14) as usize
    }

    /// Bit 12 of a 608: unusable while the persistent latch is 0.
    pub(crate) const fn persistent_disable(self) -> bool {
        self.bit(12)
    }

    const fn bit(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}

impl Image {
    pub(crate) const fn lock_state(&self) -> LockState {
        match (self.config[LOCK_CONFIG], self.config[LOCK_VALUE]) {
            (UNLOCKED, _) => LockState::ConfigOpen,
            (_, UNLOCKED) => LockState::DataOpen,
            _ => LockState::Locked,
        }
    }

    pub(crate) fn slot_config(&self, slot: Slot) -> SlotConfig {
        SlotConfig(self.word(SLOT_CONFIG + 2 * usize::from(slot.index())))
    }

    pub(crate) fn key_config(&self, slot: Slot) -> KeyConfig {
        KeyConfig(self.word(KEY_CONFIG + 2 * usize::from(slot.index())))
    }

    pub(crate) fn is_slot_locked(&self, slot: Slot) -> bool {
        self.word(SLOT_LOCKED) >> slot.index() & 1 == 0
    }

    pub(crate) fn lock_slot(&mut self, slot: Slot) {
        let left = self.word(SLOT_LOCKED) & !(1 << slot.index());
        self.config[SLOT_LOCKED..SLOT_LOCKED + 2].copy_from_slice(&left.to_le_bytes());
    }

    pub(crate) const fn chip_mode(&self) -> u8 {
        self.config[CHIP_MODE]
    }

    /// The seven-bit address that these bytes ask for.
    ///
    /// A 608 takes it from byte 85 when `ChipMode` bit 0 is 1 and that byte is
    /// not 0. Source: cryptoauthlib `calib_command.h`.
    pub(crate) const fn i2c_address(&self) -> u8 {
        let extra = self.config[BYTE_85];
        if !self.revision.is_508() && self.chip_mode() & 1 == 1 && extra != 0 {
            extra >> 1
        } else {
            self.config[I2C_ADDRESS] >> 1
        }
    }

    /// Byte 69 of a 608: the slot whose authorization sets the latch.
    pub(crate) const fn volatile_key_permission(&self) -> Option<u8> {
        let byte = self.config[VOLATILE_KEY_PERMISSION];
        if byte & 0x80 != 0 {
            Some(byte & 0x0F)
        } else {
            None
        }
    }

    /// Byte 18 of a 508 is 0x55: OTP bits can still be cleared after the lock.
    pub(crate) const fn otp_is_consumable(&self) -> bool {
        self.revision.is_508() && self.config[BYTE_18] == 0x55
    }

    /// Whether the slot holds a public key whose validity is tracked.
    pub(crate) fn tracks_validity(&self, slot: Slot) -> bool {
        let key = self.key_config(slot);
        slot.holds_public_key() && !key.private() && key.is_p256() && key.pub_info()
    }

    /// Mark a public key whose validity is tracked, in the upper nibble of
    /// its first byte. Source: ATECC508A datasheet, section 9.20.
    pub(crate) fn mark(&mut self, slot: Slot, validity: Validity) {
        let first = &mut self.slot_mut(slot)[0];
        *first = validity as u8 | *first & 0x0F;
    }

    /// Whether the slot holds a validated public key.
    pub(crate) fn is_validated(&self, slot: Slot) -> bool {
        self.tracks_validity(slot) && self.slot(slot)[0] & 0xF0 == Validity::Valid as u8
    }

    /// The `X509format` that the slot's `KeyConfig` names: 0 for any message.
    pub(crate) fn x509_format(&self, slot: Slot) -> u8 {
        self.config[X509_FORMAT + self.key_config(slot).x509_id()]
    }

    pub(super) fn word(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.config[at], self.config[at + 1]])
    }
}

#[cfg(test)]
mod tests {
    use super::{Image, LockState, Slot, Validity};
    use crate::revision::Revision;

    /// The factory image, by its fields. Source: ATECC508A datasheet,
    /// "Factory Default" column and section 2.2.
    #[test]
    fn fields_of_a_blank_chip() {
        let image = Image::blank(Revision::Atecc508A);
        assert_eq!(image.lock_state(), LockState::ConfigOpen);
        assert_eq!(image.i2c_address(), 0x60);
        let slot = Slot::of_param2(0);
        assert_eq!(image.slot_config(slot).0, 0x2083);
        assert_eq!(image.slot_config(slot).read_key(), 3);
        assert_eq!(image.slot_config(slot).write_config(), 2);
        assert!(image.slot_config(slot).is_secret());
        assert!(image.slot_config(slot).allows_gen_key());
        assert_eq!(image.key_config(slot).0, 0x0033);
        assert!(image.key_config(slot).private());
        assert!(image.key_config(slot).is_p256());
        assert!(image.key_config(slot).lockable());
        assert!(!image.is_slot_locked(slot));
    }

    #[test]
    fn address_from_byte_85_on_a_608_only() {
        for (revision, address) in [
            (Revision::Atecc508A, 0x60),
            (Revision::Atecc608A, 0x35),
            (Revision::Atecc608B, 0x35),
        ] {
            let mut image = Image::blank(revision);
            image.config[85] = 0x6A;
            assert_eq!(image.i2c_address(), 0x60, "{revision}");
            image.config[19] |= 1;
            assert_eq!(image.i2c_address(), address, "{revision}");
        }
    }

    /// Bit 7 enables it, bits 3 to 0 are the slot, the others are reserved.
    /// Source: cryptoauthlib `calib_device.h`.
    #[test]
    fn the_permission_of_volatile_keys() {
        let mut image = Image::blank(Revision::Atecc608B);
        for (byte, slot) in [
            (0x00, None),
            (0x05, None),
            (0x7F, None),
            (0x80, Some(0)),
            (0x85, Some(5)),
            (0xF5, Some(5)),
        ] {
            image.config[69] = byte;
            assert_eq!(image.volatile_key_permission(), slot, "{byte:02X}");
        }
    }

    /// Bits 15 and 14 of KeyConfig choose one of bytes 92 to 95. Source:
    /// ATECC508A datasheet, Tables 2-5 and 2-12.
    #[test]
    fn the_format_of_a_validation() {
        let mut image = Image::blank(Revision::Atecc508A);
        image.config[92..96].copy_from_slice(&[0x10, 0x20, 0x30, 0x40]);
        let slot = Slot::of_param2(9);
        for (high, format) in [(0x00, 0x10), (0x40, 0x20), (0x80, 0x30), (0xC0, 0x40)] {
            image.config[96 + 2 * 9 + 1] = high;
            assert_eq!(image.x509_format(slot), format);
        }
    }

    /// A public key on P-256 with PubInfo, in one of the slots 8 to 15.
    #[test]
    fn whose_validity_is_tracked() {
        let mut image = Image::blank(Revision::Atecc508A);
        for (slot, key_config, tracked) in [
            (8, 0x12, true),
            (15, 0x12, true),
            (7, 0x12, false),
            (9, 0x10, false),
            (9, 0x13, false),
            (9, 0x1E, false),
        ] {
            image.config[96 + 2 * usize::from(slot)] = key_config;
            let found = image.tracks_validity(Slot::of_param2(slot));
            assert_eq!(found, tracked, "{slot} {key_config:02X}");
        }
    }

    /// The lower nibble stays. Source: ATECC508A datasheet, section 9.20.
    #[test]
    fn a_mark_is_the_upper_nibble() {
        let mut image = Image::blank(Revision::Atecc508A);
        let slot = Slot::of_param2(9);
        image.slot_mut(slot)[0] = 0x57;
        image.mark(slot, Validity::Invalid);
        assert_eq!(image.slot(slot)[0], 0xA7);
        image.mark(slot, Validity::Valid);
        assert_eq!(image.slot(slot)[0], 0x57);
    }
}
