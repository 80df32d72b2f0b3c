//! Every field of the zone, with its value and what that means.
//!
//! Source: ATECC508A datasheet, Table 2-5; ATECC608: cryptoauthlib
//! `calib_device.h`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use atecc::config::{SlotConfig, offset};
use atecc::{ConfigZone, Family, Slot};

use crate::options::{BootMode, ChipOptions, SecureBoot, count_match, latch_permission};
use crate::{Counter, Policy, Uses, chip_words, is_508, is_608, is_identity_told};

/// One field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// The datasheet's name.
    pub name: String,
    /// Of its first byte, 0 to 127.
    pub offset: usize,
    /// Its bytes, in hex, in the order in which they stand.
    pub bytes: String,
    /// What they mean.
    pub meaning: String,
}

/// A field in which two zones differ.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Of the one.
    pub left: Field,
    /// Of the other.
    pub right: Field,
}

/// All fields, in the order of their bytes.
#[must_use]
pub fn fields(zone: &ConfigZone) -> Vec<Field> {
    let table = Table {
        zone,
        fields: Vec::new(),
    };
    table.filled()
}

/// The fields in which two zones differ, each with what it means to its own chip.
/// Where the families cut the zone into fields differently, that of `left` counts.
#[must_use]
pub fn differences(left: &ConfigZone, right: &ConfigZone) -> Vec<Difference> {
    let mut of_right = *right;
    if is_608(left) != is_608(right) {
        // The meaning of a byte is its chip's.
        of_right.0[4..8].copy_from_slice(&left.0[4..8]);
    }
    let own = fields(right);
    let pairs = fields(left).into_iter().zip(fields(&of_right));
    pairs
        .map(|(left, paired)| {
            // The other zone's bytes mean what they mean to its own chip.
            let is_it =
                |field: &&Field| field.offset == paired.offset && field.bytes == paired.bytes;
            let right = own.iter().find(is_it).cloned().unwrap_or(paired);
            Difference { left, right }
        })
        .filter(|pair| pair.left.bytes != pair.right.bytes)
        .chain(revision_difference(left, right))
        .collect()
}

/// What was hidden by reading both as one family.
fn revision_difference(left: &ConfigZone, right: &ConfigZone) -> Option<Difference> {
    let of = |zone| fields(zone).into_iter().find(|field| field.offset == 4);
    if is_608(left) == is_608(right) {
        return None;
    }
    Some(Difference {
        left: of(left)?,
        right: of(right)?,
    })
}

struct Table<'a> {
    zone: &'a ConfigZone,
    fields: Vec<Field>,
}

