//! `DeriveKey` (opcode 0x1C). Source: ATECC508A datasheet, "DeriveKey
//! Command".

use super::{Core, Frame, Outcome, SUCCESS, Status, check, sha256};
use crate::memory::Slot;

/// Param1 bit 2: `SourceFlag` of `TempKey`.
const MASK: u8 = 0x04;

impl Core<'_> {
    pub(super) fn derive_key(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.p1 & !MASK == 0, Status::Parse)?;
        check(matches!(frame.data.len(), 0 | 32), Status::Parse)?;
        self.check_config_locked()?;
        let target = Slot::of_param2(frame.p2);
        let policy = self.memory.slot_config(target);
        let allowed = !self.memory.key_config(target).private()
            && !self.memory.is_slot_locked(target)
            && policy.allows_gen_key();
        check(allowed, Status::Execution)?;
        let temp_key = self.temp_key_from(frame.p1)?;
        let parent = Slot::of_nibble(policy.write_key());
        let from_parent = policy.derives_from_parent();
        let source = if from_parent { parent } else { target };
        self.check_random(source)?;
        if !from_parent {
            self.take_authorization(target)?;
            // A rolled key is used, too, though its uses do not count.
            self.check_latch(target)?;
        }
        if from_parent || policy.derives_with_mac() {
            self.use_parent(parent)?;
        }
        let (head, tail) = (frame.head(), self.memory.serial().tail());
        if policy.derives_with_mac() {
            // A missing or wrong MAC: 0x0F (unconfirmed).
            let expected = sha256(&[&self.memory.key(parent), &head, &tail]);
            check(frame.data == expected, Status::Execution)?;
        }
        let old = self.memory.key(source);
        let new = sha256(&[&old, &head, &tail, &[0; 25], &temp_key]);
        self.memory.slot_mut(target)[..32].copy_from_slice(&new);
        // TempKey is used up (unconfirmed on a 608).
        self.volatile.temp_key.valid = false;
        Ok(SUCCESS.to_vec())
    }

    fn use_parent(&mut self, parent: Slot) -> Result<(), Status> {
        check(!self.memory.key_config(parent).private(), Status::Execution)?;
        self.take_authorization(parent)?;
        self.check_latch(parent)?;
        self.count_use(parent)
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const DERIVE_KEY: u8 = 0x1C;
    const KEY: &str = "3B2F3EE3EC69C367ED8DD150D2C4DDD2233FD569558129EFA5D7CF473A9D3D9D";
    const MAC: &str = "FAF672CAA9E21BA4F8C1B25EADD91261E69FBA26912A100D5796EA8194ECD122";

    /// Slot 9 is the target, slot 4 the parent; both hold the vectors' key.
    fn chip(revision: Revision, state: LockState, policy: u16) -> Harness {
        let mut harness = Harness::new(revision, state);
        harness.configure(9, policy, 0x003C);
        harness.configure(4, 0x0F8F, 0x003C);
        harness.store_key(4, &rising(0x20));
        harness.store_key(9, &rising(0x20));
        harness.load_temp_key(Source::Input);
        harness
    }

    fn target(harness: &Harness) -> Vec<u8> {
        harness.memory.slot(Slot::of_nibble(9))[..32].to_vec()
    }

    /// Roll and create, each without and with MAC.
    #[test]
    fn vectors() {
        for (policy, mac) in [(0x248F, ""), (0x348F, ""), (0xA48F, MAC), (0xF48F, MAC)] {
            for revision in Revision::ALL {
                for state in [DataOpen, Locked] {
                    let mut harness = chip(revision, state, policy);
                    assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &bytes(mac)), 0x00);
                    assert_eq!(target(&harness), bytes(KEY), "{revision} {policy:04X}");
                    assert_eq!(harness.temp_key(), None);
                }
            }
        }
    }

    #[test]
    fn roll_and_create_start_from_different_keys() {
        for (policy, equal) in [(0x248F, true), (0x348F, false)] {
            let mut harness = chip(Revision::Atecc608B, Locked, policy);
            harness.store_key(4, &rising(0x21));
            assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x00);
            assert_eq!(target(&harness) == bytes(KEY), equal, "{policy:04X}");
        }
    }

    /// PersistentDisable binds the key that is rolled, on a 608.
    #[test]
    fn a_rolled_key_may_ask_for_the_latch() {
        for (revision, status) in [
            (Revision::Atecc508A, 0x00),
            (Revision::Atecc608A, 0x0F),
            (Revision::Atecc608B, 0x0F),
        ] {
            let mut harness = chip(revision, Locked, 0x248F);
            harness.configure(9, 0x248F, 0x103C);
            assert_eq!(
                harness.status(DERIVE_KEY, 0x04, 9, &[]),
                status,
                "{revision}"
            );
            harness.load_temp_key(Source::Input);
            harness.volatile.latch = true;
            assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x00, "{revision}");
        }
    }

    #[test]
    fn mac_is_demanded() {
        for data in [vec![], vec![0; 32]] {
            let mut harness = chip(Revision::Atecc608B, Locked, 0xA48F);
            assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &data), 0x0F);
            assert_eq!(target(&harness), rising(0x20));
        }
    }

    #[test]
    fn refusals() {
        let mut harness = chip(Revision::Atecc608B, ConfigOpen, 0x248F);
        assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x0F);
        // Bit 13 counts in every lock state.
        let mut harness = chip(Revision::Atecc608B, DataOpen, 0x048F);
        assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x0F);
        let mut harness = chip(Revision::Atecc608B, Locked, 0x248F);
        assert_eq!(harness.status(DERIVE_KEY, 0x00, 9, &[]), 0x0F, "SourceFlag");
        harness.volatile.temp_key.valid = false;
        assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x0F, "no TempKey");
        let mut harness = chip(Revision::Atecc608B, DataOpen, 0x248F);
        harness.memory.lock_slot(Slot::of_nibble(9));
        assert_eq!(
            harness.status(DERIVE_KEY, 0x04, 9, &[]),
            0x0F,
            "slot locked"
        );
        for (slot, key_config) in [(9, 0x0033), (4, 0x0033), (4, 0x00BC), (4, 0x007C)] {
            let mut harness = chip(Revision::Atecc608B, Locked, 0x348F);
            harness.configure(slot, if slot == 9 { 0x348F } else { 0x0F8F }, key_config);
            assert_eq!(
                harness.status(DERIVE_KEY, 0x04, 9, &[]),
                0x0F,
                "{key_config:04X}"
            );
        }
    }

    /// The parent's uses count, the target's do not.
    #[test]
    fn uses_of_the_parent() {
        let mut harness = chip(Revision::Atecc608B, Locked, 0x34AF);
        assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x00);
        assert_eq!(harness.memory.config[52..54], [0xFF, 0xFF]);
        harness.load_temp_key(Source::Input);
        harness.configure(4, 0x0FAF, 0x003C);
        assert_eq!(harness.status(DERIVE_KEY, 0x04, 9, &[]), 0x00);
        assert_eq!(harness.memory.config[52..54], [0x7F, 0xFF]);
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Revision::Atecc608B, Locked, 0x248F);
        for (p1, length) in [(0x01, 0), (0x02, 0), (0x08, 0), (0x04, 31), (0x04, 64)] {
            let data = vec![0; length];
            assert_eq!(
                harness.status(DERIVE_KEY, p1, 9, &data),
                0x03,
                "{p1:02X} {length}"
            );
        }
    }
}
