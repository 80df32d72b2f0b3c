//! Public keys, secure boot, and the persistent latch.

use atecc::Family;
use atecc::config::{KeyType, offset};

use super::{Case, Judgement};
use crate::options::{BootMode, ChipOptions, SecureBoot, latch_permission};
use crate::{KeyNeed, Need, Operation, Reason};

impl Case<'_> {
    /// The slot is set up for a public key on P-256.
    fn public_slot(&mut self) {
        let long_enough = self.slot.index() >= 8;
        self.refused_if(!long_enough, Reason::TooShortForPublicKey);
        self.not_private();
        let is_p256 = self.key_config().key_type() == KeyType::P256;
        self.refused_if(!is_p256, Reason::NotP256);
    }

    pub(super) fn verify(&mut self) {
        self.public_slot();
        self.needs_if(self.key_config().pub_info(), Need::Validated);
        self.needs.extend([Need::KeyPresent, Need::TempKey]);
        self.gate(self.slot);
    }

    /// With the key that ReadKey names. X509format 0: over a digest that
    /// `GenKey` makes, with the gate of the key in the slot; else over one that
    /// `SHA` makes.
    pub(super) fn validate(&mut self) {
        self.public_slot();
        self.refused_if(!self.key_config().pub_info(), Reason::NoValidity);
        let parent = self.read_key();
        let Judgement::Allowed(needs) = self.judged(Operation::Verify, parent, self.within) else {
            self.reasons.push(Reason::NoValidatingKey(parent));
            return;
        };
        let asks_random = needs.contains(&Need::Key(parent, KeyNeed::RandomNonce));
        self.needs
            .extend([Need::PublicKeyDigest, Need::SignatureFor(parent)]);
        let of_the_key = needs
            .into_iter()
            .filter(|need| matches!(need, Need::Key(..)));
        self.needs.extend(of_the_key);
        let format = self
            .zone
            .byte(offset::X509_FORMAT + self.key_config().x509_id() as usize);
        if format == 0 {
            self.random(self.slot);
            self.authorization(self.slot);
            self.limited_use(self.slot);
            // On an ATECC508A the second authorization clears TempKey.
            let both = self.authority_of(self.slot).is_some()
                && self.authority_of(parent).is_some_and(|by| {
                    self.family == Family::Atecc508 || !self.leaves_temp_key(by, 16)
                });
            self.refused_if(both, Reason::TwoAuthorizations);
        } else {
            let fits = format >> 4 > (format & 0x0F) + 1;
            self.refused_if(!fits, Reason::BadX509Format);
            // A digest by SHA in TempKey is not random *(unconfirmed)*.
            let refused = asks_random && self.family == Family::Atecc508;
            self.refused_if(refused, Reason::NoValidatingKey(parent));
        }
    }

    /// That the key has to be of the type that `Verify` takes is
    /// *(unconfirmed)*.
    pub(super) fn secure_boot(&mut self) {
        self.refused_if(!self.data_locked(), Reason::DataUnlocked);
        let boot = SecureBoot::of(self.zone);
        if boot.mode().is_none() {
            self.reasons.push(Reason::SecureBootOff);
            return;
        }
        let key = boot.public_key();
        if key != self.slot {
            self.reasons.push(Reason::NotBootKey(key));
            return;
        }
        self.public_slot();
        self.needs.push(Need::KeyPresent);
        if boot.needs_random() {
            match ChipOptions::of(self.zone).io_key() {
                Some(io_key) => self.needs.push(Need::EncryptedDigest(io_key)),
                None => self.reasons.push(Reason::NoIoKey),
            }
        }
    }

    /// Neither WriteConfig nor the slot's own lock stop it *(unconfirmed)*.
    pub(super) fn secure_boot_store(&mut self) {
        self.refused_if(!self.data_locked(), Reason::DataUnlocked);
        let boot = SecureBoot::of(self.zone);
        let Some(mode) = boot.mode() else {
            self.reasons.push(Reason::SecureBootOff);
            return;
        };
        if boot.store() != self.slot {
            self.reasons.push(Reason::NotBootStore(boot.store()));
            return;
        }
        self.refused_if(mode == BootMode::Both, Reason::BootKeepsNothing);
        let too_short = mode == BootMode::Signature && self.slot.index() < 8;
        self.refused_if(too_short, Reason::TooShortForSignature);
        let key = boot.public_key();
        match self.judged(Operation::SecureBoot, key, self.within) {
            Judgement::Allowed(needs) => self.needs.extend(needs),
            _ => self.reasons.push(Reason::NoBootKey(key)),
        }
    }

    pub(super) fn set_latch(&mut self) {
        match latch_permission(self.zone) {
            None => self.reasons.push(Reason::NoLatchPermission),
            Some(key) if key != self.slot => self.reasons.push(Reason::NotLatchKey(key)),
            Some(key) => self.authorized_by(key, Need::Permission(key)),
        }
    }
}