impl Table<'_> {
    fn filled(mut self) -> Vec<Field> {
        self.identity();
        self.modes();
        for slot in Slot::ALL {
            let at = offset::slot_config(slot);
            let meaning = slot_config_words(self.zone, slot);
            self.push(&format!("SlotConfig[{}]", slot.index()), at, 2, meaning);
        }
        for (number, at) in [(0, offset::COUNTERS), (1, offset::COUNTERS + 8)] {
            let meaning = self.counter(at);
            self.push(&format!("Counter{number}"), at, 8, meaning);
        }
        match self.zone.revision().family() {
            Some(Family::Atecc608) => self.only_608(),
            Some(Family::Atecc508) => {
                let left: u32 = (offset::LAST_KEY_USE..offset::USER_EXTRA)
                    .map(|at| self.zone.byte(at).count_ones())
                    .sum();
                let meaning = format!("{left} of 128 uses of slot 15 are left");
                self.push("LastKeyUse", offset::LAST_KEY_USE, 16, meaning);
            }
            None => self.push(
                "LastKeyUse, or UseLock to KdfIvStr",
                68,
                16,
                "not told: the chips differ".into(),
            ),
        }
        self.locks();
        for (index, at) in (offset::X509_FORMAT..offset::KEY_CONFIG).enumerate() {
            let meaning = match self.zone.byte(at) {
                0 => "any message may validate a key".into(),
                format => format!(
                    "{} blocks of 64 bytes, the key in block {}",
                    format >> 4,
                    format & 0x0F
                ),
            };
            self.push(&format!("X509format[{index}]"), at, 1, meaning);
        }
        for slot in Slot::ALL {
            let at = offset::key_config(slot);
            let meaning = key_config_words(self.zone, slot);
            self.push(&format!("KeyConfig[{}]", slot.index()), at, 2, meaning);
        }
        self.fields
    }

    fn push(&mut self, name: &str, at: usize, length: usize, meaning: String) {
        let bytes = (at..at + length).map(|at| format!("{:02X}", self.zone.byte(at)));
        self.fields.push(Field {
            name: name.to_string(),
            offset: at,
            bytes: bytes.collect(),
            meaning,
        });
    }

    fn identity(&mut self) {
        let told = is_identity_told(self.zone);
        let or_not_told = |words: String| if told { words } else { "not told".into() };
        let serial = format!("serial number {}", self.zone.serial_number());
        self.push("SN[0:3]", 0, 4, or_not_told(serial));
        self.push("RevNum", 4, 4, chip_words(self.zone));
        let rest = "rest of the serial number".into();
        self.push("SN[4:8]", 8, 5, or_not_told(rest));
        let (name, meaning) = match self.zone.revision().family() {
            Some(Family::Atecc608) => (
                "AES_Enable",
                on_off("AES", self.zone.byte(offset::AES_ENABLE) & 1 == 1),
            ),
            Some(Family::Atecc508) => ("Reserved", "reserved".into()),
            None => ("AES_Enable, or Reserved", "not told".into()),
        };
        self.push(name, 13, 1, or_not_told(meaning));
        let i2c = self.zone.byte(offset::I2C_ENABLE) & 1 == 1;
        let interface = if i2c { "I2C" } else { "single wire" };
        self.push("I2C_Enable", 14, 1, or_not_told(interface.into()));
        self.push("Reserved", 15, 1, "reserved".into());
    }

    fn modes(&mut self) {
        let address = self.zone.byte(offset::I2C_ADDRESS);
        let single_wire =
            is_identity_told(self.zone) && self.zone.byte(offset::I2C_ENABLE) & 1 == 0;
        let meaning = if single_wire {
            "GPIO setting of a single-wire part".into()
        } else {
            format!("0x{:02X}, 7-bit", address >> 1)
        };
        self.push("I2C_Address", offset::I2C_ADDRESS, 1, meaning);
        self.push("Reserved", 17, 1, "reserved".into());
        let mode = self.zone.byte(offset::OTP_MODE);
        let (name, meaning) = match self.zone.revision().family() {
            Some(Family::Atecc608) => {
                let meaning = match count_match(self.zone) {
                    Some(slot) => format!("limited uses stop at the value in {slot}"),
                    None => "off".into(),
                };
                ("CountMatch", meaning)
            }
            Some(Family::Atecc508) => {
                let meaning = match mode {
                    0xAA => "OTP is read-only once locked",
                    0x55 => "consumption: OTP bits may be cleared once locked",
                    _ => "reserved value",
                };
                ("OTPmode", meaning.into())
            }
            None => (
                "OTPmode, or CountMatch",
                "not told: the chips differ".into(),
            ),
        };
        self.push(name, offset::OTP_MODE, 1, meaning);
        let meaning = self.chip_mode();
        self.push("ChipMode", offset::CHIP_MODE, 1, meaning);
    }

    /// Source: ATECC508A datasheet, Table 2-5; cryptoauthlib `calib_basic.c`.
    fn chip_mode(&self) -> String {
        let mode = self.zone.chip_mode();
        let watchdog = if mode & 0b100 == 0 { "1.3 s" } else { "10 s" };
        let thresholds = if mode & 0b10 == 0 { "fixed" } else { "of Vcc" };
        let mut words = format!("watchdog {watchdog}, input thresholds {thresholds}");
        if is_608(self.zone) {
            let divider = match mode & 0xF8 {
                0x00 => "M0",
                0x28 => "M1",
                0x68 => "M2",
                _ => "unknown",
            };
            words = format!("{words}, clock divider {divider}");
            if mode & 1 == 1 {
                words += ", address from UserExtraAdd unless that is 0";
            }
        } else if is_508(self.zone) && mode & 1 == 1 {
            words += ", Selector writable while 0";
        }
        words
    }

    fn counter(&self, at: usize) -> String {
        let bytes = Counter::bytes_at(self.zone, at);
        let value = Counter::from_bytes(bytes);
        if value.to_bytes() != bytes {
            return "no counter has these bytes".into();
        }
        let end = if value >= Counter::LAST {
            ", its end"
        } else {
            ""
        };
        format!("{}{end}", value.0)
    }

    fn only_608(&mut self) {
        let use_lock = if self.zone.byte(offset::USE_LOCK) & 0x0F == 0x0A {
            format!(
                "on, slot {} (behaviour unconfirmed)",
                self.zone.byte(offset::USE_LOCK) >> 4
            )
        } else {
            "off".into()
        };
        self.push("UseLock", offset::USE_LOCK, 1, use_lock);
        let meaning = match latch_permission(self.zone) {
            None => "off".into(),
            Some(key) => format!("the key in {key} permits the latch"),
        };
        self.push(
            "VolatileKeyPermission",
            offset::VOLATILE_KEY_PERMISSION,
            1,
            meaning,
        );
        let meaning = secure_boot(SecureBoot::of(self.zone));
        self.push("SecureBoot", offset::SECURE_BOOT, 2, meaning);
        let location = self.zone.byte(offset::KDF_IV_LOC);
        let meaning = if location >= 0xF0 {
            "off".into()
        } else {
            format!("KdfIvStr at byte {location} of an HKDF message")
        };
        self.push("KdfIvLoc", offset::KDF_IV_LOC, 1, meaning);
        self.push(
            "KdfIvStr",
            offset::KDF_IV_STR,
            2,
            "two bytes of an HKDF message".into(),
        );
        self.push("Reserved", 75, 9, "reserved".into());
    }

    fn locks(&mut self) {
        self.push("UserExtra", offset::USER_EXTRA, 1, "of the user".into());
        let extra = self.zone.byte(offset::SELECTOR);
        let (name, meaning) = match (self.zone.revision().family(), extra) {
            (Some(Family::Atecc608), 0) => ("UserExtraAdd", "no second address".into()),
            (Some(Family::Atecc608), _) => ("UserExtraAdd", format!("0x{:02X}, 7-bit", extra >> 1)),
            (Some(Family::Atecc508), _) => ("Selector", format!("{extra}")),
            (None, _) => (
                "Selector, or UserExtraAdd",
                "not told: the chips differ".into(),
            ),
        };
        self.push(name, offset::SELECTOR, 1, meaning);
        let lock = self.zone.data_lock();
        self.push(
            "LockValue",
            offset::LOCK_VALUE,
            1,
            format!("data and OTP {lock}"),
        );
        let lock = self.zone.config_lock();
        self.push(
            "LockConfig",
            offset::LOCK_CONFIG,
            1,
            format!("configuration {lock}"),
        );
        let locked: Vec<_> = Slot::ALL
            .into_iter()
            .filter(|slot| self.zone.slot_lock(*slot).is_locked())
            .map(|slot| slot.index().to_string())
            .collect();
        let meaning = if locked.is_empty() {
            "no slot is locked".into()
        } else {
            format!("locked slots: {}", locked.join(" "))
        };
        self.push("SlotLocked", offset::SLOT_LOCKED, 2, meaning);
        let (name, meaning) = match self.zone.revision().family() {
            Some(Family::Atecc608) => ("ChipOptions", self.options()),
            Some(Family::Atecc508) => ("RFU", "reserved".into()),
            None => ("ChipOptions, or RFU", "not told: the chips differ".into()),
        };
        self.push(name, offset::CHIP_OPTIONS, 2, meaning);
    }

    /// Source: cryptoauthlib `calib_device.h`; protections: rust-cryptoauthlib.
    fn options(&self) -> String {
        let bits = self.zone.byte(offset::CHIP_OPTIONS);
        let options = ChipOptions::of(self.zone);
        let mut words: Vec<String> = Vec::new();
        for (bit, name) in [
            (0, "self test at power-up"),
            (1, "IO protection"),
            (2, "AES in KDF"),
            (3, "health test failures clear themselves"),
        ] {
            if bits >> bit & 1 == 1 {
                words.push(name.into());
            }
        }
        for (protection, name) in [(options.ecdh(), "ECDH"), (options.kdf(), "KDF")] {
            words.extend(protection.words().map(|words| format!("{name} {words}")));
        }
        words.extend(options.io_key().map(|key| format!("IO key in {key}")));
        if words.is_empty() {
            "none".into()
        } else {
            words.join(", ")
        }
    }
}

