//! `PrivWrite` (opcode 0x46). Source: ATECC508A datasheet, "PrivWrite
//! Command"; the clear form before the data lock from cryptoauthlib's test
//! `priv_write_unencrypted`.

use zeroize::Zeroizing;

use super::{Core, Frame, Outcome, SUCCESS, Status, check, p256, sha256, xor};
use crate::memory::{LockState, Slot};

/// Param1 bit 6: the key is encrypted and its MAC counts.
const ENCRYPTED: u8 = 0x40;
/// Padding and scalar, as the slot holds them.
const VALUE: usize = 36;

impl Core<'_> {
    pub(super) fn priv_write(&mut self, frame: &Frame<'_>) -> Outcome {
        let encrypted = frame.p1 & ENCRYPTED != 0;
        check(frame.p1 & !ENCRYPTED == 0, Status::Parse)?;
        let (value, mac) = frame
            .data
            .split_first_chunk::<VALUE>()
            .ok_or(Status::Parse)?;
        // A clear key comes with a MAC that is ignored; a 508 takes it
        // without as well (unconfirmed).
        let bare = mac.is_empty() && !encrypted && self.revision().is_508();
        check(mac.len() == 32 || bare, Status::Parse)?;
        self.check_config_locked()?;
        let slot = Slot::of_param2(frame.p2);
        self.check_private_slot(slot)?;
        check(!self.memory.is_slot_locked(slot), Status::Execution)?;
        let policy = self.memory.slot_config(slot);
        let temp_key = match (self.lock_state(), encrypted) {
            (LockState::Locked, true) if policy.allows_priv_write() => {
                self.digest_of_key(policy.write_key())
            }
            (LockState::Locked, _) => None,
            (_, true) => self.volatile.temp_key.get(),
            (_, false) => return self.store_private(slot, value),
        };
        let temp_key = temp_key.ok_or(Status::Execution)?;
        let pad = [&temp_key[..], &sha256(&[&temp_key])[..4]].concat();
        let value = Zeroizing::new(xor(value, &pad));
        let tail = self.memory.serial().tail();
        let expected = sha256(&[&temp_key, &frame.head(), &tail, &[0; 21], &value]);
        check(mac == expected, Status::Execution)?;
        let outcome = self.store_private(slot, &value)?;
        // TempKey is used up (unconfirmed on a 608).
        self.volatile.temp_key.valid = false;
        Ok(outcome)
    }

    /// A scalar that is no private key: 0x0F (unconfirmed).
    fn store_private(&mut self, slot: Slot, value: &[u8]) -> Outcome {
        p256::private_key(value).ok_or(Status::Execution)?;
        self.memory.slot_mut(slot)[..VALUE].copy_from_slice(value);
        Ok(SUCCESS.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, PUBLIC_KEY, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const PRIV_WRITE: u8 = 0x46;
    const CLEAR: u8 = 0x00;
    const ENCRYPTED: u8 = 0x40;
    /// Slot 7, the vector's: encrypted write with key 4.
    const POLICY: u16 = 0x64C4;

    fn chip(revision: Revision, state: LockState, policy: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(revision, state);
        harness.configure(7, policy, key_config);
        harness.load_gen_dig(4, Source::Rand);
        harness
    }

    /// The vectors' key in the clear, with a MAC of zeros.
    fn clear() -> Vec<u8> {
        [&[0; 4][..], &rising(0x01), &[0; 32]].concat()
    }

    fn encrypted() -> Vec<u8> {
        bytes(
            "40414243454745434D4F4D43454745435D5F5D43454745434D4F4D4345474543D73450C7\
             89328ADE8483A36C9803DE01C8EA467220762BA8E38330E705C60B734263BE08",
        )
    }

    fn holds_the_key(harness: &mut Harness) -> bool {
        harness.run(0x40, 0x00, 7, &[]) == Ok(bytes(PUBLIC_KEY))
    }

    #[test]
    fn vector() {
        for revision in Revision::ALL {
            for state in [DataOpen, Locked] {
                let mut harness = chip(revision, state, POLICY, 0x0033);
                assert_eq!(harness.status(PRIV_WRITE, ENCRYPTED, 7, &encrypted()), 0x00);
                assert_eq!(harness.temp_key(), None);
                assert!(holds_the_key(&mut harness));
            }
        }
    }

    /// Trap 25 of `docs/sources.md`: before the data lock a clear key is taken
    /// whatever the policy says, and its MAC is ignored.
    #[test]
    fn trap_25_clear_before_the_data_lock() {
        for revision in Revision::ALL {
            let mut harness = chip(revision, DataOpen, 0x00C4, 0x0033);
            assert_eq!(harness.status(PRIV_WRITE, CLEAR, 7, &clear()), 0x00);
            assert!(holds_the_key(&mut harness));
            let bare = harness.status(PRIV_WRITE, CLEAR, 7, &clear()[..36]);
            assert_eq!(bare == 0x00, revision == Revision::Atecc508A);
        }
        let mut harness = chip(Revision::Atecc608B, Locked, POLICY, 0x0033);
        assert_eq!(harness.status(PRIV_WRITE, CLEAR, 7, &clear()), 0x0F);
    }

    #[test]
    fn refusals() {
        let try_one = |state, policy, key_config, key_id| {
            let mut harness = chip(Revision::Atecc608B, state, policy, key_config);
            harness.load_gen_dig(key_id, Source::Rand);
            let before = harness.memory.clone();
            let status = harness.status(PRIV_WRITE, ENCRYPTED, 7, &encrypted());
            assert!(status == 0x00 || harness.memory == before);
            status
        };
        assert_eq!(try_one(Locked, POLICY, 0x0033, 4), 0x00);
        assert_eq!(try_one(ConfigOpen, POLICY, 0x0033, 4), 0x0F);
        assert_eq!(try_one(Locked, POLICY, 0x0033, 5), 0x0F, "another key");
        assert_eq!(try_one(Locked, 0x24C4, 0x0033, 4), 0x0F, "WriteConfig");
        assert_eq!(try_one(Locked, 0x6444, 0x0033, 4), 0x0F, "not secret");
        assert_eq!(try_one(Locked, POLICY, 0x003C, 4), 0x0F, "not private");
        let mut harness = chip(Revision::Atecc608B, Locked, POLICY, 0x0033);
        harness.memory.lock_slot(Slot::of_nibble(7));
        assert_eq!(harness.status(PRIV_WRITE, ENCRYPTED, 7, &encrypted()), 0x0F);
        let mut harness = chip(Revision::Atecc608B, Locked, POLICY, 0x0033);
        let mut wrong = encrypted();
        wrong[67] ^= 1;
        assert_eq!(harness.status(PRIV_WRITE, ENCRYPTED, 7, &wrong), 0x0F);
        harness.load_temp_key(Source::Rand);
        assert_eq!(
            harness.status(PRIV_WRITE, ENCRYPTED, 7, &encrypted()),
            0x0F,
            "no GenDig"
        );
        let mut open = chip(Revision::Atecc608B, DataOpen, POLICY, 0x0033);
        assert_eq!(open.status(PRIV_WRITE, CLEAR, 7, &[0; 68]), 0x0F, "d = 0");
        assert_eq!(
            open.status(PRIV_WRITE, CLEAR, 7, &[0xFF; 68]),
            0x0F,
            "d > n"
        );
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Revision::Atecc508A, DataOpen, POLICY, 0x0033);
        for (p1, length) in [(0x01, 68), (0x80, 68), (0x40, 36), (0x00, 35), (0x00, 69)] {
            let data = vec![1; length];
            assert_eq!(
                harness.status(PRIV_WRITE, p1, 7, &data),
                0x03,
                "{p1:02X} {length}"
            );
        }
    }
}
