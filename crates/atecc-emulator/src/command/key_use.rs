//! The gate that every use of a stored key passes.
//!
//! Source: ATECC508A datasheet, sections 2.2.5 and 3.2.5; for the 608
//! cryptoauthlib's tests and NervesKey's use.

use super::{Core, Status, check};
use crate::memory::{LockState, Slot};
use crate::volatile::Source;

/// Param1 bit 2 of `MAC`, `CheckMac`, `HMAC` and `DeriveKey`: `SourceFlag`.
const SOURCE_INPUT: u8 = 0x04;

impl Core<'_> {
    /// The slot is set up for a P-256 private key.
    ///
    /// A slot without `IsSecret` is refused too. Source: ATECC508A
    /// datasheet, section 2.2.1.
    pub(super) fn check_private_slot(&self, slot: Slot) -> Result<(), Status> {
        let key = self.memory.key_config(slot);
        check(
            key.private() && key.is_p256() && self.memory.slot_config(slot).is_secret(),
            Status::Execution,
        )
    }

    /// The slot is set up for a P-256 public key.
    pub(super) fn check_public_slot(&self, slot: Slot) -> Result<(), Status> {
        let key = self.memory.key_config(slot);
        check(
            slot.holds_public_key() && !key.private() && key.is_p256(),
            Status::Execution,
        )
    }

    /// `ReqRandom`: `TempKey` must come from a random `Nonce`.
    pub(super) fn check_random(&self, slot: Slot) -> Result<(), Status> {
        let asked = self.memory.key_config(slot).req_random() && self.policies_hold();
        check(
            !asked || self.volatile.temp_key.is_random(),
            Status::Execution,
        )
    }

    /// `ReqAuth`: an authorization by the right key, which is used up
    /// whether or not it matches.
    pub(super) fn take_authorization(&mut self, slot: Slot) -> Result<(), Status> {
        let Some(key) = self.memory.key_config(slot).auth_key() else {
            return Ok(());
        };
        if !self.policies_hold() {
            return Ok(());
        }
        let authorized = std::mem::take(&mut self.volatile.auth_valid);
        check(
            authorized && self.volatile.auth_key == key,
            Status::Execution,
        )
    }

    /// `PersistentDisable` of a 608: the latch must be set.
    ///
    /// Proven for AES and MAC; applied to every other user (unconfirmed). The
    /// bit means something else on a 508 and is no restriction on I2C parts
    /// (unconfirmed).
    pub(super) fn check_latch(&self, slot: Slot) -> Result<(), Status> {
        let asked = !self.revision().is_508()
            && self.memory.key_config(slot).persistent_disable()
            && self.policies_hold();
        check(!asked || self.volatile.latch, Status::Execution)
    }

    /// `LimitedUse`: one use less. Applied before the data lock as well
    /// (unconfirmed).
    pub(super) fn count_use(&mut self, slot: Slot) -> Result<(), Status> {
        self.memory.consume_use(slot).or(Err(Status::Execution))
    }

    /// The whole gate of a symmetric key.
    pub(super) fn use_symmetric(&mut self, slot: Slot) -> Result<(), Status> {
        check(!self.memory.key_config(slot).private(), Status::Execution)?;
        self.check_random(slot)?;
        self.take_authorization(slot)?;
        self.check_latch(slot)?;
        self.count_use(slot)
    }

    /// A message without `TempKey` holds no random number, which a key with
    /// `ReqRandom` asks for (unconfirmed).
    pub(super) fn check_nonce_in_message(&self, slot: Slot) -> Result<(), Status> {
        let asked = self.memory.key_config(slot).req_random() && self.policies_hold();
        check(!asked, Status::Execution)
    }

    /// `TempKey` for a message whose Param1 bit 2 states its source.
    pub(super) fn temp_key_from(&self, p1: u8) -> Result<[u8; 32], Status> {
        let temp_key = &self.volatile.temp_key;
        let stated = if p1 & SOURCE_INPUT == 0 {
            Source::Rand
        } else {
            Source::Input
        };
        check(temp_key.source == stated, Status::Execution)?;
        temp_key.get().ok_or(Status::Execution)
    }

    /// A chip whose keys rest until the data zone is locked.
    pub(super) fn check_rest(&self) -> Result<(), Status> {
        check(
            !self.defects.keys_rest() || self.policies_hold(),
            Status::Execution,
        )
    }

    /// `KeyConfig` restricts use once the data zone is locked.
    fn policies_hold(&self) -> bool {
        self.lock_state() == LockState::Locked
    }
}
