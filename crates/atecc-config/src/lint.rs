//! Combinations of bits that make a slot useless, or a secret none.
//!
//! Source: ATECC508A datasheet, sections 2.2 and 3.2; what strands a chip:
//! reports from the field.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use atecc::config::{KeyType, WriteAccess, offset};
use atecc::{ConfigZone, Slot};

use crate::judge::slot as slot_of;
use crate::{Counter, Kind, Operation, Policy, as_if_locked, byte, is_608, judge};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// May be meant.
    Note,
    /// Works, but not as it seems.
    Warning,
    /// Something can never work.
    Fault,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Fault => "fault",
        })
    }
}

/// Something that a reader should know before the zone is locked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The rule's name, stable.
    pub rule: &'static str,
    /// Which slot it is about, if one.
    pub slot: Option<Slot>,
    /// What is so, and what follows.
    pub cause: String,
    /// What could be done about it before the lock.
    pub remedy: &'static str,
}

/// Every finding, the worst first.
#[must_use]
pub fn lint(zone: &ConfigZone) -> Vec<Finding> {
    let mut lint = Lint {
        zone,
        findings: Vec::new(),
    };
    lint.chip();
    for slot in Slot::ALL {
        lint.private_key(slot);
        lint.key_of_another(slot);
        lint.contents(slot);
    }
    let mut findings = lint.findings;
    findings.sort_by_key(|finding| core::cmp::Reverse(finding.severity));
    findings
}

struct Lint<'a> {
    zone: &'a ConfigZone,
    findings: Vec<Finding>,
}

