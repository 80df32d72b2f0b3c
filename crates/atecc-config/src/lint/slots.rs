//! What is about one slot: its key, the keys that protect it, its contents.

use alloc::format;

use atecc::Slot;
use atecc::config::{KeyType, WriteAccess};

use super::{Lint, Severity};
use crate::judge::slot as slot_of;
use crate::{Kind, Operation, Policy, as_if_locked, is_608, judge};

impl Lint<'_> {
    pub(super) fn private_key(&mut self, slot: Slot) {
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
    pub(super) fn key_of_another(&mut self, slot: Slot) {
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

    pub(super) fn contents(&mut self, slot: Slot) {
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
        if Policy::of(self.zone, slot).is_open_to_derivation() {
            let remedy = if key_config.lockable() {
                "lock the slot once data is locked (nerves-key harden), or clear bit 13 of \
                 SlotConfig"
            } else {
                "clear bit 13 of SlotConfig"
            };
            self.find(
                Severity::Warning,
                "derive-key",
                Some(slot),
                "no Write changes it, but DeriveKey (roll, no MAC) replaces its first 32 bytes, \
                 for anybody who reaches the chip, until the slot is locked",
                remedy,
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
}
