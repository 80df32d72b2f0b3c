//! Whether a configuration zone is a NervesKey's.
//!
//! Two judgements: the loose one of the reference for a chip that is to be
//! read, and the strict one for a chip that is about to be locked for good.

use atecc::Slot;
use atecc::config::{ConfigZone, KeyConfig, SlotConfig, offset};

use crate::configuration::configure;
use crate::{Layout, slot};

/// Whether a chip's configuration lets it be used as a NervesKey: the
/// configuration is locked, ChipMode is 0, and the slots of the device key and
/// of the certificates are configured as in `layout`. Every other slot may
/// differ. Source: `nerves_key` 1.3, `config_compatible?`.
///
/// ```
/// use atecc::ConfigZone;
/// use nerves_key_schema::{Layout, check_for_use};
///
/// assert!(!check_for_use(&ConfigZone([0xFF; 128]), Layout::Standard));
/// ```
#[must_use]
pub fn check_for_use(zone: &ConfigZone, layout: Layout) -> bool {
    zone.config_lock().is_locked()
        && zone.chip_mode() == 0
        && permission_fits(zone, layout)
        && Slot::ALL
            .into_iter()
            .filter(|slot| is_looked_at(*slot, layout))
            .all(|slot| {
                slot_config_fits(zone, layout, slot)
                    && zone.key_config(slot) == layout.key_config(slot)
            })
}

/// The slots that the reference looks at.
const fn is_looked_at(slot: Slot, layout: Layout) -> bool {
    match slot {
        slot::DEVICE_KEY
        | slot::DEVICE_CERTIFICATE
        | slot::SIGNER_PUBLIC_KEY
        | slot::SIGNER_CERTIFICATE
        | slot::SIGNER_SERIAL_NUMBER => true,
        slot::ACTIVATION_KEY => matches!(layout, Layout::Volatile),
        _ => false,
    }
}

/// Bit 7 of VolatileKeyPermission enables it; bits 6 to 4 are reserved. The
/// reference looks at no other bit.
fn permission_fits(zone: &ConfigZone, layout: Layout) -> bool {
    layout.volatile_key_permission().is_none()
        || zone.byte(offset::VOLATILE_KEY_PERMISSION) & 0xF0 == 0x80
}

/// The slots of [`slot::CERTIFICATES`] whose own lock is still open.
pub fn open_certificates(zone: &ConfigZone) -> impl Iterator<Item = Slot> + '_ {
    slot::CERTIFICATES
        .into_iter()
        .filter(|slot| !zone.slot_lock(*slot).is_locked())
}

/// One field of a configuration zone that is not as provisioning needs it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} is 0x{found:0width$X}, not 0x{expected:0width$X}", width = .field.digits())]
pub struct Mismatch {
    /// Which field.
    pub field: ConfigField,
    /// What a NervesKey has.
    pub expected: u16,
    /// What the chip has.
    pub found: u16,
}

/// A field of the configuration zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigField {
    /// `I2C_Enable`, bit 0 of byte 14.
    I2cEnable,
    /// Byte 16: no usable address; the chip could never be reached again.
    I2cAddress,
    /// Byte 18: `OTPmode` or `CountMatch`.
    OtpMode,
    /// Byte 19.
    ChipMode,
    /// Bytes 20 to 51, one slot.
    SlotConfig(Slot),
    /// Bytes 96 to 127, one slot.
    KeyConfig(Slot),
    /// Byte 68, ATECC608 only: 0xA in the low nibble enables a transport lock
    /// of which no public source says how it is undone.
    UseLock,
    /// Byte 69, ATECC608 only.
    VolatileKeyPermission,
    /// Low two bits of byte 70, ATECC608 only: the secure boot mode.
    SecureBoot,
    /// Bytes 88 and 89: a slot locked early could not be written.
    SlotLocked,
    /// Bytes 90 and 91, ATECC608 only.
    ChipOptions,
    /// One of bytes 92 to 95.
    X509Format(u8),
}

impl ConfigField {
    const fn digits(self) -> usize {
        match self {
            Self::SlotConfig(_) | Self::KeyConfig(_) | Self::SlotLocked | Self::ChipOptions => 4,
            _ => 2,
        }
    }
}