impl Lint<'_> {
    fn find(
        &mut self,
        severity: Severity,
        rule: &'static str,
        slot: Option<Slot>,
        cause: impl Into<String>,
        remedy: &'static str,
    ) {
        self.findings.push(Finding {
            severity,
            rule,
            slot,
            cause: cause.into(),
            remedy,
        });
    }

    /// What is about the whole chip.
    fn chip(&mut self) {
        let address = byte(self.zone, offset::I2C_ADDRESS);
        if address & 1 == 1 || atecc::BusAddress::new(address >> 1).is_err() {
            self.find(
                Severity::Fault,
                "address",
                None,
                format!(
                    "I2C_Address is {address:02X}: no usable address, nothing reaches the chip"
                ),
                "write C0, or another even number from 10 to EE",
            );
        }
        if byte(self.zone, 14) & 1 == 0 {
            self.find(
                Severity::Warning,
                "interface",
                None,
                "I2C_Enable is 0: this is a single-wire part",
                "use a part for I2C; the manufacturer sets the bit",
            );
        }
        if self.zone.revision().family().is_none() {
            self.find(
                Severity::Warning,
                "revision",
                None,
                format!(
                    "RevNum {} is no ATECC508A or ATECC608",
                    self.zone.revision()
                ),
                "what is said here may not hold for it",
            );
        }
        let locks = (self.zone.config_lock(), self.zone.data_lock());
        if locks.0.is_locked() && !locks.1.is_locked() {
            self.find(
                Severity::Warning,
                "data-unlocked",
                None,
                "the configuration is locked, data and OTP are not: slots can be overwritten, and \
                 nothing of data and OTP can be read",
                "lock data and OTP once they are written",
            );
        }
        if !locks.0.is_locked() && locks.1.is_locked() {
            self.find(
                Severity::Fault,
                "lock-order",
                None,
                "data and OTP are locked, the configuration is not: no chip is in that state",
                "look whether the dump is right",
            );
        }
        if is_608(self.zone) {
            self.chip_608();
        } else {
            self.chip_508();
        }
        let used_up = [52, 60].into_iter().any(|at| {
            let mut bytes = [0; 8];
            for (to, at) in bytes.iter_mut().zip(at..) {
                *to = byte(self.zone, at);
            }
            Counter::from_bytes(bytes) >= Counter::LAST
        });
        if used_up {
            self.find(
                Severity::Warning,
                "counter",
                None,
                "a counter is at its end, 2097151: it and keys with limited uses are of no use",
                "set the counters to FFFFFFFF00000000",
            );
        }
    }

    fn chip_508(&mut self) {
        let mode = byte(self.zone, offset::OTP_MODE);
        if !matches!(mode, 0xAA | 0x55) {
            self.find(
                Severity::Warning,
                "otp-mode",
                None,
                format!("OTPmode is {mode:02X}, a reserved value"),
                "write AA: OTP is read-only once locked",
            );
        }
        if mode == 0x55 {
            self.find(
                Severity::Note,
                "otp-consumption",
                None,
                "OTPmode is 55: everybody may clear bits of OTP once it is locked",
                "write AA, unless OTP is to be consumed",
            );
        }
    }

    fn chip_608(&mut self) {
        if byte(self.zone, 68) & 0x0F == 0x0A {
            self.find(
                Severity::Fault,
                "use-lock",
                None,
                "UseLock enables a transport lock; no public source says how it is undone",
                "write 00 to byte 68",
            );
        }
        let options = u16::from_le_bytes([byte(self.zone, 90), byte(self.zone, 91)]);
        if options >> 8 & 0b11 == 3 || options >> 10 & 0b11 == 3 {
            self.find(
                Severity::Fault,
                "protection",
                None,
                "ChipOptions has 3 as output protection, an invalid value",
                "write 0, 1 or 2 to bits 9-8 and 11-10",
            );
        }
        let permission = byte(self.zone, 69);
        let key = slot_of(permission);
        if permission & 0x80 != 0 && self.is_private(key) {
            self.find(
                Severity::Fault,
                "latch-key",
                Some(key),
                "VolatileKeyPermission names a slot with a private key, with which CheckMac cannot \
                 permit the latch",
                "name a slot with a secret",
            );
        }
    }

    fn private_key(&mut self, slot: Slot) {
        if !self.is_private(slot) {
            return;
        }
        let (slot_config, key_config) = (self.zone.slot_config(slot), self.zone.key_config(slot));
        if !slot_config.is_secret() {
            self.find(
                Severity::Fault,
                "private-not-secret",
                Some(slot),
                "a private key without IsSecret: GenKey, PrivWrite and Sign refuse it",
                "set bit 7 of SlotConfig",
            );
        }
        if key_config.key_type() != KeyType::P256 {
            self.find(
                Severity::Fault,
                "private-type",
                Some(slot),
                "a private key whose KeyType is not 4: no command uses it",
                "write 4 to bits 4-2 of KeyConfig",
            );
        }
        if slot_config.read_key() % 8 == 0 {
            self.find(
                Severity::Warning,
                "private-unused",
                Some(slot),
                "a private key that may neither sign nor agree on keys",
                "set bits 0 to 2 of SlotConfig as the key is to be used",
            );
        }
        let to_next = slot_config.read_key() & 0b1100 == 0b1100;
        if to_next && slot.index() % 2 == 1 {
            self.find(
                Severity::Fault,
                "ecdh-next",
                Some(slot),
                "the ECDH secret should go to the next slot, which an odd slot has not",
                "use an even slot, or clear bit 3 of SlotConfig",
            );
        }
        let open = !self.zone.data_lock().is_locked();
        let replaceable = slot_config.write_config() & 0b0110 != 0;
        if open && !replaceable && !self.zone.slot_lock(slot).is_locked() {
            self.find(
                Severity::Note,
                "key-before-lock",
                Some(slot),
                "the private key must be made before data is locked: WriteConfig allows neither \
                 GenKey nor PrivWrite afterwards",
                "make the key first, or set bit 13 of SlotConfig",
            );
        }
    }

    /// Keys in other slots that protect this one.
    fn key_of_another(&mut self, slot: Slot) {
        let (slot_config, key_config) = (self.zone.slot_config(slot), self.zone.key_config(slot));
        let private = key_config.private();
        if !private && slot_config.encrypt_read() && slot_config.is_secret() {
            self.protecting(slot, slot_of(slot_config.read_key()), "reads");
        }
        if !private && slot_config.write_access() == WriteAccess::Encrypted {
            self.protecting(slot, slot_of(slot_config.write_key()), "writes");
        }
        if private && slot_config.write_config() & 0b0100 != 0 {
            self.protecting(slot, slot_of(slot_config.write_key()), "PrivWrite");
        }
        if key_config.req_auth() {
            let key = slot_of(key_config.auth_key());
            let locked = as_if_locked(self.zone);
            let authorizes = [Operation::CheckMac, Operation::Verify]
                .into_iter()
                .any(|operation| judge(&locked, operation, key).is_allowed());
            if !authorizes {
                self.find(
                    Severity::Fault,
                    "authorization",
                    Some(slot),
                    format!("its key needs an authorization by {key}, which cannot give one"),
                    "name a slot with a secret or a public key",
                );
            }
        }
    }

    fn protecting(&mut self, slot: Slot, key: Slot, what: &str) {
        let policy = Policy::of(self.zone, key);
        if self.is_private(key) {
            self.find(
                Severity::Fault,
                "session-key",
                Some(slot),
                format!("{what} are encrypted with {key}, a private key, which GenDig refuses"),
                "name a slot with a secret",
            );
        } else if policy.read() == "everybody" {
            self.find(
                Severity::Warning,
                "session-key-readable",
                Some(slot),
                format!("{what} are encrypted with {key}, which everybody may read"),
                "make that slot a secret",
            );
        } else if policy.write() == "everybody" {
            self.find(
                Severity::Note,
                "session-key-writable",
                Some(slot),
                format!("{what} are encrypted with {key}, which everybody may overwrite"),
                "let that slot be written encrypted, or never",
            );
        }
    }

    fn contents(&mut self, slot: Slot) {
        let (slot_config, key_config) = (self.zone.slot_config(slot), self.zone.key_config(slot));
        let private = key_config.private();
        if !private && slot_config.encrypt_read() && !slot_config.is_secret() {
            self.find(
                Severity::Fault,
                "encrypt-read",
                Some(slot),
                "EncryptRead without IsSecret: it can never be read",
                "set bit 7 of SlotConfig, or clear bit 6",
            );
        }
        if Policy::of(self.zone, slot).kind() == Kind::AesKey && !slot_config.is_secret() {
            self.find(
                Severity::Warning,
                "readable-key",
                Some(slot),
                "an AES key that everybody may read",
                "set bit 7 of SlotConfig",
            );
        }
        let known = match key_config.key_type() {
            KeyType::P256 | KeyType::ShaOrData => true,
            KeyType::Aes => is_608(self.zone),
            KeyType::Reserved(_) => false,
        };
        if !known && !private {
            self.find(
                Severity::Note,
                "key-type",
                Some(slot),
                format!(
                    "KeyType {:?} means nothing on this chip",
                    key_config.key_type()
                ),
                "write 7 to bits 4-2 of KeyConfig: a secret, or data",
            );
        }
        let open = !self.zone.config_lock().is_locked();
        if open && self.zone.slot_lock(slot).is_locked() {
            self.find(
                Severity::Warning,
                "locked-early",
                Some(slot),
                "its bit of SlotLocked is 0: from the configuration's lock on it can neither be \
                 written nor get a key",
                "set the bit; Lock clears it when the slot is filled",
            );
        }
    }

    fn is_private(&self, slot: Slot) -> bool {
        self.zone.key_config(slot).private()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing to object to.
    fn clean() -> ConfigZone {
        let mut zone = [0; 128];
        zone[4..8].copy_from_slice(&[0, 0, 0x60, 3]);
        zone[13..15].fill(1);
        zone[16] = 0xC0;
        for at in (20..52).step_by(2) {
            zone[at..at + 2].copy_from_slice(&[0x0F, 0x0F]);
            zone[at + 76] = 0x1C;
        }
        zone[52..56].fill(0xFF);
        zone[60..64].fill(0xFF);
        zone[86..90].copy_from_slice(&[0x55, 0x55, 0xFF, 0xFF]);
        ConfigZone(zone)
    }

    fn rules(change: impl Fn(&mut [u8; 128])) -> Vec<&'static str> {
        let mut zone = clean();
        change(&mut zone.0);
        lint(&zone)
            .into_iter()
            .map(|finding| finding.rule)
            .collect()
    }

    /// Each rule has a zone in which it alone speaks.
    #[test]
    fn each_rule_finds_what_it_is_for() {
        let slot_0 = |slot_config: u16, key_config: u16| {
            move |zone: &mut [u8; 128]| {
                zone[20..22].copy_from_slice(&slot_config.to_le_bytes());
                zone[96..98].copy_from_slice(&key_config.to_le_bytes());
            }
        };
        assert_eq!(rules(|_| {}), [""; 0]);
        assert_eq!(rules(|zone| zone[16] = 0xC1), ["address"]);
        assert_eq!(rules(|zone| zone[14] = 0), ["interface"]);
        assert_eq!(rules(|zone| zone[87] = 0), ["data-unlocked"]);
        assert_eq!(rules(|zone| zone[86] = 0), ["lock-order"]);
        assert_eq!(rules(|zone| zone[68] = 0x0A), ["use-lock"]);
        assert_eq!(rules(|zone| zone[91] = 0x03), ["protection"]);
        assert_eq!(rules(|zone| zone[88] = 0xFB), ["locked-early"]);
        let end = [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(
            rules(|zone| zone[60..68].copy_from_slice(&end)),
            ["counter"]
        );
        let as_508 = |mode| {
            move |zone: &mut [u8; 128]| {
                zone[6] = 0x50;
                zone[18] = mode;
            }
        };
        assert_eq!(rules(as_508(0xAA)), [""; 0]);
        assert_eq!(rules(as_508(0x55)), ["otp-consumption"]);
        assert_eq!(rules(as_508(0x00)), ["otp-mode"]);
        assert_eq!(rules(slot_0(0x2087, 0x0033)), [""; 0]);
        assert_eq!(rules(slot_0(0x2007, 0x0033)), ["private-not-secret"]);
        assert_eq!(rules(slot_0(0x2087, 0x003F)), ["private-type"]);
        assert_eq!(rules(slot_0(0x2080, 0x0033)), ["private-unused"]);
        assert_eq!(rules(slot_0(0x0087, 0x0033)), ["key-before-lock"]);
        assert_eq!(rules(slot_0(0x00C4, 0x001C)), ["session-key-readable"]);
        assert_eq!(rules(slot_0(0x004F, 0x001C)), ["encrypt-read"]);
        assert_eq!(rules(slot_0(0x2F0F, 0x0018)), ["readable-key"]);
        assert_eq!(rules(slot_0(0x2F0F, 0x0000)), ["key-type"]);
        let next = |zone: &mut [u8; 128]| {
            zone[22..24].copy_from_slice(&[0x8C, 0x20]);
            zone[98] = 0x33;
        };
        assert_eq!(rules(next), ["ecdh-next"]);
        let private_session_key = |zone: &mut [u8; 128]| {
            slot_0(0x2087, 0x0033)(zone);
            zone[22..24].copy_from_slice(&[0xC0, 0x20]);
        };
        assert_eq!(rules(private_session_key), ["session-key"]);
        let private_authority = |zone: &mut [u8; 128]| {
            slot_0(0x2087, 0x0033)(zone);
            zone[98..100].copy_from_slice(&[0x9C, 0x00]);
        };
        assert_eq!(rules(private_authority), ["authorization"]);
        let private_latch_key = |zone: &mut [u8; 128]| {
            slot_0(0x2087, 0x0033)(zone);
            zone[69] = 0x80;
        };
        assert_eq!(rules(private_latch_key), ["latch-key"]);
        let overwritten = |zone: &mut [u8; 128]| {
            slot_0(0x0F8F, 0x001C)(zone);
            zone[22..24].copy_from_slice(&[0xC0, 0x20]);
        };
        assert_eq!(rules(overwritten), ["session-key-writable"]);
        let unknown = |zone: &mut [u8; 128]| {
            as_508(0xAA)(zone);
            zone[6] = 0x20;
        };
        assert_eq!(rules(unknown), ["revision"]);
    }
}
