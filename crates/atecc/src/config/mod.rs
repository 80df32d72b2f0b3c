//! The configuration zone, read through types.
//! Source: ATECC508A datasheet, "Configuration Zone"; where the ATECC608
//! differs, cryptoauthlib `calib_device.h`.

mod key_config;
mod key_config_builder;
pub mod offset;
mod slot_config;
mod slot_config_builder;

pub use key_config::{KeyConfig, KeyType, X509Id};
pub use key_config_builder::{ForbiddenKeyConfig, KeyConfigBuilder};
pub use slot_config::{PrivateKeyUses, SlotConfig, WriteAccess, WriteConfig};
pub use slot_config_builder::{ForbiddenSlotConfig, SlotConfigBuilder};

use crate::crc::crc16;
use crate::{Revision, SerialNumber, Slot};

/// The 128 bytes of the configuration zone.
///
/// ```
/// use atecc::{ConfigZone, Revision, Slot};
///
/// let mut zone = ConfigZone([0; 128]);
/// zone.0[4..8].copy_from_slice(&[0x00, 0x00, 0x60, 0x03]);
/// zone.0[20..22].copy_from_slice(&[0x87, 0x20]);
/// assert_eq!(zone.revision(), Revision::Atecc608B);
/// assert!(zone.slot_config(Slot::S0).is_secret());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct ConfigZone(pub [u8; 128]);

/// State of a lock. There is no way back from `Locked`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LockState {
    /// Still writable.
    Unlocked,
    /// Locked for ever.
    Locked,
}

impl LockState {
    /// A lock byte: 0x55 is unlocked, anything else locked.
    const fn from_byte(byte: u8) -> Self {
        if byte == 0x55 {
            Self::Unlocked
        } else {
            Self::Locked
        }
    }

    /// As the chip stores it: 0x55 or, for ever, 0x00.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Unlocked => 0x55,
            Self::Locked => 0x00,
        }
    }

    /// Whether it is [`LockState::Locked`].
    #[must_use]
    pub const fn is_locked(self) -> bool {
        matches!(self, Self::Locked)
    }
}

impl core::fmt::Display for LockState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Unlocked => "unlocked",
            Self::Locked => "locked",
        })
    }
}

impl ConfigZone {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 128] {
        &self.0
    }

    /// CRC-16 of all bytes, as `Lock` of this zone wants it.
    #[must_use]
    pub const fn crc(&self) -> u16 {
        crc16(&self.0)
    }

    /// The factory serial number.
    #[must_use]
    pub fn serial_number(&self) -> SerialNumber {
        SerialNumber([0, 1, 2, 3, 8, 9, 10, 11, 12].map(|at| self.byte(at)))
    }

    /// RevNum. Of an ATSHA204A it differs from what `Info` answers.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::from_bytes(self.word(1))
    }

    /// The I2C address byte in 7-bit form; on an ATECC608 byte 85 may override
    /// it.
    #[must_use]
    pub fn i2c_address(&self) -> u8 {
        self.byte(offset::I2C_ADDRESS) >> 1
    }

    /// `ChipMode`: bit 1 input thresholds, bit 2 long watchdog; bit 0 and bits
    /// 7 to 3 differ between the families.
    #[must_use]
    pub fn chip_mode(&self) -> u8 {
        self.byte(offset::CHIP_MODE)
    }

    /// Access policy of `slot`.
    #[must_use]
    pub fn slot_config(&self, slot: Slot) -> SlotConfig {
        SlotConfig(self.half_word(offset::slot_config(slot)))
    }

    /// What `slot` holds and how keys in it may be used.
    #[must_use]
    pub fn key_config(&self, slot: Slot) -> KeyConfig {
        KeyConfig(self.half_word(offset::key_config(slot)))
    }

    /// State of the configuration zone.
    #[must_use]
    pub fn config_lock(&self) -> LockState {
        LockState::from_byte(self.byte(offset::LOCK_CONFIG))
    }

    /// State of data and OTP zone.
    #[must_use]
    pub fn data_lock(&self) -> LockState {
        LockState::from_byte(self.byte(offset::LOCK_VALUE))
    }

    /// State of one slot's own lock.
    #[must_use]
    pub fn slot_lock(&self, slot: Slot) -> LockState {
        if self.half_word(offset::SLOT_LOCKED) >> slot.index() & 1 == 1 {
            LockState::Unlocked
        } else {
            LockState::Locked
        }
    }

    /// The zone as it reads once it is locked: byte 87 is 00.
    #[must_use]
    pub const fn with_config_locked(mut self) -> Self {
        self.0[offset::LOCK_CONFIG] = LockState::Locked.byte();
        self
    }

    /// The zone with another access policy for `slot`.
    #[must_use]
    pub fn with_slot_config(self, slot: Slot, config: SlotConfig) -> Self {
        self.with(offset::slot_config(slot), &config.0.to_le_bytes())
    }

    /// The zone with another use of `slot`.
    #[must_use]
    pub fn with_key_config(self, slot: Slot, config: KeyConfig) -> Self {
        self.with(offset::key_config(slot), &config.0.to_le_bytes())
    }

    /// The zone with `bytes` from `at` on; what would be past its end is left
    /// out. [`offset`] has the names of the places.
    ///
    /// ```
    /// use atecc::ConfigZone;
    /// use atecc::config::offset;
    ///
    /// let zone = ConfigZone([0; 128]).with(offset::CHIP_MODE, &[0x04]);
    /// assert_eq!(zone.chip_mode(), 0x04);
    /// ```
    #[must_use]
    pub fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        for (to, from) in self.0.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
        self
    }

    /// Byte `at`, 0 to 127; past the end of the zone everything is 0.
    #[must_use]
    pub fn byte(&self, at: usize) -> u8 {
        // Not a fallback but the meaning, above.
        self.0.get(at).copied().unwrap_or(0)
    }

    /// The 16 bits of which byte `at` is the low one.
    #[must_use]
    pub fn half_word(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.byte(at), self.byte(at.saturating_add(1))])
    }

    /// Bytes `4 * index` to `4 * index + 3`, as they stand; `index` is 0 to 31.
    #[must_use]
    pub fn word(&self, index: u8) -> [u8; 4] {
        [0, 1, 2, 3].map(|at| self.byte(4 * usize::from(index) + at))
    }
}

