//! `SHA` (opcode 0x47). Source: ATECC508A datasheet, "SHA Command"; the 608
//! forms from cryptoauthlib `calib_sha.c` and its test `sha_context`.
//!
//! A 508 keeps the computation in `TempKey`: any other command and any error
//! end it. A 608 has a buffer of its own, which errors leave alone
//! (unconfirmed).

use super::aes::TEMP_KEY;
use super::{Core, Frame, Outcome, SUCCESS, Status, check, p256};
use crate::memory::Slot;
use crate::sha_context::{BLOCK, ShaContext};

/// Param1 bits 2-0.
const MODE: u8 = 0x07;
/// Param1 bits 7-6 of a 608: where the digest goes besides the output.
const TO_TEMP_KEY: u8 = 0x00;
const TO_DIGEST_BUFFER: u8 = 0x40;
const TO_OUTPUT: u8 = 0xC0;

impl Core<'_> {
    pub(super) fn sha(&mut self, frame: &Frame<'_>) -> Outcome {
        let outcome = self.sha_step(frame);
        if outcome.is_err() && self.revision().is_508() {
            self.volatile.sha = None;
        }
        outcome
    }

    /// A 508 executes another command than `SHA`.
    pub(super) fn drop_shared_context(&mut self) {
        if self.volatile.sha.take().is_some() {
            self.volatile.temp_key.valid = false;
        }
    }

    fn sha_step(&mut self, frame: &Frame<'_>) -> Outcome {
        let old = self.revision().is_508();
        let (mode, target) = (frame.p1 & MODE, frame.p1 & !MODE);
        // Only the end has a target; with another mode: 0x03 (unconfirmed).
        let legal = match target {
            TO_TEMP_KEY => true,
            TO_DIGEST_BUFFER | TO_OUTPUT => !old && mode == 2,
            _ => false,
        };
        check(legal, Status::Parse)?;
        match mode {
            0 => {
                check(frame.data.is_empty() && frame.p2 == 0, Status::Parse)?;
                Ok(self.begin(ShaContext::new()))
            }
            1 => self.sha_update(frame),
            2 => self.sha_end(frame, target),
            3 => self.sha_public(frame),
            4 => self.hmac_start(frame),
            5 if old => self.hmac_end(frame),
            6 if !old => self.save_context(frame),
            7 if !old => self.restore_context(frame),
            _ => Err(Status::Parse),
        }
    }

    fn begin(&mut self, context: ShaContext) -> Vec<u8> {
        self.volatile.sha = Some(context);
        if self.revision().is_508() {
            self.volatile.temp_key.valid = false;
        }
        SUCCESS.to_vec()
    }

    fn context(&mut self) -> Result<&mut ShaContext, Status> {
        self.volatile.sha.as_mut().ok_or(Status::Execution)
    }

    /// A vendor's test expects an empty update of a 608 to succeed.
    fn sha_update(&mut self, frame: &Frame<'_>) -> Outcome {
        let legal = if self.revision().is_508() {
            frame.data.len() == BLOCK
        } else {
            frame.data.len() <= BLOCK
        };
        check(legal && states_length(frame), Status::Parse)?;
        self.context()?.update(frame.data);
        Ok(SUCCESS.to_vec())
    }

    /// NervesKey sends Param2 = 0 with data to a 608, which is accepted
    /// (unconfirmed).
    fn sha_end(&mut self, frame: &Frame<'_>, target: u8) -> Outcome {
        let old = self.revision().is_508();
        let longest = if old { BLOCK - 1 } else { BLOCK };
        let stated = states_length(frame) || !old && frame.p2 == 0;
        check(frame.data.len() <= longest && stated, Status::Parse)?;
        // A 508 ends an HMAC with mode 5 (0x0F otherwise is unconfirmed).
        check(!old || !self.context()?.is_hmac(), Status::Execution)?;
        self.finish(frame.data, target)
    }

    fn hmac_end(&mut self, frame: &Frame<'_>) -> Outcome {
        let legal = frame.data.len() < BLOCK && states_length(frame);
        check(legal, Status::Parse)?;
        check(self.context()?.is_hmac(), Status::Execution)?;
        self.finish(frame.data, TO_TEMP_KEY)
    }

    fn finish(&mut self, last: &[u8], target: u8) -> Outcome {
        self.context()?.update(last);
        let context = self.volatile.sha.take().ok_or(Status::Execution)?;
        let hash = context.finish();
        match target {
            TO_TEMP_KEY => self.volatile.temp_key.load_hash(&hash),
            TO_DIGEST_BUFFER => {
                self.volatile.load_digest_buffer(&hash.digest, &[0; 32]);
                self.volatile.digest_embedded = hash.embedded;
            }
            _ => {}
        }
        Ok(hash.digest.to_vec())
    }

    /// Append a stored public key. Refused while the configuration is
    /// unlocked (unconfirmed).
    fn sha_public(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.data.is_empty(), Status::Parse)?;
        self.check_config_locked()?;
        let slot = Slot::of_param2(frame.p2);
        self.check_public_slot(slot)?;
        let public = p256::stored_public(self.memory.slot(slot)).ok_or(Status::Execution)?;
        self.context()?.embed(slot, &public);
        Ok(SUCCESS.to_vec())
    }

    fn hmac_start(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.data.is_empty(), Status::Parse)?;
        self.check_config_locked()?;
        let context = if frame.p2 == TEMP_KEY && !self.revision().is_508() {
            // 64 bytes when that many were loaded, else 32.
            let key = self.volatile.temp_key.loaded().ok_or(Status::Execution)?;
            ShaContext::hmac(&key)
        } else {
            let key = self.use_mac_key(Slot::of_param2(frame.p2))?;
            ShaContext::hmac(&key)
        };
        Ok(self.begin(context))
    }

    fn save_context(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.data.is_empty() && frame.p2 == 0, Status::Parse)?;
        Ok(self.context()?.save())
    }

    fn restore_context(&mut self, frame: &Frame<'_>) -> Outcome {
        check(states_length(frame), Status::Parse)?;
        let context = ShaContext::restore(frame.data).ok_or(Status::Parse)?;
        Ok(self.begin(context))
    }
}

