//! `GenKey` (opcode 0x40). Source: ATECC508A datasheet, "GenKey Command";
//! the key in `TempKey` of a 608 from cryptoauthlib `calib_genkey.c`.

use super::{Core, Frame, Outcome, SUCCESS, Status, check, p256, sha256};
use crate::memory::{LockState, Slot};
use crate::volatile::Source;

/// Param1 bit 2: make a new private key.
const CREATE: u8 = 0x04;
/// Param1 bit 3: then digest the public key into `TempKey`.
const DIGEST: u8 = 0x08;
/// Param1 bit 4: digest the public key stored in the slot.
const STORED_DIGEST: u8 = 0x10;
/// Param2 of a 608: the new private key goes to `TempKey`.
const TO_TEMP_KEY: u16 = 0xFFFF;

impl Core<'_> {
    pub(super) fn gen_key(&mut self, frame: &Frame<'_>) -> Outcome {
        let p1 = frame.p1;
        check(p1 & !(CREATE | DIGEST | STORED_DIGEST) == 0, Status::Parse)?;
        let stored = p1 & STORED_DIGEST != 0;
        // Three bytes of OtherData matter to the stored form only, and a real
        // 508A took that form without them. `create` takes none.
        let legal = match frame.data.len() {
            0 => true,
            3 => stored || p1 & CREATE == 0,
            _ => false,
        };
        check(legal, Status::Parse)?;
        check(
            self.lock_state() != LockState::ConfigOpen,
            Status::Execution,
        )?;
        let slot = Slot::of_param2(frame.p2);
        if stored {
            self.digest_stored(frame, slot)
        } else if p1 == CREATE && frame.p2 == TO_TEMP_KEY && !self.revision().is_508() {
            self.create_in_temp_key()
        } else {
            self.key_pair(frame, slot)
        }
    }

    /// Make or load the private key; return its public half.
    fn key_pair(&mut self, frame: &Frame<'_>, slot: Slot) -> Outcome {
        let policy = self.memory.slot_config(slot);
        let locked = self.lock_state() == LockState::Locked;
        let create = frame.p1 & CREATE != 0;
        self.check_private_slot(slot)?;
        if create {
            check(!self.memory.is_slot_locked(slot), Status::Execution)?;
            check(!locked || policy.allows_gen_key(), Status::Execution)?;
        } else {
            let exported = self.memory.key_config(slot).pub_info();
            check(!locked || exported, Status::Execution)?;
        }
        let digest = frame.p1 & DIGEST != 0;
        if digest {
            check(self.volatile.temp_key.valid, Status::Execution)?;
            self.check_random(slot)?;
        }
        self.take_authorization(slot)?;
        let key = if create {
            self.check_health()?;
            let key = p256::create(self.generator);
            self.memory.slot_mut(slot)[..36].copy_from_slice(&p256::stored(&key)[..]);
            key
        } else {
            // No key was ever made here: 0x0F, seen on a 608A.
            p256::private_key(self.memory.slot(slot)).ok_or(Status::Execution)?
        };
        let public = p256::public_half(&key);
        if digest {
            let [_, head @ ..] = frame.head();
            self.digest_public(frame, head, slot, &public)?;
        }
        Ok(public.to_vec())
    }

    /// A private key for one `ECDH`, never stored.
    fn create_in_temp_key(&mut self) -> Outcome {
        self.check_health()?;
        let key = p256::create(self.generator);
        // SourceFlag Input is unconfirmed.
        self.volatile
            .temp_key
            .load(key.to_bytes().into(), Source::Input);
        Ok(p256::public_half(&key).to_vec())
    }

    fn digest_stored(&mut self, frame: &Frame<'_>, slot: Slot) -> Outcome {
        self.check_public_slot(slot)?;
        check(self.volatile.temp_key.valid, Status::Execution)?;
        self.check_random(slot)?;
        self.take_authorization(slot)?;
        self.count_use(slot)?;
        let public = p256::stored_public(self.memory.slot(slot)).ok_or(Status::Execution)?;
        let [_, head @ ..] = frame.head();
        // Without OtherData the parameters take its place (unconfirmed).
        let other = frame.data.try_into().unwrap_or(head);
        self.digest_public(frame, other, slot, &public)?;
        Ok(SUCCESS.to_vec())
    }

    /// `TempKey` := digest over `TempKey` and a public key.
    fn digest_public(
        &mut self,
        frame: &Frame<'_>,
        other: [u8; 3],
        slot: Slot,
        public: &[u8; 64],
    ) -> Result<(), Status> {
        let old = self.volatile.temp_key.get().ok_or(Status::Execution)?;
        let tail = self.memory.serial().tail();
        let digest = sha256(&[&old, &[frame.opcode], &other, &tail, &[0; 25], public]);
        self.volatile.temp_key.load_key_digest(digest, slot.index());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, PUBLIC_KEY, bytes};
    use crate::defect::Defects;
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const GEN_KEY: u8 = 0x40;
    const PUBLIC: u8 = 0x00;
    const CREATE: u8 = 0x04;
    const PUBLIC_DIGEST: u8 = 0x08;
    const STORED_DIGEST: u8 = 0x10;

    /// Slot 0 is set up like that and holds the vectors' key.
    fn chip(state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(0, slot_config, key_config);
        harness.store_private_key(0);
        harness
    }

    #[test]
    fn public_key_of_the_vector() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        assert_eq!(harness.run(GEN_KEY, PUBLIC, 0, &[]), Ok(bytes(PUBLIC_KEY)));
        // Three bytes of OtherData are ignored.
        assert_eq!(
            harness.run(GEN_KEY, PUBLIC, 0, &[1, 2, 3]),
            Ok(bytes(PUBLIC_KEY))
        );
    }

    #[test]
    fn create_replaces_the_key_and_nothing_else() {
        let mut harness = chip(DataOpen, 0x2087, 0x0033);
        let before = harness.memory.clone();
        harness.memory.slot_mut(Slot::of_nibble(0))[..4].fill(0xEE);
        let public = harness.run(GEN_KEY, CREATE, 0, &[]).unwrap();
        assert_ne!(public, bytes(PUBLIC_KEY));
        assert_eq!(harness.run(GEN_KEY, PUBLIC, 0, &[]), Ok(public));
        let slot = harness.memory.slot(Slot::of_nibble(0)).to_vec();
        assert_eq!(slot[..4], [0; 4], "the padding is zero");
        // With the old key back, everything is as it was.
        harness.store_private_key(0);
        assert!(harness.memory == before);
    }

    #[test]
    fn access_by_lock_state_and_policy() {
        // (state, SlotConfig, KeyConfig) -> (public, create)
        for (state, slot_config, key_config, public, create) in [
            (ConfigOpen, 0x2087, 0x0033, 0x0F, 0x0F),
            (DataOpen, 0x2087, 0x0033, 0x00, 0x00),
            (DataOpen, 0x0087, 0x0033, 0x00, 0x00), // WriteConfig: not yet.
            (DataOpen, 0x2087, 0x0031, 0x00, 0x00), // PubInfo: not yet.
            (DataOpen, 0x2007, 0x0033, 0x0F, 0x0F), // IsSecret is 0.
            (DataOpen, 0x2087, 0x0032, 0x0F, 0x0F), // Private is 0.
            (DataOpen, 0x2087, 0x003F, 0x0F, 0x0F), // KeyType 7.
            (Locked, 0x2087, 0x0033, 0x00, 0x00),
            (Locked, 0x0087, 0x0033, 0x00, 0x0F),
            (Locked, 0x2087, 0x0031, 0x0F, 0x00),
            (Locked, 0x2087, 0x00B3, 0x0F, 0x0F), // ReqAuth.
        ] {
            let status = |p1| chip(state, slot_config, key_config).status(GEN_KEY, p1, 0, &[]);
            assert_eq!(
                status(PUBLIC),
                public,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
            assert_eq!(
                status(CREATE),
                create,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
        }
    }

    #[test]
    fn a_locked_slot_keeps_its_key() {
        for state in [DataOpen, Locked] {
            let mut harness = chip(state, 0x2087, 0x0033);
            harness.memory.lock_slot(Slot::of_nibble(0));
            assert_eq!(harness.status(GEN_KEY, CREATE, 0, &[]), 0x0F);
            assert_eq!(harness.run(GEN_KEY, PUBLIC, 0, &[]), Ok(bytes(PUBLIC_KEY)));
        }
    }

    #[test]
    fn authorization_is_used_up() {
        let mut harness = chip(Locked, 0x2087, 0x04B3);
        harness.volatile.auth_valid = true;
        harness.volatile.auth_key = 4;
        assert_eq!(harness.status(GEN_KEY, PUBLIC, 0, &[]), 0x00);
        assert_eq!(harness.status(GEN_KEY, PUBLIC, 0, &[]), 0x0F);
        harness.volatile.auth_valid = true;
        harness.volatile.auth_key = 5;
        assert_eq!(harness.status(GEN_KEY, PUBLIC, 0, &[]), 0x0F);
        assert!(!harness.volatile.auth_valid);
    }

    #[test]
    fn no_key_was_ever_made() {
        let mut harness = Harness::new(Revision::Atecc608B, DataOpen);
        assert_eq!(harness.status(GEN_KEY, PUBLIC, 0, &[]), 0x0F);
    }

    #[test]
    fn digest_of_a_computed_public_key() {
        let expected = "75F7E179A572FFBD4E506248B501114843AC674FFCC581CD5133B902B3B556E7";
        let mut harness = chip(Locked, 0x2087, 0x0033);
        assert_eq!(
            harness.status(GEN_KEY, PUBLIC_DIGEST, 0, &[]),
            0x0F,
            "no TempKey"
        );
        harness.load_temp_key(Source::Rand);
        assert_eq!(
            harness.run(GEN_KEY, PUBLIC_DIGEST, 0, &[]),
            Ok(bytes(PUBLIC_KEY))
        );
        assert_eq!(
            harness.volatile.temp_key.get().map(Vec::from),
            Some(bytes(expected))
        );
        assert_eq!(
            harness.volatile.temp_key.flags(),
            0x40,
            "GenKeyData, slot 0"
        );
    }

    #[test]
    fn digest_of_a_stored_public_key() {
        let expected = "674658B221ED2A46ECE909270DD1F7C027E7E1AC7B451A85E47CBEE4B23172C1";
        let public = bytes(PUBLIC_KEY);
        let mut harness = Harness::new(Revision::Atecc508A, Locked);
        harness.configure(10, 0x0000, 0x0010);
        let slot = harness.memory.slot_mut(Slot::of_nibble(10));
        slot[4..36].copy_from_slice(&public[..32]);
        slot[40..72].copy_from_slice(&public[32..]);
        harness.load_temp_key(Source::Input);
        assert_eq!(
            harness.run(GEN_KEY, STORED_DIGEST, 10, &[0, 0, 0]),
            Ok(vec![0])
        );
        assert_eq!(
            harness.volatile.temp_key.get().map(Vec::from),
            Some(bytes(expected))
        );
        assert_eq!(
            harness.volatile.temp_key.flags(),
            0x5A,
            "GenKeyData, Input, slot 10"
        );
        // A real 508A accepted this form without OtherData.
        assert_eq!(harness.run(GEN_KEY, STORED_DIGEST, 10, &[]), Ok(vec![0]));
        // Private slots and small ones hold no public key.
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.status(GEN_KEY, STORED_DIGEST, 0, &[]), 0x0F);
    }

    /// A chip whose slot 10 holds the vectors' public key under this policy.
    fn stored(slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        harness.configure(10, slot_config, key_config);
        harness.store_public_key(10, &bytes(PUBLIC_KEY));
        harness
    }

    fn digest_stored(harness: &mut Harness) -> u8 {
        harness.status(GEN_KEY, STORED_DIGEST, 10, &[0, 0, 0])
    }

    #[test]
    fn digest_of_a_stored_key_needs_temp_key() {
        let mut harness = stored(0x0000, 0x0010);
        assert_eq!(digest_stored(&mut harness), 0x0F);
        harness.load_temp_key(Source::Input);
        assert_eq!(digest_stored(&mut harness), 0x00);
    }

    /// The bytes are those of a key, the slot is not one for it: a private key,
    /// or of another type.
    #[test]
    fn digest_of_what_is_no_public_key() {
        for (key_config, status) in [(0x0010, 0x00), (0x0011, 0x0F), (0x001C, 0x0F)] {
            let mut harness = stored(0x0000, key_config);
            harness.load_temp_key(Source::Rand);
            assert_eq!(digest_stored(&mut harness), status, "{key_config:04X}");
        }
    }

    /// `ReqRandom`: a nonce that the host passed through does not do.
    #[test]
    fn digest_of_a_key_that_asks_for_a_random_nonce() {
        let mut both = [stored(0x0000, 0x0050), chip(Locked, 0x2087, 0x0073)];
        for (harness, (mode, slot)) in both
            .iter_mut()
            .zip([(STORED_DIGEST, 10), (PUBLIC_DIGEST, 0)])
        {
            harness.load_temp_key(Source::Input);
            assert_eq!(harness.status(GEN_KEY, mode, slot, &[]), 0x0F, "{mode:02X}");
            harness.load_temp_key(Source::Rand);
            assert_eq!(harness.status(GEN_KEY, mode, slot, &[]), 0x00, "{mode:02X}");
        }
    }

    /// `ReqAuth` with the key of slot 4, once.
    #[test]
    fn digest_of_a_stored_key_uses_its_authorization_up() {
        let mut harness = stored(0x0000, 0x0490);
        for (authorized, status) in [(None, 0x0F), (Some(5), 0x0F), (Some(4), 0x00), (None, 0x0F)] {
            harness.load_temp_key(Source::Rand);
            if let Some(slot) = authorized {
                harness.authorize(slot);
            }
            assert_eq!(digest_stored(&mut harness), status, "{authorized:?}");
            assert!(!harness.volatile.auth_valid);
        }
    }

    /// `LimitedUse`, by Counter0: 7F is one step. Source: ATECC508A datasheet,
    /// section 4.4.5.
    #[test]
    fn digest_of_a_stored_key_is_a_use_of_it() {
        let mut harness = stored(0x0020, 0x0010);
        harness.load_temp_key(Source::Rand);
        assert_eq!(digest_stored(&mut harness), 0x00);
        assert_eq!(
            harness.memory.config[52..60],
            [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
        );
        harness.memory.config[52..60].copy_from_slice(&[0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
        harness.load_temp_key(Source::Rand);
        assert_eq!(digest_stored(&mut harness), 0x0F, "all used");
    }

    /// A 608's own test of its random numbers: status 08, and no key.
    #[test]
    fn an_unhealthy_generator_makes_no_key() {
        for slot in [0, 0xFFFF] {
            let mut harness = chip(DataOpen, 0x2087, 0x0033);
            let before = harness.memory.clone();
            harness.defects = Defects::none().unhealthy(1);
            assert_eq!(
                harness.status(GEN_KEY, CREATE, slot, &[]),
                0x08,
                "{slot:04X}"
            );
            assert!(!harness.volatile.temp_key.valid);
            assert!(harness.memory == before);
        }
    }

    #[test]
    fn private_key_in_temp_key_of_a_608() {
        let mut harness = Harness::new(Revision::Atecc608B, DataOpen);
        let before = harness.memory.clone();
        assert_eq!(
            harness.run(GEN_KEY, CREATE, 0xFFFF, &[]).map(|xy| xy.len()),
            Ok(64)
        );
        assert!(harness.volatile.temp_key.valid);
        assert!(harness.memory == before);
        // To a 508 this is slot 15, which holds no private key.
        let mut old = Harness::new(Revision::Atecc508A, DataOpen);
        assert_eq!(old.status(GEN_KEY, CREATE, 0xFFFF, &[]), 0x0F);
    }

    /// Trap 14 of `docs/sources.md`: making a key is not using it.
    #[test]
    fn trap_14_gen_key_counts_no_use() {
        let mut harness = chip(Locked, 0x20A7, 0x0033);
        let counters = harness.memory.config[52..68].to_vec();
        assert_eq!(harness.status(GEN_KEY, CREATE, 0, &[]), 0x00);
        assert_eq!(harness.status(GEN_KEY, PUBLIC, 0, &[]), 0x00);
        assert_eq!(harness.memory.config[52..68], counters);
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(DataOpen, 0x2087, 0x0033);
        for (p1, length) in [
            (0x01, 0),
            (0x20, 0),
            (0x80, 0),
            (0x04, 3),
            (0x0C, 3),
            (0x00, 1),
            (0x10, 4),
        ] {
            assert_eq!(
                harness.status(GEN_KEY, p1, 0, &vec![0; length]),
                0x03,
                "{p1:02X} {length}"
            );
        }
    }
}
