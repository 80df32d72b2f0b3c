//! `Sign` (opcode 0x41). Source: ATECC508A datasheet, "Sign Command"; the
//! message digest buffer of a 608 from cryptoauthlib `calib_sign.c`.

use super::{Core, Frame, Outcome, Status, check, p256, sha256};
use crate::memory::{LockState, Slot};

/// Param1 bit 7: sign a digest that the host gave.
const EXTERNAL: u8 = 0x80;
/// Param1 bit 6: the internal message contains the whole serial number.
const WITH_SERIAL: u8 = 0x40;
/// Param1 bit 5 of a 608: the digest is in the message digest buffer.
const DIGEST_BUFFER: u8 = 0x20;
/// Param1 bit 0: the signature is meant for `Verify(Invalidate)`.
const INVALIDATE: u8 = 0x01;
/// `ReadKey` bit 0 of a private key: external signatures are allowed.
const ALLOWS_EXTERNAL: u8 = 0x01;
/// `ReadKey` bit 1 of a private key: internal signatures are allowed.
const ALLOWS_INTERNAL: u8 = 0x02;

impl Core<'_> {
    pub(super) fn sign(&mut self, frame: &Frame<'_>) -> Outcome {
        let buffer = if self.revision().is_508() {
            0
        } else {
            DIGEST_BUFFER
        };
        let mask = EXTERNAL | WITH_SERIAL | buffer | INVALIDATE;
        check(frame.p1 & !mask == 0, Status::Parse)?;
        self.takes_no_data(frame)?;
        check(
            self.lock_state() != LockState::ConfigOpen,
            Status::Execution,
        )?;
        self.check_rest()?;
        let slot = Slot::of_param2(frame.p2);
        self.check_private_slot(slot)?;
        let allowed = self.memory.slot_config(slot).read_key();
        let digest = if frame.p1 & EXTERNAL != 0 {
            check(allowed & ALLOWS_EXTERNAL != 0, Status::Execution)?;
            self.external_digest(frame.p1)
        } else {
            check(allowed & ALLOWS_INTERNAL != 0, Status::Execution)?;
            self.internal_digest(frame)
        };
        let digest = digest.ok_or(Status::Execution)?;
        // ReqRandom is not checked: parts in the field have it set and sign
        // digests that were passed through.
        self.take_authorization(slot)?;
        self.check_latch(slot)?;
        self.count_use(slot)?;
        self.check_health()?;
        let key = p256::private_key(self.memory.slot(slot)).ok_or(Status::Execution)?;
        let signature = p256::sign(&key, &digest, self.generator).ok_or(Status::Ecc)?;
        if frame.p1 & (EXTERNAL | DIGEST_BUFFER) != EXTERNAL | DIGEST_BUFFER {
            // TempKey is used up (unconfirmed on a 608).
            self.volatile.temp_key.valid = false;
        }
        Ok(signature.to_vec())
    }

    fn external_digest(&self, p1: u8) -> Option<[u8; 32]> {
        if p1 & DIGEST_BUFFER == 0 {
            return self.volatile.temp_key.get();
        }
        let buffer = self.volatile.digest_buffer.as_ref()?;
        buffer.first_chunk().copied()
    }

    /// The hash of what the chip says about the slot that `TempKey` names.
    fn internal_digest(&self, frame: &Frame<'_>) -> Option<[u8; 32]> {
        let temp_key = &self.volatile.temp_key;
        let content = temp_key.get()?;
        let described = temp_key.gen_dig_data || temp_key.gen_key_data;
        if !described || self.lock_state() != LockState::Locked {
            return None;
        }
        Some(sha256(&[&content, &self.message_tail(frame)]))
    }

    /// The 23 bytes after `TempKey` in the internal message.
    fn message_tail(&self, frame: &Frame<'_>) -> [u8; 23] {
        let slot = Slot::of_nibble(self.volatile.temp_key.key_id);
        let [op, p1, p2l, p2h] = frame.head();
        let [sc0, sc1] = self.memory.slot_config(slot).0.to_le_bytes();
        let [kc0, kc1] = self.memory.key_config(slot).0.to_le_bytes();
        let [s0, s1, mut s2, mut s3, mut s4, mut s5, mut s6, mut s7, s8] = self.memory.serial().0;
        if p1 & WITH_SERIAL == 0 {
            [s2, s3, s4, s5, s6, s7] = [0; 6];
        }
        let flags = self.volatile.temp_key.flags();
        let unlocked = u8::from(!self.memory.is_slot_locked(slot));
        let validated = self.memory.is_validated(slot);
        [
            op,
            p1,
            p2l,
            p2h,
            sc0,
            sc1,
            kc0,
            kc1,
            flags,
            0,
            0,
            s8,
            s4,
            s5,
            s6,
            s7,
            s0,
            s1,
            s2,
            s3,
            unlocked,
            u8::from(validated),
            0,
        ]
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    use p256::ecdsa::{Signature, VerifyingKey};

    use super::{Core, Frame};
    use crate::command::harness::{Harness, PUBLIC_KEY, bytes, rising};
    use crate::defect::Defects;
    use crate::entropy::Generator;
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const SIGN: u8 = 0x41;
    const EXTERNAL: u8 = 0x80;
    const EXTERNAL_BUFFER: u8 = 0xA0;
    const INTERNAL: u8 = 0x00;

    /// The vectors' key in slot 1 under this policy.
    fn chip(state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(1, slot_config, key_config);
        harness.store_private_key(1);
        harness
    }

    fn verifies(digest: &[u8], signature: &[u8]) -> bool {
        let point = [vec![0x04], bytes(PUBLIC_KEY)].concat();
        let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
        let signature = Signature::from_slice(signature).unwrap();
        key.verify_prehash(digest, &signature).is_ok()
    }

    #[test]
    fn external_from_either_source() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        assert_eq!(harness.status(SIGN, EXTERNAL, 1, &[]), 0x0F, "no TempKey");
        assert_eq!(
            harness.status(SIGN, EXTERNAL_BUFFER, 1, &[]),
            0x0F,
            "no digest"
        );
        let mut digest = [0; 64];
        digest[..32].copy_from_slice(&rising(0x90));
        harness.volatile.digest_buffer = Some(digest);
        harness.load_temp_key(Source::Input);
        let first = harness.run(SIGN, EXTERNAL_BUFFER, 1, &[]).unwrap();
        let second = harness.run(SIGN, EXTERNAL_BUFFER, 1, &[]).unwrap();
        assert!(verifies(&rising(0x90), &first) && verifies(&rising(0x90), &second));
        assert_ne!(first, second, "the nonce is random");
        let third = harness.run(SIGN, EXTERNAL, 1, &[]).unwrap();
        assert!(verifies(&rising(0x40), &third));
        assert_eq!(
            harness.status(SIGN, EXTERNAL, 1, &[]),
            0x0F,
            "TempKey is used up"
        );
    }

    #[test]
    fn s_is_not_normalized() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        harness.volatile.digest_buffer = Some([0x55; 64]);
        let high = (0..40)
            .map(|_| harness.run(SIGN, EXTERNAL_BUFFER, 1, &[]).unwrap())
            .filter(|signature| signature[32] >= 0x80)
            .count();
        assert!((1..40).contains(&high), "{high} of 40");
    }

    /// Message and digest for `GenKey` data of slot 0, computed.
    #[test]
    fn internal_message_of_the_vector() {
        let tail = "4140010087203300400000EE89ABCDEF01234567010000";
        let digest = "9FB963EAB7B01A0BF6DC623125C7D76FDEC3C4083274AB1434C98D06352037C0";
        let mut harness = chip(Locked, 0x2087, 0x0033);
        harness.configure(0, 0x2087, 0x0033);
        harness.load_temp_key(Source::Rand);
        harness.volatile.temp_key.load_key_digest(rising(0x40), 0);
        let frame = Frame {
            opcode: SIGN,
            p1: 0x40,
            p2: 1,
            data: &[],
        };
        let core = Core {
            memory: &mut harness.memory.clone(),
            volatile: &mut harness.volatile,
            generator: &mut Generator::seeded(0),
            defects: &mut Defects::none(),
        };
        assert_eq!(core.message_tail(&frame).to_vec(), bytes(tail));
        assert_eq!(
            core.internal_digest(&frame).map(Vec::from),
            Some(bytes(digest))
        );
        let signature = harness.run(SIGN, 0x40, 1, &[]).unwrap();
        assert!(verifies(&bytes(digest), &signature));
    }

    /// Trap 28 of `docs/sources.md`: byte 52 is 01 while the slot is not
    /// locked, and 00 after. Byte 53 says that the slot holds a validated
    /// public key.
    #[test]
    fn trap_28_state_of_the_described_slot() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        harness.configure(9, 0x0000, 0x0012);
        let ends = |harness: &mut Harness| {
            harness.load_gen_dig(9, Source::Rand);
            let frame = Frame {
                opcode: SIGN,
                p1: 0x00,
                p2: 1,
                data: &[],
            };
            let core = Core {
                memory: &mut harness.memory.clone(),
                volatile: &mut harness.volatile,
                generator: &mut Generator::seeded(0),
                defects: &mut Defects::none(),
            };
            core.message_tail(&frame)[12..].to_vec()
        };
        // SN4-7 and SN2-3 are left out without Param1 bit 6.
        assert_eq!(ends(&mut harness), bytes("0000000001230000010000"));
        harness.memory.lock_slot(Slot::of_nibble(9));
        assert_eq!(ends(&mut harness), bytes("0000000001230000000000"));
        harness.memory.slot_mut(Slot::of_nibble(9))[0] = 0x5F;
        assert_eq!(ends(&mut harness), bytes("0000000001230000000100"));
    }

    #[test]
    fn access_by_lock_state_and_policy() {
        // (state, SlotConfig, KeyConfig) -> (external, internal)
        for (state, slot_config, key_config, external, internal) in [
            (ConfigOpen, 0x2087, 0x0033, 0x0F, 0x0F),
            (DataOpen, 0x2087, 0x0033, 0x00, 0x0F),
            (Locked, 0x2087, 0x0033, 0x00, 0x00),
            (Locked, 0x2081, 0x0033, 0x00, 0x0F), // ReadKey: external only.
            (Locked, 0x2082, 0x0033, 0x0F, 0x00), // Internal only.
            (Locked, 0x2084, 0x0033, 0x0F, 0x0F), // ECDH only.
            (Locked, 0x2007, 0x0033, 0x0F, 0x0F), // IsSecret is 0.
            (Locked, 0x2087, 0x0032, 0x0F, 0x0F), // Private is 0.
            (Locked, 0x2087, 0x003D, 0x0F, 0x0F), // KeyType 7.
            (Locked, 0x2087, 0x00B3, 0x0F, 0x0F), // ReqAuth.
            (Locked, 0x2087, 0x1033, 0x0F, 0x0F), // PersistentDisable.
        ] {
            let status = |p1| {
                let mut harness = chip(state, slot_config, key_config);
                harness.load_gen_dig(3, Source::Rand);
                harness.status(SIGN, p1, 1, &[])
            };
            assert_eq!(
                status(EXTERNAL),
                external,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
            assert_eq!(
                status(INTERNAL),
                internal,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
        }
    }

    /// An unhealthy generator makes no signature, and costs no digest.
    #[test]
    fn what_a_chip_with_a_defect_refuses() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        harness.load_temp_key(Source::Input);
        harness.defects = Defects::none().unhealthy(1);
        assert_eq!(harness.status(SIGN, EXTERNAL, 1, &[]), 0x08);
        for (state, status) in [(DataOpen, 0x0F), (Locked, 0x00)] {
            let mut harness = chip(state, 0x2087, 0x0033);
            harness.load_temp_key(Source::Input);
            harness.defects = Defects::none().resting_until_data_lock();
            assert_eq!(harness.status(SIGN, EXTERNAL, 1, &[]), status, "{state:?}");
        }
    }

    #[test]
    fn internal_describes_what_gen_dig_or_gen_key_left() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        harness.load_temp_key(Source::Rand);
        assert_eq!(harness.status(SIGN, INTERNAL, 1, &[]), 0x0F);
    }

    /// Trap 45 of `docs/sources.md`: `ReqRandom` does not stop the signature of
    /// a passed-through digest; parts for TLS rely on it.
    #[test]
    fn trap_45_req_random_is_not_asked() {
        let mut harness = chip(Locked, 0x2087, 0x0073);
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.status(SIGN, EXTERNAL, 1, &[]), 0x00);
    }

    #[test]
    fn a_set_latch_enables_the_key() {
        let mut harness = chip(Locked, 0x2087, 0x1033);
        harness.volatile.digest_buffer = Some([1; 64]);
        assert_eq!(harness.status(SIGN, EXTERNAL_BUFFER, 1, &[]), 0x0F);
        harness.volatile.latch = true;
        assert_eq!(harness.status(SIGN, EXTERNAL_BUFFER, 1, &[]), 0x00);
    }

    #[test]
    fn each_signature_is_a_use() {
        let mut harness = chip(Locked, 0x20A7, 0x0033);
        harness.volatile.digest_buffer = Some([1; 64]);
        assert_eq!(harness.status(SIGN, EXTERNAL_BUFFER, 1, &[]), 0x00);
        assert_eq!(
            harness.memory.config[52..60],
            [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
        );
        harness.memory.config[52..60].copy_from_slice(&[0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(
            harness.status(SIGN, EXTERNAL_BUFFER, 1, &[]),
            0x0F,
            "all used"
        );
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Locked, 0x2087, 0x0033);
        for p1 in [0x02, 0x10, 0x82, 0x90] {
            assert_eq!(harness.status(SIGN, p1, 1, &[]), 0x03, "{p1:02X}");
        }
        assert_eq!(harness.status(SIGN, EXTERNAL, 1, &[0]), 0x03);
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(SIGN, EXTERNAL_BUFFER, 1, &[]), 0x03);
    }
}