fn on_off(name: &str, on: bool) -> String {
    format!("{name} {}", if on { "on" } else { "off" })
}

/// Bits 2 and 3 as they stand: which of them enables the latch no public source
/// settles.
fn secure_boot(boot: SecureBoot) -> String {
    let mode = match boot.mode() {
        None => return "off".into(),
        Some(BootMode::Both) => "FullBoth",
        Some(BootMode::Signature) => "FullSig",
        Some(BootMode::Digest) => "FullDig",
    };
    let random = if boot.needs_random() {
        ", random nonce required"
    } else {
        ""
    };
    format!(
        "{mode}, public key in {}, digest or signature in {}, bit 2 is {}, bit 3 (latch, \
         unconfirmed) is {}{random}",
        boot.public_key(),
        boot.store(),
        u8::from(boot.bit_2()),
        u8::from(boot.sets_latch())
    )
}

/// Only what the word itself says; [`Policy`] tells what follows from both.
fn slot_config_words(zone: &ConfigZone, slot: Slot) -> String {
    let policy = Policy::of(zone, slot);
    let word: SlotConfig = zone.slot_config(slot);
    let mut words = format!("read by: {}; changed by: {}", policy.read(), policy.write());
    let uses = zone
        .revision()
        .family()
        .and_then(|family| Uses::of(zone, family, slot));
    if let Some(uses) = uses {
        words = format!("{words}, uses limited: {uses}");
    } else if word.limited_use() {
        words += ", uses limited";
    }
    if word.no_mac() && !zone.key_config(slot).private() {
        words += ", no MAC";
    }
    words
}

