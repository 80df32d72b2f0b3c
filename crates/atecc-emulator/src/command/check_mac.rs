//! `CheckMac` (opcode 0x28). Source: ATECC508A datasheet, "CheckMac
//! Command" and sections 2.2.5 and 3.2.7. Of two statements about which mode
//! authorizes, that of the command is right: the key comes from the slot.

use super::{Core, Frame, MISMATCH, Outcome, SUCCESS, Status, check, sha256};
use crate::memory::Slot;
use crate::volatile::Source;

/// Param1 bit 0: the second block is `TempKey`, not the challenge.
const SECOND_TEMP_KEY: u8 = 0x01;
/// Param1 bit 1: the first block is `TempKey`, not the slot's key.
const FIRST_TEMP_KEY: u8 = 0x02;
/// Param1 bit 5: bytes 0 to 7 of OTP; on a 508 from cryptoauthlib
/// `atcah_check_mac` (unconfirmed).
const OTP_64: u8 = 0x20;
const MASK: u8 = 0x27;

/// The data: challenge, the client's response, `OtherData`.
struct Claim<'a> {
    challenge: &'a [u8; 32],
    response: &'a [u8; 32],
    other: &'a [u8; 13],
}

impl<'a> Claim<'a> {
    fn cut(data: &'a [u8]) -> Option<Self> {
        let (challenge, rest) = data.split_first_chunk()?;
        let (response, rest) = rest.split_first_chunk()?;
        Some(Self {
            challenge,
            response,
            other: rest.try_into().ok()?,
        })
    }
}

