//! What is about one slot: its key, the keys that protect it, its contents.

use alloc::format;
use alloc::vec::Vec;

use atecc::Slot;
use atecc::config::{KeyType, WriteAccess};

use super::boot::joined;
use super::{Lint, Severity};
use crate::{Judgement, Kind, Operation, Policy, Reason, evaluate, is_508};

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
        if slot_config.read_key().index() % 8 == 0 {
            self.find(
                Severity::Warning,
                "private-unused",
                Some(slot),
                "a private key that may neither sign nor agree on keys",
                "set bits 0 to 2 of SlotConfig as the key is to be used",
            );
        }
        self.ecdh_target(slot);
        let open = !self.zone.data_lock().is_locked();
        let replaceable = slot_config.write_config().bits() & 0b0110 != 0;
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

    /// Where the secret of an ECDH goes.
    fn ecdh_target(&mut self, slot: Slot) {
        let target = Operation::Ecdh.target(self.zone, slot);
        match evaluate(&self.locked(), Operation::Ecdh, slot) {
            Judgement::Refused(reasons) if !reasons.contains(&Reason::NoEcdh) => {
                let next = |reason: &&Reason| {
                    matches!(
                        reason,
                        Reason::NoNextSlot | Reason::NextSlotPrivate(_) | Reason::NextSlotLocked(_)
                    )
                };
                let next: Vec<_> = reasons.iter().filter(next).copied().collect();
                if !next.is_empty() {
                    self.find(
                        Severity::Fault,
                        "ecdh-next",
                        Some(slot),
                        format!("the ECDH secret goes nowhere: {}", joined(&next)),
                        "use an even slot with a secret after it, or clear bit 3 of SlotConfig",
                    );
                }
            }
            Judgement::Allowed(_) => {
                let readable =
                    target.filter(|target| Policy::of(self.zone, *target).read() == "everybody");
                if let Some(target) = readable {
                    self.find(
                        Severity::Warning,
                        "ecdh-readable",
                        Some(slot),
                        format!("the ECDH secret goes to {target}, which everybody may read"),
                        "make that slot a secret",
                    );
                }
            }
            _ => {}
        }
    }

    /// Keys in other slots that protect this one.
    pub(super) fn key_of_another(&mut self, slot: Slot) {
        let (slot_config, key_config) = (self.zone.slot_config(slot), self.zone.key_config(slot));
        let private = key_config.private();
        if !private && slot_config.encrypt_read() && slot_config.is_secret() {
            self.protecting(slot, slot_config.read_key(), "reads");
        }
        if !private && slot_config.write_access() == WriteAccess::Encrypted {
            self.protecting(slot, slot_config.write_key(), "writes");
        }
        if private && slot_config.write_config().bits() & 0b0100 != 0 {
            self.protecting(slot, slot_config.write_key(), "keys by PrivWrite");
        }
        if key_config.req_auth() {
            let key = key_config.auth_key();
            // Creating a key asks for the authorization and for little else.
            let operation = if private {
                Operation::PublicKey
            } else {
                Operation::CheckMac
            };
            let never = matches!(
                evaluate(&self.locked(), operation, slot),
                Judgement::Refused(reasons) if reasons.contains(&Reason::NoAuthorization(key))
            );
            if never {
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
        } else if let Judgement::Refused(reasons) = evaluate(&self.locked(), Operation::GenDig, key)
        {
            self.find(
                Severity::Fault,
                "session-key",
                Some(slot),
                format!(
                    "{what} are encrypted with {key}, which GenDig refuses: {}",
                    joined(&reasons)
                ),
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
            let (until, remedy) = if key_config.lockable() {
                (
                    ", until the slot is locked",
                    "lock the slot once data is locked (nerves-key harden), or clear bit 13 of \
                     SlotConfig",
                )
            } else {
                ("", "clear bit 13 of SlotConfig")
            };
            let from = if slot_config.write_config().bits() & 1 == 0 {
                "roll"
            } else {
                "from another key"
            };
            self.find(
                Severity::Warning,
                "derive-key",
                Some(slot),
                format!(
                    "no Write changes it, but DeriveKey ({from}, no MAC) replaces its first 32 \
                     bytes, for anybody who reaches the chip{until}"
                ),
                remedy,
            );
        }
        let known = match key_config.key_type() {
            KeyType::P256 | KeyType::ShaOrData => true,
            KeyType::Aes => !is_508(self.zone),
            KeyType::Reserved(_) => false,
        };
        if !known && !private {
            self.find(
                Severity::Note,
                "key-type",
                Some(slot),
                format!(
                    "KeyType {} means nothing on this chip",
                    key_config.0 >> 2 & 0b111
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