fn key_config_words(zone: &ConfigZone, slot: Slot) -> String {
    let word = zone.key_config(slot);
    let mut words = Policy::of(zone, slot).kind().to_string();
    for (set, name) in [
        (word.pub_info(), "PubInfo"),
        (word.lockable(), "lockable"),
        (word.req_random(), "needs a random nonce"),
        (word.latch_disable(), "needs the latch"),
    ] {
        if set {
            words += ", ";
            words += name;
        }
    }
    if word.req_auth() {
        words = format!("{words}, authorized by {}", word.auth_key());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cover_every_byte_once() {
        for revision in [[0, 0, 0x50, 0], [0, 0, 0x60, 3]] {
            let mut zone = [0xA5; 128];
            zone[4..8].copy_from_slice(&revision);
            let fields = fields(&ConfigZone(zone));
            let mut at = 0;
            for field in &fields {
                assert_eq!(field.offset, at, "{}", field.name);
                at += field.bytes.len() / 2;
            }
            assert_eq!(at, 128);
        }
    }

    #[test]
    fn a_changed_byte_is_one_difference() {
        let zone = ConfigZone([0x55; 128]);
        assert_eq!(differences(&zone, &zone), []);
        for at in 0..128 {
            let mut other = zone;
            other.0[at] ^= 0x80;
            let found = differences(&zone, &other);
            assert_eq!(found.len(), 1, "{at}");
            let Difference { left, .. } = &found[0];
            assert!((left.offset..left.offset + left.bytes.len() / 2).contains(&at));
        }
    }

    #[test]
    fn of_two_families() {
        let mut one = [0; 128];
        one[4..8].copy_from_slice(&[0, 0, 0x50, 0]);
        let mut other = one;
        other[6] = 0x60;
        other[7] = 0x03;
        let found = differences(&ConfigZone(one), &ConfigZone(other));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].left.name, "RevNum");
        assert_ne!(found[0].left.bytes, found[0].right.bytes);
    }
}
