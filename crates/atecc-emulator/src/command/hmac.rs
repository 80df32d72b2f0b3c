//! `HMAC` (opcode 0x11), 508 only. Source: ATECC508A datasheet, "HMAC
//! Command"; Param1 bits 4 and 5 as in `MAC` (unconfirmed). An old test of the
//! vendor's, green on silicon, has bit 1 set and gets its answer: the bit is
//! taken to be ignored, and hashed as it was sent (unconfirmed).

use super::{Core, Frame, Outcome, Status, check};
use crate::memory::Slot;
use crate::sha_context::ShaContext;

const MASK: u8 = 0x76;

impl Core<'_> {
    pub(super) fn hmac(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.p1 & !MASK == 0, Status::Parse)?;
        self.takes_no_data(frame)?;
        self.check_config_locked()?;
        check(!self.volatile.temp_key.no_mac, Status::Execution)?;
        let temp_key = self.temp_key_from(frame.p1)?;
        let key = self.use_mac_key(Slot::of_param2(frame.p2))?;
        let mut hmac = ShaContext::hmac(&key);
        hmac.update(&[0; 32]);
        hmac.update(&temp_key);
        hmac.update(&self.mac_tail(frame));
        Ok(hmac.finish().digest.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;
    use crate::sha_context::ShaContext;
    use crate::volatile::Source;

    const HMAC: u8 = 0x11;

    fn chip(state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc508A, state);
        harness.configure(4, slot_config, key_config);
        harness.store_key(4, &rising(0x20));
        harness.load_temp_key(Source::Input);
        harness
    }

    #[test]
    fn vector() {
        let digest = "7FEA9CAB31ED3E7D7595872DC2451AFDB34ED9C7CCB8386E0B6D8E68EE5B1122";
        for state in [DataOpen, Locked] {
            let mut harness = chip(state, 0x0F8F, 0x003C);
            assert_eq!(harness.run(HMAC, 0x04, 4, &[]), Ok(bytes(digest)));
            // TempKey is used up.
            assert_eq!(harness.status(HMAC, 0x04, 4, &[]), 0x0F);
        }
    }

    /// The serial number and OTP are in the message when Param1 says so.
    #[test]
    fn param1_is_more_than_hashed() {
        let digest = |p1, otp| {
            let mut harness = chip(Locked, 0x0F8F, 0x003C);
            harness.memory.otp = [otp; 64];
            harness.run(HMAC, p1, 4, &[]).unwrap()
        };
        assert_eq!(digest(0x04, 0), digest(0x04, 1));
        assert_ne!(digest(0x24, 0), digest(0x24, 1));
        assert_ne!(digest(0x14, 0), digest(0x14, 1));
    }

    /// Bit 1 is but hashed: with a random nonce, and with one from the host.
    #[test]
    fn bit_1_is_ignored() {
        for (source, p1) in [(Source::Rand, 0x00), (Source::Input, 0x04)] {
            let [plain, set] = [p1, p1 | 0x02].map(|p1| {
                let mut harness = chip(Locked, 0x0F8F, 0x003C);
                harness.load_temp_key(source);
                let temp_key = harness.temp_key().unwrap();
                // 32 zeros, TempKey, then opcode, Param1, Param2, 11 bytes of
                // OTP left out, and of the serial number only what is fixed.
                let mut hmac = ShaContext::hmac(&rising(0x20));
                hmac.update(&[0; 32]);
                hmac.update(&temp_key);
                hmac.update(&[HMAC, p1, 4, 0]);
                hmac.update(&[0; 11]);
                let [s0, s1, .., s8] = harness.memory.serial().0;
                hmac.update(&[s8, 0, 0, 0, 0, s0, s1, 0, 0]);
                let answer = harness.run(HMAC, p1, 4, &[]);
                assert_eq!(answer, Ok(hmac.finish().digest.to_vec()), "{p1:02X}");
                answer
            });
            assert_ne!(plain, set);
        }
    }

    #[test]
    fn access_by_lock_state_and_policy() {
        for (state, slot_config, key_config, status) in [
            (ConfigOpen, 0x0F8F, 0x003C, 0x0F),
            (Locked, 0x0F9F, 0x003C, 0x0F), // NoMac.
            (Locked, 0x0F8F, 0x0033, 0x0F), // Private.
            (Locked, 0x0F8F, 0x007C, 0x0F), // ReqRandom: TempKey is not.
            (Locked, 0x0F8F, 0x00BC, 0x0F), // ReqAuth.
            (Locked, 0x0F8F, 0x103C, 0x00), // No restriction on a 508.
        ] {
            let found = chip(state, slot_config, key_config).status(HMAC, 0x04, 4, &[]);
            assert_eq!(
                found, status,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
        }
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        assert_eq!(harness.status(HMAC, 0x00, 4, &[]), 0x0F, "SourceFlag");
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        harness.volatile.temp_key.no_mac = true;
        assert_eq!(harness.status(HMAC, 0x04, 4, &[]), 0x0F, "NoMacFlag");
    }

    #[test]
    fn parse_errors() {
        for p1 in [0x01, 0x03, 0x08, 0x80] {
            let mut harness = chip(Locked, 0x0F8F, 0x003C);
            assert_eq!(harness.status(HMAC, p1, 4, &[]), 0x03, "{p1:02X}");
        }
        let mut new = Harness::new(Revision::Atecc608A, Locked);
        new.load_temp_key(Source::Input);
        assert_eq!(new.status(HMAC, 0x04, 4, &[]), 0x03);
    }
}