impl Core<'_> {
    pub(super) fn check_mac(&mut self, frame: &Frame<'_>) -> Outcome {
        let p1 = frame.p1;
        check(p1 & !MASK == 0, Status::Parse)?;
        let claim = Claim::cut(frame.data).ok_or(Status::Parse)?;
        self.check_config_locked()?;
        let slot = Slot::of_param2(frame.p2);
        let uses_temp_key = p1 & (SECOND_TEMP_KEY | FIRST_TEMP_KEY) != 0;
        let temp_key = if uses_temp_key {
            self.temp_key_from(p1)?
        } else {
            [0; 32]
        };
        let first = if p1 & FIRST_TEMP_KEY == 0 {
            if p1 & SECOND_TEMP_KEY == 0 {
                self.check_nonce_in_message(slot)?;
            }
            self.use_symmetric(slot)?;
            self.memory.key(slot)
        } else {
            temp_key
        };
        let second = if p1 & SECOND_TEMP_KEY == 0 {
            claim.challenge
        } else {
            &temp_key
        };
        if uses_temp_key || self.revision().is_508() {
            // TempKey is used up (unconfirmed on a 608).
            self.volatile.temp_key.valid = false;
        }
        if self.client_digest(p1, &first, second, claim.other) != *claim.response {
            return Ok(MISMATCH.to_vec());
        }
        if p1 & FIRST_TEMP_KEY == 0 {
            self.volatile.auth_valid = true;
            self.volatile.auth_key = slot.index();
        }
        self.copy_key(p1, slot);
        Ok(SUCCESS.to_vec())
    }

    /// What a client's `MAC` answers, rebuilt with its part of the message.
    fn client_digest(
        &self,
        p1: u8,
        first: &[u8; 32],
        second: &[u8; 32],
        other: &[u8; 13],
    ) -> [u8; 32] {
        let mut otp = [0; 8];
        if p1 & OTP_64 != 0 {
            otp.copy_from_slice(&self.memory.otp[..8]);
        }
        let [s8, s0, s1] = self.memory.serial().tail();
        sha256(&[
            first,
            second,
            &other[..4],
            &otp,
            &other[4..7],
            &[s8],
            &other[7..11],
            &[s0, s1],
            &other[11..],
        ])
    }

    /// Modes 01 and 05 copy the key of the pair's second slot to `TempKey`,
    /// when its `ReadKey` is 0. A private key is not copied (unconfirmed).
    fn copy_key(&mut self, p1: u8, slot: Slot) {
        let target = Slot::of_nibble(slot.index() | 1);
        let copied = matches!(p1, 0x01 | 0x05)
            && self.memory.slot_config(target).read_key() == 0
            && !self.memory.key_config(target).private();
        if copied {
            let key = self.memory.key(target);
            self.volatile.temp_key.load(key, Source::Input);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::command::sha256;
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;
    use crate::volatile::Source;

    const CHECK_MAC: u8 = 0x28;
    const RESPONSE: &str = "0D13743C4804E57631C9DAA09E51B63500E93FBEAF4AD7885A21D83761792CC0";

    fn chip(revision: Revision, state: LockState) -> Harness {
        let mut harness = Harness::new(revision, state);
        harness.configure(4, 0x0F8F, 0x003C);
        harness.store_key(4, &rising(0x20));
        harness
    }

    /// Challenge 80.., this response, `OtherData` 00..0C.
    fn claim(response: &[u8]) -> Vec<u8> {
        [&rising(0x80)[..], response, &rising(0x00)[..13]].concat()
    }

    /// A response over key `first` and `TempKey` 40.., the way the chip with
    /// serial number 0123456789ABCDEFEE builds it.
    fn response_with_temp_key(first: u8) -> [u8; 32] {
        sha256(&[
            &rising(first),
            &rising(0x40),
            &[0, 1, 2, 3],
            &[0; 8],
            &[4, 5, 6, 0xEE, 7, 8, 9, 10, 0x01, 0x23, 11, 12],
        ])
    }

    #[test]
    fn vector() {
        for revision in Revision::ALL {
            for state in [DataOpen, Locked] {
                let mut harness = chip(revision, state);
                let right = claim(&bytes(RESPONSE));
                assert_eq!(harness.run(CHECK_MAC, 0, 4, &claim(&[0; 32])), Ok(vec![1]));
                assert!(!harness.volatile.auth_valid);
                assert_eq!(harness.run(CHECK_MAC, 0, 4, &right), Ok(vec![0]));
                assert!(harness.volatile.auth_valid);
                assert_eq!(harness.volatile.auth_key, 4);
            }
        }
        assert_eq!(
            chip(Revision::Atecc608B, ConfigOpen).status(CHECK_MAC, 0, 4, &claim(&[0; 32])),
            0x0F
        );
    }

    /// Trap 42 of `docs/sources.md`: a failed one, or a read, does not end an
    /// authorization.
    #[test]
    fn trap_42_authorization_lasts() {
        let mut harness = chip(Revision::Atecc608B, Locked);
        harness.authorize(9);
        assert_eq!(harness.status(CHECK_MAC, 0, 4, &claim(&[0; 32])), 0x01);
        assert_eq!(harness.status(0x02, 0x80, 0, &[]), 0x00);
        assert!(harness.volatile.auth_valid);
        // But the use of a key that needs authorization does.
        harness.configure(4, 0x0F8F, 0x09BC);
        assert_eq!(harness.status(CHECK_MAC, 0, 4, &claim(&[0; 32])), 0x01);
        assert!(!harness.volatile.auth_valid);
    }

    /// Trap 41 of `docs/sources.md`: only modes 01 and 05 copy, and only when
    /// `ReadKey` of the pair's second slot is 0.
    #[test]
    fn trap_41_copies_of_a_key() {
        for (p1, slot, read_key, copied) in [
            (0x01, 4, 0, true),
            (0x05, 4, 0, true),
            (0x01, 5, 0, true),
            (0x01, 4, 5, false),
            (0x21, 4, 0, false),
            (0x00, 4, 0, false),
        ] {
            for revision in Revision::ALL {
                let mut harness = chip(revision, Locked);
                harness.configure(5, 0x0080 | read_key, 0x003C);
                harness.store_key(5, &rising(0x60));
                harness.memory.otp = [0; 64];
                let (first, source) = match (slot, p1) {
                    (5, _) => (0x60, Source::Rand),
                    (_, 0x05) => (0x20, Source::Input),
                    _ => (0x20, Source::Rand),
                };
                harness.load_temp_key(source);
                let response = if p1 == 0 {
                    bytes(RESPONSE)
                } else {
                    response_with_temp_key(first).to_vec()
                };
                assert_eq!(harness.status(CHECK_MAC, p1, slot, &claim(&response)), 0x00);
                let expected = match (copied, p1) {
                    (true, _) => Some(rising(0x60).to_vec()),
                    (false, 0) if revision != Revision::Atecc508A => Some(rising(0x40).to_vec()),
                    (false, _) => None,
                };
                assert_eq!(harness.temp_key(), expected, "{revision} {p1:02X} {slot}");
                if copied {
                    assert_eq!(harness.volatile.temp_key.flags(), 0x10, "SourceFlag Input");
                }
            }
        }
    }

    #[test]
    fn temp_key_as_the_key_authorizes_nothing() {
        let mut harness = chip(Revision::Atecc608B, Locked);
        harness.load_temp_key(Source::Rand);
        let response = sha256(&[
            &rising(0x40),
            &rising(0x80),
            &[0, 1, 2, 3],
            &[0; 8],
            &[4, 5, 6, 0xEE, 7, 8, 9, 10, 0x01, 0x23, 11, 12],
        ]);
        assert_eq!(harness.status(CHECK_MAC, 0x02, 4, &claim(&response)), 0x00);
        assert!(!harness.volatile.auth_valid && !harness.volatile.temp_key.valid);
    }

    #[test]
    fn access_by_policy() {
        for (key_config, p1, status) in [
            (0x0033, 0x00, 0x0F), // Private.
            (0x00BC, 0x00, 0x0F), // ReqAuth.
            (0x007C, 0x00, 0x0F), // ReqRandom: no nonce.
            (0x007C, 0x01, 0x01),
            (0x103C, 0x00, 0x0F), // PersistentDisable.
            (0x003C, 0x04, 0x01), // Bit 2 does not matter without TempKey.
            (0x003C, 0x05, 0x0F), // It is not Input.
        ] {
            let mut harness = chip(Revision::Atecc608B, Locked);
            harness.configure(4, 0x0F8F, key_config);
            harness.load_temp_key(Source::Rand);
            let found = harness.status(CHECK_MAC, p1, 4, &claim(&[0; 32]));
            assert_eq!(found, status, "{key_config:04X} {p1:02X}");
        }
    }

    /// A mismatch is a use of the key all the same.
    #[test]
    fn each_check_is_a_use() {
        let mut harness = chip(Revision::Atecc608B, Locked);
        harness.configure(4, 0x0FAF, 0x003C);
        assert_eq!(harness.status(CHECK_MAC, 0, 4, &claim(&[0; 32])), 0x01);
        assert_eq!(harness.memory.config[52..54], [0x7F, 0xFF]);
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Revision::Atecc508A, Locked);
        for (p1, length) in [(0x08, 77), (0x40, 77), (0x80, 77), (0x00, 76), (0x00, 78)] {
            let data = vec![0; length];
            assert_eq!(
                harness.status(CHECK_MAC, p1, 4, &data),
                0x03,
                "{p1:02X} {length}"
            );
        }
    }
}
