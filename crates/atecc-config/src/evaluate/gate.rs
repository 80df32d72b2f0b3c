//! What every use of a stored key passes.
//!
//! Source: ATECC508A datasheet, sections 2.2.5 and 3.2.5. Which commands of an
//! ATECC608 ask for authorization and latch is *(unconfirmed)* but for AES and
//! MAC.

use atecc::{Family, Slot};

use super::{Case, Within};
use crate::options::{SecureBoot, latch_permission};
use crate::{KeyNeed, Need, Operation, Reason, Uses};

impl Case<'_> {
    /// All of it.
    pub(super) fn gate(&mut self, key: Slot) {
        self.random(key);
        self.authorization(key);
        self.latch(key);
        self.limited_use(key);
    }

    pub(super) fn random(&mut self, key: Slot) {
        let asked = self.data_locked() && self.zone.key_config(key).req_random();
        self.needs_if(asked, Need::Key(key, KeyNeed::RandomNonce));
    }

    pub(super) fn authorization(&mut self, key: Slot) {
        if let Some(by) = self.authority_of(key) {
            self.authorized_by(by, Need::Key(key, KeyNeed::Authorization(by)));
        }
    }

    /// The slot by whose key the use of `key` is authorized.
    pub(super) fn authority_of(&self, key: Slot) -> Option<Slot> {
        let key_config = self.zone.key_config(key);
        let asked = self.data_locked() && key_config.req_auth();
        asked.then(|| key_config.auth_key())
    }

    /// `CheckMac` authorizes wherever `Verify` does: they share the gate.
    pub(super) fn authorized_by(&mut self, by: Slot, need: Need) {
        let bit = 1 << by.index();
        let within = Within {
            authorizing: self.within.authorizing | bit,
            ..self.within
        };
        let circle = self.within.authorizing & bit != 0;
        if !circle && self.would_allow(Operation::CheckMac, by, within) {
            self.needs.push(need);
        } else {
            self.reasons.push(Reason::NoAuthorization(by));
        }
    }

    pub(super) fn latch(&mut self, key: Slot) {
        let asked = self.family == Family::Atecc608 && self.zone.key_config(key).latch_disable();
        if !asked || !self.data_locked() {
            return;
        }
        if self.is_latch_settable() {
            self.needs.push(Need::Key(key, KeyNeed::Latch));
        } else if self.may_bit_2_set_the_latch() {
            self.needs.push(Need::Key(key, KeyNeed::LatchUnconfirmed));
        } else {
            self.reasons.push(Reason::LatchNeverSet);
        }
    }

    /// By a permitted `Info`, or by a `SecureBoot` that succeeds
    /// *(unconfirmed)*.
    fn is_latch_settable(&self) -> bool {
        if self.within.latching {
            return false;
        }
        let within = Within {
            authorizing: 0,
            latching: true,
        };
        let by_info = latch_permission(self.zone)
            .is_some_and(|key| self.would_allow(Operation::SetLatch, key, within));
        let boot = SecureBoot::of(self.zone);
        let by_boot =
            boot.sets_latch() && self.would_allow(Operation::SecureBoot, boot.public_key(), within);
        by_info || by_boot
    }

    /// Asked of the command itself only: nothing is built on it.
    fn may_bit_2_set_the_latch(&self) -> bool {
        let boot = SecureBoot::of(self.zone);
        let within = Within {
            authorizing: 0,
            latching: true,
        };
        self.within.authorizing == 0
            && !self.within.latching
            && boot.bit_2()
            && self.would_allow(Operation::SecureBoot, boot.public_key(), within)
    }

    /// Before the data lock as well *(unconfirmed)*.
    pub(super) fn limited_use(&mut self, key: Slot) {
        match Uses::of(self.zone, self.family, key) {
            None => {}
            Some(uses) if uses.is_used_up() => self.reasons.push(Reason::UsedUp(uses)),
            Some(uses) => self.needs.push(Need::Key(key, KeyNeed::Use(uses))),
        }
    }
}
