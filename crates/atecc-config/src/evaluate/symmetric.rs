//! Keys for MACs, AES and derivation.

use atecc::config::{KeyType, WriteConfig, offset};
use atecc::{Family, Slot};

use super::{Case, Judgement};
use crate::options::ChipOptions;
use crate::{Need, Operation, Reason, is_identity_told};

impl Case<'_> {
    pub(super) fn mac(&mut self) {
        self.refused_if(self.slot_config().no_mac(), Reason::NoMac);
        self.symmetric();
    }

    pub(super) fn hmac(&mut self) {
        self.needs.push(Need::TempKey);
        self.mac();
    }

    pub(super) fn symmetric(&mut self) {
        self.not_private();
        self.gate(self.slot);
    }

    pub(super) fn gen_dig(&mut self) {
        self.needs.push(Need::TempKey);
        let no_mac = self.slot_config().no_mac();
        self.needs_if(no_mac, Need::OtherData(self.slot));
        self.symmetric();
    }

    /// Modes 01 and 05 of `CheckMac`. That a private key is not copied is
    /// *(unconfirmed)*.
    pub(super) fn copy_key(&mut self) {
        self.not_private();
        self.refused_if(self.slot_config().read_key() != Slot::S0, Reason::NotCopied);
        if self.slot.index() & 1 == 0 {
            self.reasons.push(Reason::NotOdd);
            return;
        }
        let pair = [Slot::from_nibble(self.slot.index() - 1), self.slot];
        let allowed = pair.into_iter().find_map(|key| {
            match self.judged(Operation::CheckMac, key, self.within) {
                Judgement::Allowed(needs) => Some((key, needs)),
                _ => None,
            }
        });
        match allowed {
            Some((key, needs)) => {
                self.needs.extend([Need::TempKey, Need::Match(key)]);
                self.needs.extend(needs);
            }
            None => self.reasons.push(Reason::NoCheckMac),
        }
    }

    pub(super) fn aes(&mut self) {
        self.aes_enabled();
        self.not_private();
        let is_aes = self.key_config().key_type() == KeyType::Aes;
        self.refused_if(!is_aes, Reason::NotAesKey);
        self.without_nonce(self.slot);
    }

    fn aes_enabled(&mut self) {
        if is_identity_told(self.zone) {
            self.refused_if(
                self.zone.byte(offset::AES_ENABLE) & 1 == 0,
                Reason::AesDisabled,
            );
        } else {
            self.needs.push(Need::AesEnabled);
        }
    }

    /// AES and KDF are not known to ask for a random nonce.
    fn without_nonce(&mut self, key: Slot) {
        self.authorization(key);
        self.latch(key);
        self.limited_use(key);
    }

    fn kdf_key(&mut self) {
        self.not_private();
        self.without_nonce(self.slot);
    }

    pub(super) fn kdf(&mut self) {
        self.kdf_key();
        self.output(ChipOptions::of(self.zone).kdf(), Reason::KdfOutput);
    }

    pub(super) fn kdf_encrypted(&mut self) {
        self.kdf_key();
        self.encrypted_output(ChipOptions::of(self.zone).kdf(), Reason::KdfOutput);
    }

    pub(super) fn kdf_temp_key(&mut self) {
        self.kdf_key();
    }

    pub(super) fn kdf_aes(&mut self) {
        self.aes_enabled();
        let enabled = ChipOptions::of(self.zone).kdf_aes();
        self.refused_if(!enabled, Reason::NoKdfAes);
        self.kdf_key();
    }

    /// PersistentDisable does not bind a target.
    pub(super) fn kdf_into(&mut self) {
        self.not_private();
        self.not_slot_locked();
        let key_config = self.key_config();
        let open = key_config.pub_info()
            && matches!(key_config.key_type(), KeyType::Aes | KeyType::ShaOrData)
            && self.slot_config().write_config() == WriteConfig::ALWAYS;
        self.refused_if(!open, Reason::NoKdfTarget);
        self.needs.push(Need::TempKey);
    }

    /// Whether the key is rolled (from itself) or created (from WriteKey), and
    /// whether a MAC by WriteKey authorizes it, is in WriteConfig.
    pub(super) fn derive_key(&mut self) {
        self.not_private();
        self.not_slot_locked();
        let write_config = self.slot_config().write_config().bits();
        self.refused_if(write_config & 0b0010 == 0, Reason::NoDeriveKey);
        self.needs.push(Need::TempKey);
        let parent = self.write_key();
        let (created, with_mac) = (write_config & 0b0001 != 0, write_config & 0b1000 != 0);
        let source = if created { parent } else { self.slot };
        self.random(source);
        if !created {
            // A rolled key's own uses do not count.
            self.authorization(self.slot);
            self.latch(self.slot);
        }
        self.needs_if(with_mac, Need::ParentMac(parent));
        if created || with_mac {
            let private = self.zone.key_config(parent).private();
            self.refused_if(private, Reason::PrivateParent);
            let both = !created && self.authority_of(self.slot).is_some();
            let twice = both && self.authority_of(parent).is_some();
            self.refused_if(twice, Reason::TwoAuthorizations);
            self.authorization(parent);
            self.latch(parent);
            self.limited_use(parent);
        }
    }

    /// `HMAC` is a command of the ATECC508A only.
    pub(super) fn only_508(&mut self) {
        self.refused_if(self.family == Family::Atecc608, Reason::Only508);
    }
}