impl core::fmt::Display for ConfigField {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::I2cEnable => f.write_str("I2C_Enable"),
            Self::I2cAddress => f.write_str("I2C_Address"),
            Self::OtpMode => f.write_str("OTPmode"),
            Self::ChipMode => f.write_str("ChipMode"),
            Self::SlotConfig(slot) => write!(f, "SlotConfig of {slot}"),
            Self::KeyConfig(slot) => write!(f, "KeyConfig of {slot}"),
            Self::UseLock => f.write_str("UseLock"),
            Self::VolatileKeyPermission => f.write_str("VolatileKeyPermission"),
            Self::SecureBoot => f.write_str("SecureBoot mode"),
            Self::SlotLocked => f.write_str("SlotLocked"),
            Self::ChipOptions => f.write_str("ChipOptions"),
            Self::X509Format(index) => write!(f, "X509format[{index}]"),
        }
    }
}

/// What keeps `zone` from being provisioned: of a locked configuration all
/// that is not `layout`'s, of an open one only what [`configure`] would keep
/// although it could strand the chip.
///
/// # Errors
/// The first [`Mismatch`]; [`mismatches`] gives them all.
pub fn check_for_provisioning(zone: &ConfigZone, layout: Layout) -> Result<(), Mismatch> {
    mismatches(zone, layout).next().map_or(Ok(()), Err)
}

/// Every [`Mismatch`] that [`check_for_provisioning`] objects to.
pub fn mismatches(zone: &ConfigZone, layout: Layout) -> impl Iterator<Item = Mismatch> {
    // What is still open will be written: judge what will be locked.
    let zone = if zone.config_lock().is_locked() {
        *zone
    } else {
        configure(zone, layout)
    };
    fixed_fields(&zone, layout)
        .into_iter()
        .flatten()
        .chain(Slot::ALL.into_iter().flat_map(move |slot| {
            let slot_config = (!slot_config_fits(&zone, layout, slot)).then(|| Mismatch {
                field: ConfigField::SlotConfig(slot),
                expected: layout.slot_config(slot).0,
                found: zone.slot_config(slot).0,
            });
            let KeyConfig(expected) = layout.key_config(slot);
            let KeyConfig(found) = zone.key_config(slot);
            let key_config = differs(ConfigField::KeyConfig(slot), expected, found);
            [slot_config, key_config].into_iter().flatten()
        }))
}

/// The slots whose own lock the last steps of a provisioning may set can be
/// locked already; every other bit of SlotLocked has to be 1.
fn fixed_fields(zone: &ConfigZone, layout: Layout) -> [Option<Mismatch>; 13] {
    let is_608 = zone.revision().family() == Some(atecc::Family::Atecc608);
    let only_608 = |mismatch: Option<Mismatch>| mismatch.filter(|_| is_608);
    let at = |index| u16::from(zone.byte(index));
    let own_locks = layout
        .locked_slots()
        .iter()
        .chain(&slot::CERTIFICATES)
        .fold(0, |bits, slot| bits | 1 << slot.index());
    let own_locks = if zone.data_lock().is_locked() {
        own_locks
    } else {
        0
    };
    // A layout without volatile keys has the factory's zero.
    let permission = layout.volatile_key_permission().unwrap_or_default();
    let x509 = |index: u8| {
        let found = at(offset::X509_FORMAT + usize::from(index));
        differs(ConfigField::X509Format(index), 0, found)
    };
    [
        differs(ConfigField::I2cEnable, 1, at(offset::I2C_ENABLE) & 1),
        differs(ConfigField::I2cAddress, 0xC0, at(offset::I2C_ADDRESS))
            .filter(|_| !is_usable_address(zone.byte(offset::I2C_ADDRESS))),
        differs(ConfigField::OtpMode, 0xAA, at(offset::OTP_MODE)),
        differs(ConfigField::ChipMode, 0, at(offset::CHIP_MODE)),
        only_608(differs(ConfigField::UseLock, 0, at(offset::USE_LOCK))),
        only_608(differs(
            ConfigField::VolatileKeyPermission,
            permission.into(),
            at(offset::VOLATILE_KEY_PERMISSION),
        )),
        only_608(differs(
            ConfigField::SecureBoot,
            0,
            at(offset::SECURE_BOOT) & 0b11,
        )),
        differs(
            ConfigField::SlotLocked,
            0xFFFF,
            zone.half_word(offset::SLOT_LOCKED) | own_locks,
        ),
        only_608(differs(
            ConfigField::ChipOptions,
            0,
            zone.half_word(offset::CHIP_OPTIONS),
        )),
        x509(0),
        x509(1),
        x509(2),
        x509(3),
    ]
}