/// Param2 is the number of data bytes.
fn states_length(frame: &Frame<'_>) -> bool {
    usize::from(frame.p2) == frame.data.len()
}

#[cfg(test)]
mod tests {
    use super::ShaContext;
    use crate::command::harness::{Harness, PUBLIC_KEY, bytes, rising};
    use crate::command::sha256;
    use crate::memory::LockState::{ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;
    use crate::volatile::Source;

    const SHA: u8 = 0x47;
    const START: u8 = 0x00;
    const UPDATE: u8 = 0x01;
    const END: u8 = 0x02;
    const PUBLIC: u8 = 0x03;
    const HMAC_START: u8 = 0x04;
    const HMAC_END: u8 = 0x05;
    const READ_CONTEXT: u8 = 0x06;
    const WRITE_CONTEXT: u8 = 0x07;
    /// The SHA-256 digest of 00..45.
    const DIGEST_70: &str = "5767D69A906D4860DB9079EB7E90AB4A543E5CB032FCE846554AEF6CEB600E1D";

    fn message() -> Vec<u8> {
        (0..70).collect()
    }

    fn started(revision: Revision) -> Harness {
        let mut harness = Harness::new(revision, ConfigOpen);
        assert_eq!(harness.run(SHA, START, 0, &[]), Ok(vec![0]));
        harness
    }

    #[test]
    fn a_block_and_a_rest() {
        for revision in Revision::ALL {
            let mut harness = started(revision);
            assert_eq!(harness.run(SHA, UPDATE, 64, &message()[..64]), Ok(vec![0]));
            assert_eq!(
                harness.run(SHA, END, 6, &message()[64..]),
                Ok(bytes(DIGEST_70))
            );
            assert_eq!(harness.temp_key(), Some(bytes(DIGEST_70)));
            assert_eq!(harness.volatile.temp_key.flags(), 0x10);
            assert_eq!(
                harness.status(SHA, END, 0, &[]),
                0x0F,
                "the context is gone"
            );
        }
    }

    /// Recorded from a real 608A: the digest of 01..05.
    #[test]
    fn recorded_digest() {
        let digest = "74F81FE167D99B4CB41D6D0CCDA82278CAEE9F3E2F25D5E5A3936FF3DCEC60D0";
        for revision in Revision::ALL {
            let found = started(revision).run(SHA, END, 5, &[1, 2, 3, 4, 5]);
            assert_eq!(found, Ok(bytes(digest)));
        }
    }

    /// Trap 17 of `docs/sources.md`: a 608 takes any length up to a block, none
    /// included; a 508 whole blocks.
    #[test]
    fn trap_17_lengths() {
        for length in [0, 1, 5, 63, 64] {
            let p2 = u16::try_from(length).unwrap();
            let data = &message()[..length];
            let mut new = started(Revision::Atecc608A);
            assert_eq!(new.status(SHA, UPDATE, p2, data), 0x00, "{length}");
            let mut old = started(Revision::Atecc508A);
            let expected = if length == 64 { 0x00 } else { 0x03 };
            assert_eq!(old.status(SHA, UPDATE, p2, data), expected, "{length}");
        }
        let mut new = started(Revision::Atecc608A);
        assert_eq!(new.status(SHA, UPDATE, 65, &[0; 65]), 0x03);
        assert_eq!(new.status(SHA, UPDATE, 4, &[0; 5]), 0x03);
        assert_eq!(new.status(SHA, END, 4, &[0; 5]), 0x03);
        // The errors left the context alone, and so does an update of nothing.
        assert_eq!(new.status(SHA, UPDATE, 0, &[]), 0x00);
        // NervesKey states no length.
        let digest = sha256(&[&[7; 64]]).to_vec();
        assert_eq!(new.run(SHA, END, 0, &[7; 64]), Ok(digest));
        let mut old = started(Revision::Atecc508A);
        assert_eq!(old.status(SHA, END, 64, &[0; 64]), 0x03);
        let mut old = started(Revision::Atecc508A);
        assert_eq!(old.status(SHA, END, 0, &[0; 5]), 0x03);
    }

    /// Trap 19 of `docs/sources.md`: on a 608 mode 2 ends an HMAC as well; a
    /// 508 has mode 5.
    #[test]
    fn trap_19_end_of_an_hmac() {
        let mut inner = ShaContext::hmac(&rising(0x20));
        inner.update(b"message");
        let mac = inner.finish().digest.to_vec();
        for (revision, right, wrong, refusal) in [
            (Revision::Atecc608B, END, HMAC_END, 0x03),
            (Revision::Atecc508A, HMAC_END, END, 0x0F),
        ] {
            let mut harness = Harness::new(revision, Locked);
            harness.configure(4, 0x0F8F, 0x003C);
            harness.store_key(4, &rising(0x20));
            assert_eq!(harness.status(SHA, HMAC_START, 4, &[]), 0x00);
            assert_eq!(harness.run(SHA, right, 7, b"message"), Ok(mac.clone()));
            assert_eq!(harness.status(SHA, HMAC_START, 4, &[]), 0x00);
            assert_eq!(
                harness.status(SHA, wrong, 7, b"message"),
                refusal,
                "{revision}"
            );
        }
        // And a plain digest does not end as an HMAC.
        assert_eq!(
            started(Revision::Atecc508A).status(SHA, HMAC_END, 0, &[]),
            0x0F
        );
    }

    /// Trap 20 of `docs/sources.md`: the key in `TempKey` is as long as its
    /// last load. Zeros hide it, so the rest of `TempKey` is not zero here.
    #[test]
    fn trap_20_key_in_temp_key() {
        let mac = |harness: &mut Harness| {
            assert_eq!(harness.status(SHA, HMAC_START, 0xFFFF, &[]), 0x00);
            harness.run(SHA, 0xC2, 0, &[1]).unwrap()
        };
        let expected = |key: &[u8]| {
            let mut context = ShaContext::hmac(key);
            context.update(&[1]);
            context.finish().digest.to_vec()
        };
        let long = [rising(0x20), rising(0x60)].concat();
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        assert_eq!(harness.status(SHA, HMAC_START, 0xFFFF, &[]), 0x0F);
        assert_eq!(harness.status(0x16, 0x23, 0, &long), 0x00);
        assert_eq!(mac(&mut harness), expected(&long));
        assert_eq!(harness.status(0x16, 0x03, 0, &long[..32]), 0x00);
        assert_eq!(mac(&mut harness), expected(&long[..32]));
    }

    #[test]
    fn targets_of_a_608() {
        let digest = sha256(&[&[9]]).to_vec();
        for (p1, temp_key, buffer) in [
            (0x02, Some(digest.clone()), None),
            (0x42, None, Some(digest.clone())),
            (0xC2, None, None),
        ] {
            let mut harness = started(Revision::Atecc608B);
            assert_eq!(harness.run(SHA, p1, 1, &[9]), Ok(digest.clone()));
            assert_eq!(harness.temp_key(), temp_key);
            let found = harness
                .volatile
                .digest_buffer
                .map(|buffer| buffer[..32].to_vec());
            assert_eq!(found, buffer);
        }
        assert_eq!(started(Revision::Atecc608B).status(SHA, 0x82, 0, &[]), 0x03);
        assert_eq!(started(Revision::Atecc508A).status(SHA, 0xC2, 0, &[]), 0x03);
    }

    #[test]
    fn contexts_leave_and_return() {
        let mut harness = started(Revision::Atecc608B);
        assert_eq!(harness.status(SHA, UPDATE, 64, &message()[..64]), 0x00);
        assert_eq!(harness.status(SHA, UPDATE, 6, &message()[64..]), 0x00);
        let saved = harness.run(SHA, READ_CONTEXT, 0, &[]).unwrap();
        assert_eq!(saved.len(), 42);
        assert_eq!(harness.status(SHA, START, 0, &[]), 0x00);
        assert_eq!(harness.status(SHA, WRITE_CONTEXT, 42, &saved), 0x00);
        assert_eq!(harness.run(SHA, 0xC2, 0, &[]), Ok(bytes(DIGEST_70)));
        assert_eq!(harness.status(SHA, READ_CONTEXT, 0, &[]), 0x0F, "none");
        assert_eq!(harness.status(SHA, WRITE_CONTEXT, 41, &saved[..41]), 0x03);
        assert_eq!(harness.status(SHA, WRITE_CONTEXT, 41, &saved), 0x03);
        for mode in [READ_CONTEXT, WRITE_CONTEXT] {
            assert_eq!(started(Revision::Atecc508A).status(SHA, mode, 0, &[]), 0x03);
        }
    }

    #[test]
    fn stored_public_key() {
        for revision in Revision::ALL {
            let mut harness = started(revision);
            assert_eq!(harness.status(SHA, PUBLIC, 11, &[]), 0x0F, "unlocked");
            let mut harness = Harness::new(revision, DataOpen);
            harness.configure(11, 0x0F0F, 0x0010);
            harness.store_public_key(11, &bytes(PUBLIC_KEY));
            assert_eq!(harness.status(SHA, START, 0, &[]), 0x00);
            assert_eq!(harness.status(SHA, PUBLIC, 11, &[]), 0x00);
            let digest = sha256(&[&bytes(PUBLIC_KEY), &[1]]).to_vec();
            assert_eq!(harness.run(SHA, END, 1, &[1]), Ok(digest));
            assert_eq!(harness.status(SHA, START, 0, &[]), 0x00);
            assert_eq!(harness.status(SHA, PUBLIC, 0, &[]), 0x0F, "a private slot");
        }
    }

    /// A 508 computes in `TempKey`; a 608 does not.
    #[test]
    fn other_commands_in_between() {
        for (revision, status) in [(Revision::Atecc508A, 0x0F), (Revision::Atecc608B, 0x00)] {
            let mut harness = Harness::new(revision, Locked);
            harness.load_temp_key(Source::Input);
            assert_eq!(harness.status(SHA, START, 0, &[]), 0x00);
            let kept = revision != Revision::Atecc508A;
            assert_eq!(harness.volatile.temp_key.valid, kept);
            assert_eq!(harness.status(0x30, 0, 0, &[]), 0x00);
            assert_eq!(harness.status(SHA, END, 0, &[]), status, "{revision}");
        }
        // An error of SHA itself, too.
        let mut old = started(Revision::Atecc508A);
        assert_eq!(old.status(SHA, UPDATE, 5, &[0; 5]), 0x03);
        assert_eq!(old.status(SHA, END, 0, &[]), 0x0F);
    }

    #[test]
    fn hmac_keys_by_policy() {
        for (state, slot_config, key_config, status) in [
            (ConfigOpen, 0x0F8F, 0x003C, 0x0F),
            (DataOpen, 0x0F8F, 0x003C, 0x00),
            (Locked, 0x0F8F, 0x003C, 0x00),
            (Locked, 0x0F9F, 0x003C, 0x0F), // NoMac.
            (Locked, 0x0F8F, 0x0033, 0x0F), // Private.
            (Locked, 0x0F8F, 0x007C, 0x0F), // ReqRandom.
            (Locked, 0x0F8F, 0x00BC, 0x0F), // ReqAuth.
            (Locked, 0x0F8F, 0x103C, 0x0F), // PersistentDisable.
        ] {
            let mut harness = Harness::new(Revision::Atecc608B, state);
            harness.configure(4, slot_config, key_config);
            let found = harness.status(SHA, HMAC_START, 4, &[]);
            assert_eq!(
                found, status,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
        }
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        harness.configure(4, 0x0F8F, 0x007C);
        harness.load_temp_key(Source::Rand);
        assert_eq!(
            harness.status(SHA, HMAC_START, 4, &[]),
            0x00,
            "a random nonce"
        );
    }

    #[test]
    fn parse_errors() {
        for (p1, p2, length) in [
            (0x08, 0, 0),
            (0x20, 0, 0),
            (0x40, 0, 0),
            (0xC1, 1, 1),
            (START, 1, 0),
            (START, 0, 1),
            (HMAC_START, 4, 1),
            (READ_CONTEXT, 0, 1),
        ] {
            let mut harness = started(Revision::Atecc608B);
            let status = harness.status(SHA, p1, p2, &vec![0; length]);
            assert_eq!(status, 0x03, "{p1:02X} {p2}");
        }
    }
}
