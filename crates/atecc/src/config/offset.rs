//! Where the fields of the configuration zone begin, in bytes.
//! Source: ATECC508A datasheet, Table 2-5; for the ATECC608 cryptoauthlib
//! `calib_device.h`.

use crate::Slot;

/// `SN[0:3]`, the first part of the serial number.
pub const SERIAL_NUMBER: usize = 0;
/// `RevNum`, four bytes.
pub const REV_NUM: usize = 4;
/// `SN[4:8]`, the other five bytes of the serial number.
pub const SERIAL_NUMBER_REST: usize = 8;
/// `AES_Enable`, bit 0. ATECC608 only.
pub const AES_ENABLE: usize = 13;
/// `I2C_Enable`, bit 0.
pub const I2C_ENABLE: usize = 14;
/// I2C address in its 8-bit form: the first byte that can be written.
pub const I2C_ADDRESS: usize = 16;
/// `OTPmode` (ATECC508A) or `CountMatch` (ATECC608).
pub const OTP_MODE: usize = 18;
/// `ChipMode`.
pub const CHIP_MODE: usize = 19;
/// First of 16 `SlotConfig` words, low byte first.
pub const SLOT_CONFIG: usize = 20;
/// `Counter[0]`, eight bytes; `Counter[1]` follows.
pub const COUNTERS: usize = 52;
/// `LastKeyUse`, 16 bytes. ATECC508A only.
pub const LAST_KEY_USE: usize = 68;
/// `UseLock`. ATECC608 only, as all to [`KDF_IV_STR`].
pub const USE_LOCK: usize = 68;
/// `VolatileKeyPermission`.
pub const VOLATILE_KEY_PERMISSION: usize = 69;
/// `SecureBoot`, low byte first.
pub const SECURE_BOOT: usize = 70;
/// `KdfIvLoc`.
pub const KDF_IV_LOC: usize = 72;
/// `KdfIvStr`, two bytes.
pub const KDF_IV_STR: usize = 73;
/// `UserExtra`: the first byte that only UpdateExtra and Lock change.
pub const USER_EXTRA: usize = 84;
/// `Selector` (ATECC508A) or `UserExtraAdd` (ATECC608).
pub const SELECTOR: usize = 85;
/// `LockValue`: state of data and OTP zone.
pub const LOCK_VALUE: usize = 86;
/// `LockConfig`: state of the configuration zone.
pub const LOCK_CONFIG: usize = 87;
/// `SlotLocked`, low byte first; bit n = 1: slot n is not locked.
pub const SLOT_LOCKED: usize = 88;
/// `ChipOptions`, low byte first. ATECC608 only.
pub const CHIP_OPTIONS: usize = 90;
/// First of the four `X509format` bytes.
pub const X509_FORMAT: usize = 92;
/// First of 16 `KeyConfig` words, low byte first.
pub const KEY_CONFIG: usize = 96;

/// `SlotConfig` of `slot`.
#[must_use]
pub const fn slot_config(slot: Slot) -> usize {
    SLOT_CONFIG + 2 * slot.index() as usize
}

/// `KeyConfig` of `slot`.
#[must_use]
pub const fn key_config(slot: Slot) -> usize {
    KEY_CONFIG + 2 * slot.index() as usize
}

/// Whether Write changes byte `at` while the zone is not locked: all but the
/// part's own, which come first, and the four that only UpdateExtra and Lock
/// change.
#[must_use]
pub const fn is_writable(at: usize) -> bool {
    matches!(at, I2C_ADDRESS..USER_EXTRA | SLOT_LOCKED..128)
}
