//! Private keys: made, used, and where their secrets go.

use atecc::config::{KeyType, WriteConfig};
use atecc::{Family, Slot};

use super::{Case, Judgement};
use crate::options::{ChipOptions, Protection};
use crate::{KeyNeed, Need, Operation, Reason, SessionNonce};

impl Case<'_> {
    /// What every command for private keys asks of the slot.
    fn private_key(&mut self) {
        if self.key_config().private() {
            let is_p256 = self.key_config().key_type() == KeyType::P256;
            self.refused_if(!is_p256, Reason::NotP256);
            let is_secret = self.slot_config().is_secret();
            self.refused_if(!is_secret, Reason::PrivateNotSecret);
        } else {
            self.reasons.push(Reason::NotPrivateKey);
        }
    }

    pub(super) fn create_key(&mut self) {
        self.private_key();
        self.not_slot_locked();
        if self.data_locked() {
            let allowed = self.slot_config().write_config().bits() & 0b0010 != 0;
            self.refused_if(!allowed, Reason::NoGenKey);
        }
        self.authorization(self.slot);
    }

    pub(super) fn public_key(&mut self) {
        self.private_key();
        let hidden = self.data_locked() && !self.key_config().pub_info();
        self.refused_if(hidden, Reason::PublicKeyHidden);
        self.needs.push(Need::KeyPresent);
        self.authorization(self.slot);
    }

    /// Before the data lock it goes in the clear.
    pub(super) fn priv_write(&mut self) {
        self.private_key();
        self.not_slot_locked();
        if self.data_locked() {
            let allowed = self.slot_config().write_config().bits() & 0b0100 != 0;
            self.refused_if(!allowed, Reason::NoPrivWrite);
            if allowed {
                self.session(self.write_key(), SessionNonce::Any);
            }
        }
    }

    pub(super) fn sign(&mut self) {
        self.private_key();
        self.refused_if(self.lacks_permission(1), Reason::NoExternalSign);
        self.needs.extend([Need::KeyPresent, Need::TempKey]);
        self.authorization(self.slot);
        self.latch(self.slot);
        self.limited_use(self.slot);
    }

    pub(super) fn sign_internal(&mut self) {
        self.refused_if(!self.data_locked(), Reason::DataUnlocked);
        self.private_key();
        self.refused_if(self.lacks_permission(2), Reason::NoInternalSign);
        self.needs.extend([Need::KeyPresent, Need::InternalDigest]);
        let described = Slot::ALL.into_iter().any(|about| self.describes(about));
        self.refused_if(!described, Reason::NothingToDescribe);
        self.authorization(self.slot);
        self.latch(self.slot);
        self.limited_use(self.slot);
    }

    /// Whether `TempKey` can be made of the key in slot `about`, so that the
    /// authorization for `Sign`, if any, is still there afterwards, or can come
    /// between.
    fn describes(&self, about: Slot) -> bool {
        let operation = if self.zone.key_config(about).private() {
            Operation::PublicKey
        } else {
            Operation::GenDig
        };
        let Judgement::Allowed(needs) = self.judged(operation, about, self.within) else {
            return false;
        };
        let uses_authorization = needs
            .iter()
            .any(|need| matches!(need, Need::Key(_, KeyNeed::Authorization(_))));
        match self.authority_of(self.slot) {
            Some(by) if uses_authorization => {
                self.family == Family::Atecc608 && self.leaves_temp_key(by, 16)
            }
            _ => true,
        }
    }

    /// Whether an ATECC608 is authorized with `key` without a nonce. On an
    /// ATECC508A every authorization clears `TempKey`.
    pub(super) fn leaves_temp_key(&self, key: Slot, depth: u8) -> bool {
        let before = self.authority_of(key);
        !self.zone.key_config(key).req_random()
            && before.is_none_or(|by| depth > 0 && self.leaves_temp_key(by, depth - 1))
    }

    /// A private key without this bit of ReadKey.
    fn lacks_permission(&self, bit: u8) -> bool {
        self.key_config().private() && self.slot_config().private_key_uses().bits() & bit == 0
    }

    fn agreement_key(&mut self) {
        self.private_key();
        self.refused_if(self.lacks_permission(0b0100), Reason::NoEcdh);
        self.needs.push(Need::KeyPresent);
        if self.family == Family::Atecc608 {
            // An ATECC508A asks for none here.
            self.authorization(self.slot);
        }
        self.latch(self.slot);
        self.limited_use(self.slot);
    }

    /// The secret goes where SlotConfig says.
    pub(super) fn ecdh(&mut self) {
        self.agreement_key();
        if !self.key_config().private() {
            return;
        }
        match self.next_slot() {
            Some(next) if next == self.slot => self.reasons.push(Reason::NoNextSlot),
            Some(next) => {
                let private = self.zone.key_config(next).private();
                self.refused_if(private, Reason::NextSlotPrivate(next));
                let locked = self.zone.slot_lock(next).is_locked();
                self.refused_if(locked, Reason::NextSlotLocked(next));
            }
            None if self.family == Family::Atecc608 => {
                self.output(ChipOptions::of(self.zone).ecdh(), Reason::EcdhOutput);
            }
            None => {}
        }
    }

    /// ReadKey bit 3; the slot itself where it has none.
    fn next_slot(&self) -> Option<Slot> {
        let to_next = self.slot_config().private_key_uses().bits() & 0b1000 != 0;
        to_next.then(|| Slot::from_nibble(self.slot.index() | 1))
    }

    pub(super) fn ecdh_output(&mut self) {
        self.agreement_key();
        self.output(ChipOptions::of(self.zone).ecdh(), Reason::EcdhOutput);
    }

    pub(super) fn ecdh_encrypted(&mut self) {
        self.agreement_key();
        self.encrypted_output(ChipOptions::of(self.zone).ecdh(), Reason::EcdhOutput);
    }

    pub(super) fn ecdh_temp_key(&mut self) {
        self.agreement_key();
    }

    /// With a key in `TempKey`. The target's rule is *(unconfirmed)*.
    pub(super) fn ecdh_into(&mut self) {
        self.not_private();
        self.not_slot_locked();
        let open = self.slot_config().write_config() == WriteConfig::ALWAYS;
        self.refused_if(!open, Reason::NoEcdhTarget);
        self.needs.push(Need::TempKey);
    }

    /// In the clear.
    pub(super) fn output(&mut self, protection: Protection, reason: fn(Protection) -> Reason) {
        self.refused_if(protection != Protection::Clear, reason(protection));
    }

    /// With the IO protection key.
    pub(super) fn encrypted_output(
        &mut self,
        protection: Protection,
        reason: fn(Protection) -> Reason,
    ) {
        let open = matches!(protection, Protection::Clear | Protection::Encrypted);
        self.refused_if(!open, reason(protection));
        let has_key = ChipOptions::of(self.zone).io_key().is_some();
        self.refused_if(!has_key, Reason::NoIoKey);
    }
}