/// The 8-bit form, bit 0 clear, of an address that the I2C specification does
/// not reserve.
const fn is_usable_address(byte: u8) -> bool {
    byte & 1 == 0 && atecc::BusAddress::new(byte >> 1).is_ok()
}

fn differs(field: ConfigField, expected: u16, found: u16) -> Option<Mismatch> {
    (expected != found).then_some(Mismatch {
        field,
        expected,
        found,
    })
}

/// The reference writes `SlotConfig[1]` = 81 90 in the volatile layout but
/// expects 91 90 when it checks: both are one.
fn slot_config_fits(zone: &ConfigZone, layout: Layout, slot: Slot) -> bool {
    let found = zone.slot_config(slot);
    found == layout.slot_config(slot)
        || (layout == Layout::Volatile
            && slot == slot::ACTIVATION_KEY
            && found == SlotConfig(0x9091))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(layout: Layout) -> ConfigZone {
        let mut part = [0; 128];
        part[4..8].copy_from_slice(&[0x00, 0x00, 0x60, 0x02]);
        part[14] = 0x01;
        part[16] = 0xC0;
        part[86..90].copy_from_slice(&[0x55, 0x00, 0xFF, 0xFF]);
        configure(&ConfigZone(part), layout)
    }

    #[test]
    fn its_own_image_passes() {
        for layout in [Layout::Standard, Layout::Volatile] {
            assert!(check_for_use(&locked(layout), layout));
            assert_eq!(check_for_provisioning(&locked(layout), layout), Ok(()));
        }
        assert!(!check_for_use(&locked(Layout::Standard), Layout::Volatile));
        assert!(!check_for_use(&locked(Layout::Volatile), Layout::Standard));
    }

    #[test]
    fn a_free_slot_may_differ_for_use_only() {
        let mut zone = locked(Layout::Standard);
        zone.0[offset::SLOT_CONFIG + 2 * 3] = 0x8F;
        assert!(check_for_use(&zone, Layout::Standard));
        let mismatch = check_for_provisioning(&zone, Layout::Standard).unwrap_err();
        assert_eq!(
            mismatch.to_string(),
            "SlotConfig of slot 3 is 0x0F8F, not 0x0F0F"
        );
    }

    #[test]
    fn what_would_strand_an_open_part_is_named() {
        for (at, value, field) in [
            (88, 0xFE, ConfigField::SlotLocked),
            (68, 0x0A, ConfigField::UseLock),
            (70, 0x03, ConfigField::SecureBoot),
            (90, 0x01, ConfigField::ChipOptions),
            (16, 0x00, ConfigField::I2cAddress),
            (16, 0xC1, ConfigField::I2cAddress),
        ] {
            let mut zone = locked(Layout::Standard);
            zone.0[87] = 0x55;
            zone.0[at] = value;
            let found: Vec<_> = mismatches(&zone, Layout::Standard).collect();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].field, field);
        }
    }

    /// Bits of SlotLocked: 0 is locked. Before the data lock a lock of a
    /// certificate's slot would keep it empty for good; the other slots are
    /// nobody's to lock.
    #[test]
    fn locks_of_certificates_are_allowed_once_data_are_locked() {
        let mut zone = locked(Layout::Standard);
        let open: Vec<u8> = open_certificates(&zone).map(Slot::index).collect();
        assert_eq!(open, [10, 11, 12, 13]);
        zone.0[89] = !0x14;
        let open: Vec<u8> = open_certificates(&zone).map(Slot::index).collect();
        assert_eq!(open, [11, 13]);
        let early = check_for_provisioning(&zone, Layout::Standard).unwrap_err();
        assert_eq!(early.field, ConfigField::SlotLocked);
        zone.0[86] = 0;
        assert_eq!(check_for_provisioning(&zone, Layout::Standard), Ok(()));
        zone.0[89] = !0x3C;
        assert_eq!(check_for_provisioning(&zone, Layout::Standard), Ok(()));
        assert_eq!(open_certificates(&zone).count(), 0);
        for other in [!0x7C, !0x3E] {
            zone.0[89] = other;
            assert!(check_for_provisioning(&zone, Layout::Standard).is_err());
        }
    }

    #[test]
    fn both_spellings_of_the_activation_slot() {
        let mut zone = locked(Layout::Volatile);
        zone.0[offset::SLOT_CONFIG + 2] = 0x91;
        assert!(check_for_use(&zone, Layout::Volatile));
        assert_eq!(check_for_provisioning(&zone, Layout::Volatile), Ok(()));
    }

    /// I2C specification, table 3: 0000xxx and 1111xxx are reserved; bit 0 of
    /// the byte is the direction.
    #[test]
    fn addresses_that_a_bus_can_use() {
        for (byte, usable) in [
            (0x10, true),
            (0x6A, true),
            (0xC0, true),
            (0xC2, true),
            (0xEE, true),
            (0x0E, false),
            (0xF0, false),
            (0x6B, false),
            (0xC1, false),
            (0xFF, false),
        ] {
            let mut zone = locked(Layout::Standard);
            zone.0[offset::I2C_ADDRESS] = byte;
            let found = check_for_provisioning(&zone, Layout::Standard);
            assert_eq!(found.is_ok(), usable, "{byte:02X}");
        }
    }

    /// Byte 88 has slots 0 to 7 and byte 89 slots 8 to 15; 0 is locked.
    #[test]
    fn locks_of_slots() {
        for layout in [Layout::Standard, Layout::Volatile] {
            for slot in Slot::ALL {
                let at = 88 + usize::from(slot.index() / 8);
                let mut zone = locked(layout);
                zone.0[at] &= !(1 << (slot.index() % 8));
                let found = check_for_provisioning(&zone, layout).map_err(|found| found.field);
                assert_eq!(found, Err(ConfigField::SlotLocked), "{slot}");
                // Then the last steps may have come to it, or somebody may have
                // hardened it.
                zone.0[86] = 0x00;
                let is_own =
                    layout.locked_slots().contains(&slot) || slot::CERTIFICATES.contains(&slot);
                let found = check_for_provisioning(&zone, layout);
                assert_eq!(found.is_ok(), is_own, "{slot}");
            }
            let mut zone = locked(layout);
            zone.0[86] = 0x00;
            assert_eq!(check_for_provisioning(&zone, layout), Ok(()));
        }
    }

    #[test]
    fn both_bytes_of_the_options() {
        for at in [90, 91] {
            let mut zone = locked(Layout::Standard);
            zone.0[at] = 0x10;
            let found = check_for_provisioning(&zone, Layout::Standard).unwrap_err();
            assert_eq!(found.field, ConfigField::ChipOptions, "{at}");
        }
    }

    /// In one slot of one layout alone.
    #[test]
    fn the_other_spelling_is_nowhere_else() {
        for (layout, slot) in [(Layout::Standard, 1), (Layout::Volatile, 3)] {
            let mut zone = locked(layout);
            zone.0[offset::SLOT_CONFIG + 2 * slot..][..2].copy_from_slice(&[0x91, 0x90]);
            let found = check_for_provisioning(&zone, layout).unwrap_err();
            assert_eq!(found.field, ConfigField::SlotConfig(Slot::ALL[slot]));
        }
        let mut zone = locked(Layout::Volatile);
        zone.0[offset::SLOT_CONFIG + 2] = 0x8F;
        assert!(check_for_provisioning(&zone, Layout::Volatile).is_err());
    }
}
