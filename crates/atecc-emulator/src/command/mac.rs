//! `MAC` (opcode 0x08). Source: ATECC508A datasheet, "MAC Command"; Param1
//! bits 4 and 5 on a 508 from cryptoauthlib `atcah_mac` (unconfirmed).

use super::{Core, Frame, Outcome, Status, check, sha256};
use crate::memory::Slot;

/// Param1 bit 0: the second block is `TempKey`, not the challenge.
const SECOND_TEMP_KEY: u8 = 0x01;
/// Param1 bit 1: the first block is `TempKey`, not the slot's key.
const FIRST_TEMP_KEY: u8 = 0x02;
/// Param1 bit 4: bytes 0 to 10 of OTP.
const OTP_88: u8 = 0x10;
/// Param1 bit 5: bytes 0 to 7 of OTP.
const OTP_64: u8 = 0x20;
/// Param1 bit 6: the whole serial number.
const WITH_SERIAL: u8 = 0x40;
const MASK: u8 = 0x77;

impl Core<'_> {
    pub(super) fn mac(&mut self, frame: &Frame<'_>) -> Outcome {
        let p1 = frame.p1;
        check(p1 & !MASK == 0, Status::Parse)?;
        let challenge = if p1 & SECOND_TEMP_KEY == 0 {
            let challenge: [u8; 32] = frame.data.try_into().or(Err(Status::Parse))?;
            Some(challenge)
        } else {
            check(frame.data.is_empty(), Status::Parse)?;
            None
        };
        self.check_config_locked()?;
        let uses_temp_key = p1 & (SECOND_TEMP_KEY | FIRST_TEMP_KEY) != 0;
        let temp_key = if uses_temp_key {
            check(!self.volatile.temp_key.no_mac, Status::Execution)?;
            self.temp_key_from(p1)?
        } else {
            [0; 32]
        };
        let first = if p1 & FIRST_TEMP_KEY == 0 {
            let slot = Slot::of_param2(frame.p2);
            if challenge.is_some() {
                self.check_nonce_in_message(slot)?;
            }
            self.use_mac_key(slot)?
        } else {
            temp_key
        };
        if uses_temp_key {
            // TempKey is used up (unconfirmed on a 608).
            self.volatile.temp_key.valid = false;
        }
        let second = challenge.unwrap_or(temp_key);
        Ok(sha256(&[&first, &second, &self.mac_tail(frame)]).to_vec())
    }

    /// The key in `slot`, when it may be used for message authentication.
    pub(super) fn use_mac_key(&mut self, slot: Slot) -> Result<[u8; 32], Status> {
        check(!self.memory.slot_config(slot).no_mac(), Status::Execution)?;
        self.use_symmetric(slot)?;
        Ok(self.memory.key(slot))
    }

    /// What follows the two blocks: command, OTP and serial number, as far as
    /// Param1 includes them.
    pub(super) fn mac_tail(&self, frame: &Frame<'_>) -> [u8; 24] {
        let mut otp = [0; 11];
        let included = match frame.p1 {
            p1 if p1 & OTP_88 != 0 => 11,
            p1 if p1 & OTP_64 != 0 => 8,
            _ => 0,
        };
        otp[..included].copy_from_slice(&self.memory.otp[..included]);
        let [s0, s1, mut middle @ .., s8] = self.memory.serial().0;
        if frame.p1 & WITH_SERIAL == 0 {
            middle = [0; 6];
        }
        let [s2, s3, s4, s5, s6, s7] = middle;
        let mut tail = [0; 24];
        tail[..4].copy_from_slice(&frame.head());
        tail[4..15].copy_from_slice(&otp);
        tail[15..].copy_from_slice(&[s8, s4, s5, s6, s7, s0, s1, s2, s3]);
        tail
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;
    use crate::volatile::Source;

    const MAC: u8 = 0x08;

    /// The vectors' key in slot 4, and their OTP zone.
    fn chip(revision: Revision, state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(revision, state);
        harness.configure(4, slot_config, key_config);
        harness.store_key(4, &rising(0x20));
        for (byte, value) in harness.memory.otp.iter_mut().zip(0xC0..=0xFF) {
            *byte = value;
        }
        harness
    }

    #[test]
    fn vectors() {
        for revision in Revision::ALL {
            for state in [DataOpen, Locked] {
                for (p1, challenge, digest) in [
                    (
                        0x00,
                        true,
                        "52EA7B4ED142B66E25A21F2CEE978B2EFDD7DA63B50EFEB4C2BD010605B065D9",
                    ),
                    (
                        0x40,
                        true,
                        "1CFE86DFB5DCED595C1D38DEB6E7A55303BC7BA92EBB87A7321FA8C7BAFD95F8",
                    ),
                    (
                        0x01,
                        false,
                        "A82867459BFDFBA327D2E968D5876614BF7ADEDDA2AC9C8BEC60E013D405E61B",
                    ),
                    (
                        0x20,
                        true,
                        "6ADAF742930B2CF75B77736BD3EC4002E865A18F1B83088338D1B46EEB31CD0A",
                    ),
                    (
                        0x10,
                        true,
                        "54CD628DB8A97D90D7E2521E5639F6529ED6668414A8B0C0D02C4CC75184DCDF",
                    ),
                ] {
                    let mut harness = chip(revision, state, 0x0F8F, 0x003C);
                    harness.load_temp_key(Source::Rand);
                    let data = if challenge {
                        rising(0x80).to_vec()
                    } else {
                        vec![]
                    };
                    assert_eq!(
                        harness.run(MAC, p1, 4, &data),
                        Ok(bytes(digest)),
                        "{p1:02X}"
                    );
                    let kept = challenge && revision != Revision::Atecc508A;
                    assert_eq!(harness.volatile.temp_key.valid, kept, "{revision} {p1:02X}");
                }
            }
        }
    }

    #[test]
    fn temp_key_must_be_what_param1_says() {
        for (p1, source, status) in [
            (0x01, Source::Rand, 0x00),
            (0x01, Source::Input, 0x0F),
            (0x05, Source::Input, 0x00),
            (0x05, Source::Rand, 0x0F),
            (0x03, Source::Rand, 0x00),
            (0x07, Source::Input, 0x00),
        ] {
            let mut harness = chip(Revision::Atecc608B, Locked, 0x0F8F, 0x003C);
            assert_eq!(harness.status(MAC, p1, 4, &[]), 0x0F, "no TempKey");
            harness.load_temp_key(source);
            assert_eq!(
                harness.status(MAC, p1, 4, &[]),
                status,
                "{p1:02X} {source:?}"
            );
            harness.load_temp_key(source);
            harness.volatile.temp_key.no_mac = true;
            assert_eq!(harness.status(MAC, p1, 4, &[]), 0x0F, "NoMacFlag");
        }
    }

    #[test]
    fn access_by_lock_state_and_policy() {
        for (state, slot_config, key_config, status) in [
            (ConfigOpen, 0x0F8F, 0x003C, 0x0F),
            (DataOpen, 0x0F8F, 0x003C, 0x00),
            (Locked, 0x0F8F, 0x003C, 0x00),
            (Locked, 0x0F8F, 0x0038, 0x00), // An AES key.
            (Locked, 0x0F9F, 0x003C, 0x0F), // NoMac.
            (DataOpen, 0x0F9F, 0x003C, 0x0F),
            (Locked, 0x0F8F, 0x0033, 0x0F), // Private.
            (Locked, 0x0F8F, 0x00BC, 0x0F), // ReqAuth.
            (DataOpen, 0x0F8F, 0x00BC, 0x00),
            (Locked, 0x0F8F, 0x007C, 0x0F), // ReqRandom: no nonce.
            (DataOpen, 0x0F8F, 0x007C, 0x00),
            (Locked, 0x0F8F, 0x103C, 0x0F), // PersistentDisable.
        ] {
            let mut harness = chip(Revision::Atecc608B, state, slot_config, key_config);
            harness.load_temp_key(Source::Rand);
            let found = harness.status(MAC, 0x00, 4, &rising(0x80));
            assert_eq!(
                found, status,
                "{state:?} {slot_config:04X} {key_config:04X}"
            );
        }
    }

    #[test]
    fn req_random_takes_a_random_temp_key() {
        for (p1, source, status) in [(0x01, Source::Rand, 0x00), (0x05, Source::Input, 0x0F)] {
            let mut harness = chip(Revision::Atecc608B, Locked, 0x0F8F, 0x007C);
            harness.load_temp_key(source);
            assert_eq!(harness.status(MAC, p1, 4, &[]), status);
        }
    }

    /// NervesKey probes the latch with the MAC of a protected slot.
    #[test]
    fn latch_opens_a_protected_key() {
        let mut harness = chip(Revision::Atecc608B, Locked, 0x0F8F, 0x1038);
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.status(MAC, 0x05, 4, &[]), 0x0F);
        harness.volatile.latch = true;
        assert_eq!(harness.status(MAC, 0x05, 4, &[]), 0x00);
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Revision::Atecc608B, Locked, 0x0F8F, 0x003C);
        for (p1, length) in [(0x08, 32), (0x80, 32), (0x00, 0), (0x00, 31), (0x01, 32)] {
            let data = vec![0; length];
            assert_eq!(harness.status(MAC, p1, 4, &data), 0x03, "{p1:02X} {length}");
        }
    }
}
