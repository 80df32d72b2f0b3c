//! Reading and writing what slots hold.

use atecc::Slot;
use atecc::config::WriteAccess;

use super::{Case, Judgement};
use crate::{KeyNeed, Need, Operation, Reason, SessionNonce};

impl Case<'_> {
    pub(super) fn read(&mut self) {
        self.readable_data();
        let slot_config = self.slot_config();
        let reason = match (slot_config.is_secret(), slot_config.encrypt_read()) {
            (false, false) => return,
            (false, true) => Reason::IllegalRead,
            (true, false) => Reason::Secret,
            (true, true) => Reason::OnlyEncryptedRead,
        };
        self.reasons.push(reason);
    }

    pub(super) fn read_encrypted(&mut self) {
        self.readable_data();
        let slot_config = self.slot_config();
        match (slot_config.is_secret(), slot_config.encrypt_read()) {
            (true, true) => self.session(self.read_key(), SessionNonce::Random),
            (false, true) => self.reasons.push(Reason::IllegalRead),
            (true, false) => self.reasons.push(Reason::Secret),
            (false, false) => self.reasons.push(Reason::NoEncryptedRead),
        }
    }

    fn readable_data(&mut self) {
        self.refused_if(!self.data_locked(), Reason::DataUnlocked);
        self.not_private();
    }

    pub(super) fn write(&mut self) {
        self.not_private();
        self.not_slot_locked();
        if !self.data_locked() {
            self.needs.push(Need::WholeBlock);
            return;
        }
        match self.slot_config().write_access() {
            WriteAccess::Always => {}
            WriteAccess::PubInvalid => self.needs.push(Need::NotValidated),
            WriteAccess::Never => self.reasons.push(Reason::NeverWritten),
            WriteAccess::Encrypted => self.reasons.push(Reason::OnlyEncryptedWrite),
        }
    }

    pub(super) fn write_encrypted(&mut self) {
        self.not_private();
        self.not_slot_locked();
        if !self.data_locked() {
            self.needs.push(Need::TempKey);
            return;
        }
        match self.slot_config().write_access() {
            WriteAccess::Encrypted => self.session(self.write_key(), SessionNonce::Any),
            WriteAccess::Never => self.reasons.push(Reason::NeverWritten),
            WriteAccess::Always | WriteAccess::PubInvalid => {
                self.reasons.push(Reason::NoEncryptedWrite);
            }
        }
    }

    /// `TempKey` from `GenDig` with `key`, and what that needs itself.
    pub(super) fn session(&mut self, key: Slot, nonce: SessionNonce) {
        match self.judged(Operation::GenDig, key, self.within) {
            Judgement::Allowed(needs) => {
                let random = Need::Key(key, KeyNeed::RandomNonce);
                let nonce = if needs.contains(&random) {
                    SessionNonce::Random
                } else {
                    nonce
                };
                self.needs.push(Need::SessionKey(key, nonce));
                let own = needs
                    .into_iter()
                    .filter(|need| *need != Need::TempKey && *need != random);
                self.needs.extend(own);
            }
            _ => self.reasons.push(Reason::SessionKey(key)),
        }
    }
}
