//! `Nonce` (opcode 0x16). Source: ATECC508A datasheet, "Nonce Command"; the
//! 608 forms from cryptoauthlib `calib_nonce.c`.

use super::random::Seed;
use super::{Core, Frame, Outcome, SUCCESS, Status, check, sha256};
use crate::volatile::Source;

/// Param2 of the calculation mode: `TempKey` takes the random number's place.
const CALCULATE: u16 = 0x8000;

impl Core<'_> {
    pub(super) fn nonce(&mut self, frame: &Frame<'_>) -> Outcome {
        let p1 = frame.p1;
        match (p1, frame.p2) {
            (0x00 | 0x01, 0 | CALCULATE) => self.random_nonce(frame),
            (0x03, 0) => self.pass_through(frame),
            (0x23 | 0x43 | 0x63 | 0x83, 0) if !self.revision().is_508() => self.pass_through(frame),
            _ => Err(Status::Parse),
        }
    }

    /// The host's 20 bytes and a random number, or the old `TempKey`, hashed.
    fn random_nonce(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.data.len() == 20, Status::Parse)?;
        let [low, _] = frame.p2.to_le_bytes();
        let tail = [frame.opcode, frame.p1, low];
        if frame.p2 == CALCULATE {
            let old = self.volatile.temp_key.get().ok_or(Status::Execution)?;
            let digest = sha256(&[&old, frame.data, &tail]);
            self.volatile.temp_key.replace(digest);
            Ok(digest.to_vec())
        } else {
            let random = self.random_block(Seed::of_param1(frame.p1))?;
            let digest = sha256(&[&random, frame.data, &tail]);
            self.volatile.temp_key.load(digest, Source::Rand);
            Ok(random.to_vec())
        }
    }

    /// 32 or 64 bytes into a buffer as they are.
    ///
    /// The 32-byte forms leave the other half of the buffer unspecified.
    fn pass_through(&mut self, frame: &Frame<'_>) -> Outcome {
        let (first, second) = frame.data.split_first_chunk::<32>().ok_or(Status::Parse)?;
        let short = second.is_empty();
        let second: Option<[u8; 32]> = second.try_into().ok();
        match (frame.p1, second) {
            (0x03, None) if short => self.volatile.temp_key.load(*first, Source::Input),
            (0x23, Some(second)) => self
                .volatile
                .temp_key
                .load_64(*first, second, Source::Input),
            (0x43, None) if short => self.volatile.load_digest_buffer(first, &[0; 32]),
            (0x63, Some(second)) => self.volatile.load_digest_buffer(first, &second),
            (0x83, None) if short => self.volatile.alternate_key = Some(*first),
            _ => return Err(Status::Parse),
        }
        Ok(SUCCESS.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{ConfigOpen, DataOpen};
    use crate::revision::Revision;
    use crate::volatile::Source;

    const NONCE: u8 = 0x16;

    fn temp_key(harness: &Harness) -> Option<Vec<u8>> {
        harness.volatile.temp_key.get().map(Vec::from)
    }

    /// The host's input 00..13.
    fn num_in() -> Vec<u8> {
        rising(0x00)[..20].to_vec()
    }

    /// Vectors for the fixed random number of an unlocked chip.
    #[test]
    fn random_form() {
        for (p1, expected) in [
            (
                0x00,
                "36B6375496E0435B53CDD6514A65154EF7C28E9629F96698E90D1ABC4DB1A97D",
            ),
            (
                0x01,
                "88630AEA71B1028C01A64D0B2E945F4255BA1CD565B82B45A01A60C02D4013E2",
            ),
        ] {
            let mut harness = Harness::new(Revision::Atecc608B, ConfigOpen);
            let random = bytes("FFFF0000").repeat(8);
            assert_eq!(harness.run(NONCE, p1, 0, &num_in()), Ok(random));
            assert_eq!(temp_key(&harness), Some(bytes(expected)));
            assert!(harness.volatile.temp_key.is_random());
        }
    }

    #[test]
    fn calculation_form() {
        let expected = "316E1959EE3754733F0C3F71C8FA856EF0687F682FC140C7ECA9C627F33FE427";
        let mut harness = Harness::new(Revision::Atecc508A, DataOpen);
        assert_eq!(harness.status(NONCE, 0x00, 0x8000, &num_in()), 0x0F);
        harness.load_gen_dig(3, Source::Input);
        let flags = harness.volatile.temp_key.flags();
        assert_eq!(
            harness.run(NONCE, 0x00, 0x8000, &num_in()),
            Ok(bytes(expected))
        );
        assert_eq!(temp_key(&harness), Some(bytes(expected)));
        assert_eq!(harness.volatile.temp_key.flags(), flags);
    }

    #[test]
    fn a_locked_chip_never_repeats_itself() {
        let mut harness = Harness::new(Revision::Atecc608B, DataOpen);
        let first = harness.run(NONCE, 0x00, 0, &num_in()).unwrap();
        let second = harness.run(NONCE, 0x00, 0, &num_in()).unwrap();
        assert_ne!(first, second);
        assert_ne!(first, bytes("FFFF0000").repeat(8));
    }

    #[test]
    fn pass_through_to_each_buffer() {
        let long = [rising(0x10), rising(0x60)].concat();
        let mut harness = Harness::new(Revision::Atecc608B, ConfigOpen);
        assert_eq!(harness.status(NONCE, 0x03, 0, &rising(0x10)), 0x00);
        assert_eq!(temp_key(&harness), Some(rising(0x10).to_vec()));
        assert_eq!(harness.volatile.temp_key.flags(), 0x10, "SourceFlag Input");
        assert_eq!(harness.status(NONCE, 0x23, 0, &long), 0x00);
        assert_eq!(harness.status(NONCE, 0x43, 0, &rising(0x20)), 0x00);
        assert_eq!(
            harness.volatile.digest_buffer.map(|b| b[..32].to_vec()),
            Some(rising(0x20).to_vec())
        );
        assert_eq!(harness.status(NONCE, 0x63, 0, &long), 0x00);
        assert_eq!(harness.volatile.digest_buffer.map(Vec::from), Some(long));
        assert_eq!(harness.status(NONCE, 0x83, 0, &rising(0x30)), 0x00);
        assert_eq!(harness.volatile.alternate_key, Some(rising(0x30)));
        // The other buffers leave TempKey alone.
        assert_eq!(temp_key(&harness), Some(rising(0x10).to_vec()));
    }

    /// 32 bytes, or 64 by bit 5 of the mode. Source: ATECC608 summary,
    /// `calib_nonce.c`.
    #[test]
    fn pass_through_of_another_length() {
        let long = [rising(0x10), rising(0x60)].concat();
        let mut harness = Harness::new(Revision::Atecc608B, ConfigOpen);
        for mode in [0x03, 0x23, 0x43, 0x63, 0x83] {
            for length in [0, 31, 33, 40, 63] {
                let status = harness.status(NONCE, mode, 0, &long[..length]);
                assert_eq!(status, 0x03, "{mode:02X} {length}");
            }
        }
    }

    #[test]
    fn errors_invalidate_temp_key() {
        for revision in Revision::ALL {
            for (p1, p2, length) in [
                (0x02, 0, 20),
                (0x00, 0, 32),
                (0x00, 1, 20),
                (0x03, 0, 20),
                (0x03, 0, 64),
                (0x03, 0x8000, 32),
                (0x23, 0, 32),
                (0x43, 0, 64),
                (0x63, 0, 32),
                (0x83, 0, 64),
                (0xA3, 0, 64),
                (0xC3, 0, 32),
                (0x04, 0, 20),
            ] {
                let mut harness = Harness::new(revision, DataOpen);
                harness.load_temp_key(Source::Rand);
                let status = harness.status(NONCE, p1, p2, &vec![0; length]);
                assert_eq!(status, 0x03, "{revision} {p1:02X} {p2:04X} {length}");
                assert_eq!(temp_key(&harness), None);
            }
        }
        for p1 in [0x23, 0x43, 0x63, 0x83] {
            let data = vec![0; if p1 & 0x20 == 0 { 32 } else { 64 }];
            let mut old = Harness::new(Revision::Atecc508A, DataOpen);
            assert_eq!(old.status(NONCE, p1, 0, &data), 0x03, "{p1:02X}");
        }
    }
}