impl core::fmt::Debug for ConfigZone {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ConfigZone(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blank ATECC608A; a real dump of public notes.
    const BLANK_608A: [u8; 128] = {
        let mut zone = [0; 128];
        let head = [
            0x01, 0x23, 0xFE, 0x1E, 0x00, 0x00, 0x60, 0x02, 0xCB, 0xC3, 0xC0, 0x8F, 0xEE, 0xC1,
            0x39, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x83, 0x20, 0x87, 0x20, 0x8F, 0x20, 0xC4, 0x8F,
        ];
        let mut at = 0;
        while at < head.len() {
            zone[at] = head[at];
            at += 1;
        }
        zone[86] = 0x55;
        zone[87] = 0x55;
        zone[88] = 0xFE;
        zone[89] = 0xFF;
        zone[96] = 0x33;
        zone
    };

    #[test]
    fn fields() {
        let zone = ConfigZone(BLANK_608A);
        assert_eq!(zone.serial_number().to_string(), "0123FE1ECBC3C08FEE");
        assert_eq!(zone.revision(), Revision::Atecc608A(2));
        assert_eq!(zone.i2c_address(), 0x60);
        assert_eq!(zone.slot_config(Slot::S0), SlotConfig(0x2083));
        assert_eq!(zone.slot_config(Slot::S3), SlotConfig(0x8FC4));
        assert_eq!(zone.key_config(Slot::S0), KeyConfig(0x0033));
        assert_eq!(zone.config_lock(), LockState::Unlocked);
        assert_eq!(zone.slot_lock(Slot::S0), LockState::Locked);
        assert_eq!(zone.slot_lock(Slot::S15), LockState::Unlocked);
    }

    #[test]
    fn any_other_lock_byte_is_locked() {
        let mut bytes = BLANK_608A;
        bytes[offset::LOCK_VALUE] = 0x00;
        bytes[offset::LOCK_CONFIG] = 0x54;
        let zone = ConfigZone(bytes);
        assert_eq!(zone.data_lock(), LockState::Locked);
        assert_eq!(zone.config_lock(), LockState::Locked);
    }

    /// Byte 86 is `LockValue`, byte 87 `LockConfig`. Source: ATECC508A
    /// datasheet, Table 2-5.
    #[test]
    fn each_lock_has_its_byte() {
        let mut bytes = BLANK_608A;
        bytes[87] = 0x00;
        let zone = ConfigZone(bytes);
        assert_eq!(zone.config_lock(), LockState::Locked);
        assert_eq!(zone.data_lock(), LockState::Unlocked);
    }
}
