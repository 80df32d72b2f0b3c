//! What only an ATECC608 has: secure boot, IO protection key, latch.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Lint, Severity};
use crate::options::{ChipOptions, Protection, SecureBoot, latch_permission};
use crate::{Judgement, KeyNeed, Need, Operation, Policy, Reason, evaluate};

/// Every reason, in one sentence.
pub(super) fn joined(reasons: &[Reason]) -> String {
    let reasons: Vec<_> = reasons.iter().map(Reason::to_string).collect();
    reasons.join("; ")
}

impl Lint<'_> {
    pub(super) fn secure_boot(&mut self) {
        let boot = SecureBoot::of(self.zone);
        if boot.mode().is_none() {
            return;
        }
        let (key, store) = (boot.public_key(), boot.store());
        let never = evaluate(&self.locked(), Operation::SecureBoot, key);
        if let Judgement::Refused(reasons) = never {
            self.find(
                Severity::Fault,
                "secure-boot",
                Some(key),
                format!(
                    "SecureBoot is on, with its key in {key} and its digest in {store}, and can \
                     never succeed: {}",
                    joined(&reasons)
                ),
                "write 0000 to bytes 70 and 71, or name a slot with a public key",
            );
            return;
        }
        if boot.bit_2() || boot.sets_latch() {
            self.find(
                Severity::Note,
                "secure-boot-bits",
                None,
                format!(
                    "SecureBoot: bit 2 is {} and bit 3 is {}: cryptoauthlib has bit 3 set the latch \
                     and names no bit 2, a part that Microchip ties to secure boot has bit 2 set; \
                     which of them counts is unconfirmed",
                    u8::from(boot.bit_2()),
                    u8::from(boot.sets_latch())
                ),
                "try it on a chip that may be lost",
            );
        }
        if store == key {
            self.find(
                Severity::Fault,
                "secure-boot",
                Some(key),
                "SecureBoot keeps its digest where its public key is, and destroys it",
                "name another slot in bits 11-8 of SecureBoot",
            );
        } else if self.is_private(store) {
            self.find(
                Severity::Fault,
                "secure-boot",
                Some(store),
                "SecureBoot keeps its digest where a private key is, and destroys it",
                "name another slot in bits 11-8 of SecureBoot",
            );
        } else if let Judgement::Refused(reasons) =
            evaluate(&self.locked(), Operation::SecureBootStore, store)
            && !reasons.contains(&Reason::BootKeepsNothing)
        {
            self.find(
                Severity::Fault,
                "secure-boot",
                Some(store),
                format!(
                    "SecureBoot can never keep anything here: {}",
                    joined(&reasons)
                ),
                "name another slot in bits 11-8 of SecureBoot",
            );
        }
    }

    pub(super) fn io_key(&mut self) {
        let options = ChipOptions::of(self.zone);
        let Some(key) = options.io_key() else {
            let encrypted = |protection| protection == Protection::Encrypted;
            if encrypted(options.ecdh()) || encrypted(options.kdf()) {
                self.find(
                    Severity::Warning,
                    "io-key-missing",
                    None,
                    "ChipOptions wants outputs encrypted and has no IO protection key: none leaves \
                     the chip",
                    "set bit 1 of ChipOptions and name the key's slot in bits 15-12",
                );
            }
            return;
        };
        if self.is_private(key) {
            self.find(
                Severity::Fault,
                "io-key",
                Some(key),
                "ChipOptions has the IO protection key in a slot with a private key, which nobody \
                 else can know",
                "name a slot with a secret in bits 15-12 of ChipOptions",
            );
        } else if Policy::of(self.zone, key).read() == "everybody" {
            self.find(
                Severity::Warning,
                "io-key-readable",
                Some(key),
                "ChipOptions has the IO protection key in a slot that everybody may read",
                "make that slot a secret, or clear bit 1 of ChipOptions",
            );
        }
    }

    /// Who wants the latch, and whether anything sets it.
    pub(super) fn latch(&mut self) {
        let permission = latch_permission(self.zone);
        let locked = self.locked();
        let wanting: Vec<_> = atecc::Slot::ALL
            .into_iter()
            .filter(|slot| self.zone.key_config(*slot).latch_disable())
            .collect();
        let refused =
            permission.is_some_and(|key| !evaluate(&locked, Operation::SetLatch, key).is_allowed());
        if let Some(key) = permission.filter(|_| refused) {
            self.find(
                Severity::Fault,
                "latch-key",
                Some(key),
                "VolatileKeyPermission names this slot, with whose key nothing can permit the latch",
                "name a slot with a secret",
            );
        } else if let Some(key) = permission.filter(|_| wanting.is_empty()) {
            self.find(
                Severity::Note,
                "latch-unused",
                Some(key),
                "VolatileKeyPermission lets this slot's key set the latch, which no slot asks for",
                "write 00 to byte 69",
            );
        }
        for slot in wanting {
            let operation = if self.is_private(slot) {
                Operation::EcdhTempKey
            } else {
                Operation::CheckMac
            };
            match evaluate(&locked, operation, slot) {
                Judgement::Refused(reasons) if reasons.contains(&Reason::LatchNeverSet) => {
                    self.find(
                        Severity::Fault,
                        "latch",
                        Some(slot),
                        "its key asks for the persistent latch, which nothing can set: it is \
                         useless for good",
                        "clear bit 12 of KeyConfig, or name a slot with a secret in byte 69",
                    );
                }
                Judgement::Allowed(needs)
                    if needs.contains(&Need::Key(slot, KeyNeed::LatchUnconfirmed)) =>
                {
                    self.find(
                        Severity::Warning,
                        "latch",
                        Some(slot),
                        format!("its key needs {}", KeyNeed::LatchUnconfirmed),
                        "try it on a chip that may be lost",
                    );
                }
                _ => {}
            }
        }
    }

    /// Keys of limited uses.
    pub(super) fn uses(&mut self, slot: atecc::Slot) {
        let operation = if self.is_private(slot) {
            Operation::Sign
        } else {
            Operation::CheckMac
        };
        match evaluate(&self.locked(), operation, slot) {
            Judgement::Refused(reasons) => {
                let used_up = reasons
                    .iter()
                    .find(|reason| matches!(reason, Reason::UsedUp(_)));
                if let Some(reason) = used_up {
                    self.find(
                        Severity::Fault,
                        "used-up",
                        Some(slot),
                        format!("its key is of no use: {reason}"),
                        reason.remedy(atecc::config::LockState::Unlocked),
                    );
                }
            }
            Judgement::Allowed(needs) => {
                let limit = needs.iter().find_map(|need| match need {
                    Need::Key(key, KeyNeed::Use(uses)) if *key == slot => uses.limit(),
                    _ => None,
                });
                if let Some(limit) = limit {
                    self.find(
                        Severity::Note,
                        "count-match",
                        Some(slot),
                        format!("CountMatch (byte 18) ends its uses at the value in {limit}"),
                        "write 00 to byte 18, or the value twice into that slot",
                    );
                }
            }
            Judgement::Depends { .. } => {}
        }
    }
}
