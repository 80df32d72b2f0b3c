//! `Write` (opcode 0x12). Source: ATECC508A datasheet, "Write Command" and
//! section 2.2.3; what holds before the data lock from cryptoauthlib's tests.

use std::ops::Range;

use super::{Core, Frame, Outcome, SUCCESS, Status, check, sha256};
use crate::memory::address::{Area, Width};
use crate::memory::config::Validity;
use crate::memory::{LockState, Slot};

/// Param1: width, encryption, zone.
const MASK: u8 = 0xC3;
/// Param1 bit 6: the data is encrypted and a MAC follows.
const ENCRYPTED: u8 = 0x40;
/// Configuration bytes that no `Write` reaches: serial number and revision.
const IDENTITY: Range<usize> = 0..16;
/// The same: `UserExtra`, byte 85 and the lock bytes.
const EXTRA_AND_LOCKS: Range<usize> = 84..88;

/// How the bytes travel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Transport {
    Clear,
    /// Combined by XOR with `TempKey`; the MAC proves knowledge of it.
    Encrypted(KeyRule),
}

/// What must be in `TempKey`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum KeyRule {
    /// Any valid value: the data zone is not locked yet.
    Any,
    /// What `GenDig` made of the key in this slot.
    DigestOf(u8),
}

impl Core<'_> {
    pub(super) fn write(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.p1 & !MASK == 0, Status::Parse)?;
        let width = Width::of_param1(frame.p1);
        match (width, frame.data.len()) {
            (Width::Word, 4) | (Width::Block, 32 | 64) => {}
            _ => return Err(Status::Parse),
        }
        match Area::new(frame.p1, frame.p2).ok_or(Status::Parse)? {
            Area::Config(range) => self.write_config(frame, range),
            Area::Otp(range) => self.write_otp(frame, width, range),
            Area::Data(slot, range) => self.write_slot(frame, width, slot, range),
        }?;
        Ok(SUCCESS.to_vec())
    }

    fn write_config(&mut self, frame: &Frame<'_>, range: Range<usize>) -> Result<(), Status> {
        let open = self.lock_state() == LockState::ConfigOpen && frame.p1 & ENCRYPTED == 0;
        check(open, Status::Execution)?;
        // The code of this refusal could be 0x03 as well (unconfirmed).
        let touches = |fixed: &Range<usize>| range.start < fixed.end && fixed.start < range.end;
        check(
            !touches(&IDENTITY) && !touches(&EXTRA_AND_LOCKS),
            Status::Execution,
        )?;
        let plain = self.plain(frame, Transport::Clear)?;
        self.memory.config[range].copy_from_slice(&plain);
        Ok(())
    }

    fn write_otp(
        &mut self,
        frame: &Frame<'_>,
        width: Width,
        range: Range<usize>,
    ) -> Result<(), Status> {
        let encrypted = frame.p1 & ENCRYPTED != 0;
        match self.lock_state() {
            LockState::ConfigOpen => Err(Status::Execution),
            LockState::DataOpen => {
                check(width == Width::Block, Status::Execution)?;
                let plain = self.plain(frame, by_param1(frame.p1))?;
                self.memory.otp[range].copy_from_slice(&plain);
                Ok(())
            }
            LockState::Locked => {
                check(
                    self.memory.otp_is_consumable() && !encrypted,
                    Status::Execution,
                )?;
                let plain = self.plain(frame, Transport::Clear)?;
                for (bit, mask) in self.memory.otp[range].iter_mut().zip(plain) {
                    *bit &= mask;
                }
                Ok(())
            }
        }
    }

    fn write_slot(
        &mut self,
        frame: &Frame<'_>,
        width: Width,
        slot: Slot,
        range: Range<usize>,
    ) -> Result<(), Status> {
        check(
            self.lock_state() != LockState::ConfigOpen,
            Status::Execution,
        )?;
        check(!self.memory.key_config(slot).private(), Status::Execution)?;
        check(!self.memory.is_slot_locked(slot), Status::Execution)?;
        let transport = if self.lock_state() == LockState::DataOpen {
            check(width == Width::Block, Status::Execution)?;
            by_param1(frame.p1)
        } else {
            self.policy(slot, width)?
        };
        let plain = self.plain(frame, transport)?;
        // A short last block keeps only what fits.
        let area = &mut self.memory.slot_mut(slot)[range];
        area.copy_from_slice(&plain[..area.len()]);
        if self.memory.tracks_validity(slot) {
            // Whatever was written, the public key is no longer validated.
            self.memory.mark(slot, Validity::Invalid);
        }
        Ok(())
    }

    /// What `WriteConfig` demands once the data zone is locked.
    fn policy(&self, slot: Slot, width: Width) -> Result<Transport, Status> {
        let policy = self.memory.slot_config(slot);
        let plain_word = policy.write_config() == 0 && !policy.is_secret();
        check(width == Width::Block || plain_word, Status::Execution)?;
        match policy.write_config() {
            // X1XX: encrypted.
            0x4..=0x7 | 0xC..=0xF => {
                Ok(Transport::Encrypted(KeyRule::DigestOf(policy.write_key())))
            }
            // 0000: always.
            0x0 => Ok(Transport::Clear),
            // 0001: unless the stored public key is validated.
            0x1 if self.memory.slot(slot)[0] >> 4 != 0x5 => Ok(Transport::Clear),
            _ => Err(Status::Execution),
        }
    }

    /// The bytes to be stored: decrypted, and their MAC checked.
    fn plain(&mut self, frame: &Frame<'_>, transport: Transport) -> Result<Vec<u8>, Status> {
        let Transport::Encrypted(rule) = transport else {
            // A MAC with clear data: 0x03 (unconfirmed).
            check(frame.data.len() <= 32, Status::Parse)?;
            return Ok(frame.data.to_vec());
        };
        // Encrypted data without a MAC: 0x03 (unconfirmed).
        let (cipher, mac) = frame.data.split_first_chunk::<32>().ok_or(Status::Parse)?;
        check(mac.len() == 32, Status::Parse)?;
        let key = match rule {
            KeyRule::Any => self.volatile.temp_key.get(),
            KeyRule::DigestOf(key_id) => self.digest_of_key(key_id),
        };
        let key = key.ok_or(Status::Execution)?;
        let plain: Vec<u8> = cipher
            .iter()
            .zip(key)
            .map(|(byte, pad)| byte ^ pad)
            .collect();
        let tail = self.memory.serial().tail();
        let expected = sha256(&[&key, &frame.head(), &tail, &[0; 25], &plain]);
        check(mac == expected, Status::Execution)?;
        self.volatile.temp_key.valid = false;
        Ok(plain)
    }
}

/// Before the data lock Param1 bit 6 alone decides.
const fn by_param1(p1: u8) -> Transport {
    if p1 & ENCRYPTED == 0 {
        Transport::Clear
    } else {
        Transport::Encrypted(KeyRule::Any)
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const WRITE: u8 = 0x12;
    const CONFIG_4: u8 = 0x00;
    const CONFIG_32: u8 = 0x80;
    const OTP_4: u8 = 0x01;
    const OTP_32: u8 = 0x81;
    const DATA_4: u8 = 0x02;
    const DATA_32: u8 = 0x82;
    const DATA_32_ENCRYPTED: u8 = 0xC2;
    /// Slot 8, block 0, the address of the computed MACs.
    const SLOT_8: u16 = 0x0040;
    const PLAIN: [u8; 4] = [1, 2, 3, 4];
    /// `MAC` over plain 00..1F at slot 8, Param1 82 and C2.
    const MAC_82: &str = "499B69F52F46A92873944064831C8E98560A6BEBD53D22161AF740557D2B589C";
    const MAC_C2: &str = "64AD1FA87C345187F175302E8C44CBA362D889DE889D8FC116CF6DF2F3CD0D59";

    /// Slot 8 with this policy.
    fn chip(state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(8, slot_config, key_config);
        harness
    }

    /// Plain 00..1F XOR `TempKey` 40..5F, then the MAC.
    fn encrypted(mac: &str) -> Vec<u8> {
        [vec![0x40; 32], bytes(mac)].concat()
    }

    fn slot_8(harness: &Harness) -> &[u8] {
        &harness.memory.slot(Slot::of_nibble(8))[..32]
    }

    #[test]
    fn configuration_until_its_lock() {
        for (state, status) in [(ConfigOpen, 0x00), (DataOpen, 0x0F), (Locked, 0x0F)] {
            let mut harness = Harness::new(Revision::Atecc608B, state);
            assert_eq!(
                harness.status(WRITE, CONFIG_4, 4, &PLAIN),
                status,
                "{state:?}"
            );
            assert_eq!(
                harness.status(WRITE, CONFIG_32, 8, &[9; 32]),
                status,
                "{state:?}"
            );
            assert_eq!(harness.memory.config[16..20] == PLAIN, status == 0x00);
            assert_eq!(harness.memory.config[32..64] == [9; 32], status == 0x00);
        }
    }

    /// Trap 38 of `docs/sources.md`: any pattern in any writable byte, and none
    /// in the others.
    #[test]
    fn trap_38_every_word_of_the_configuration() {
        let mut harness = Harness::new(Revision::Atecc608B, ConfigOpen);
        for word in 0..32 {
            let fixed = word < 4 || word == 21;
            let expected = if fixed { 0x0F } else { 0x00 };
            assert_eq!(
                harness.status(WRITE, CONFIG_4, word, &[0xA5; 4]),
                expected,
                "{word}"
            );
            let at = 4 * usize::from(word);
            assert_eq!(
                harness.memory.config[at..at + 4] == [0xA5; 4],
                !fixed,
                "{word}"
            );
        }
        for (block, expected) in [(0, 0x0F), (1, 0x00), (2, 0x0F), (3, 0x00)] {
            assert_eq!(
                harness.status(WRITE, CONFIG_32, block << 3, &[0x5A; 32]),
                expected
            );
        }
        // Encrypted writes are not for this zone.
        assert_eq!(harness.status(WRITE, 0xC0, 8, &[0; 64]), 0x0F);
    }

    #[test]
    fn otp_by_lock_state() {
        for (state, word, block) in [
            (ConfigOpen, 0x0F, 0x0F),
            (DataOpen, 0x0F, 0x00),
            (Locked, 0x0F, 0x0F),
        ] {
            let mut harness = Harness::new(Revision::Atecc608B, state);
            assert_eq!(harness.status(WRITE, OTP_4, 0, &PLAIN), word, "{state:?}");
            assert_eq!(
                harness.status(WRITE, OTP_32, 8, &[7; 32]),
                block,
                "{state:?}"
            );
            assert_eq!(harness.memory.otp[32..] == [7; 32], block == 0x00);
        }
    }

    /// Trap 23 of `docs/sources.md`: a 608 has no OTP consumption, whatever
    /// byte 18 says.
    #[test]
    fn trap_23_otp_of_a_608_is_final() {
        for revision in [Revision::Atecc608A, Revision::Atecc608B] {
            let mut harness = Harness::new(revision, Locked);
            harness.memory.config[18] = 0x55;
            assert_eq!(harness.status(WRITE, OTP_4, 0, &PLAIN), 0x0F);
            assert_eq!(harness.status(WRITE, OTP_32, 0, &[0; 32]), 0x0F);
        }
    }

    /// Trap 24 of `docs/sources.md`: a 508 in consumption mode clears bits, in
    /// 4 and 32 bytes.
    #[test]
    fn trap_24_otp_consumption_of_a_508() {
        let mut harness = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(
            harness.status(WRITE, OTP_4, 0, &[0xFF, 0xFF, 0x0F, 0xFF]),
            0x00
        );
        assert_eq!(
            harness.status(WRITE, OTP_4, 0, &[0xF0, 0xFF, 0xF3, 0xFF]),
            0x00
        );
        assert_eq!(harness.memory.otp[..4], [0xF0, 0xFF, 0x03, 0xFF]);
        assert_eq!(harness.status(WRITE, OTP_32, 8, &[0x3C; 32]), 0x00);
        assert_eq!(harness.memory.otp[32..], [0x3C; 32]);
        assert_eq!(harness.status(WRITE, 0xC1, 8, &[0; 64]), 0x0F);
        harness.memory.config[18] = 0xAA;
        assert_eq!(harness.status(WRITE, OTP_4, 0, &[0; 4]), 0x0F);
    }

    /// Traps 21 and 22 of `docs/sources.md`: before the data lock whole blocks
    /// only, whatever the policy says; never to a private slot or a locked one.
    #[test]
    fn traps_21_22_data_before_its_lock() {
        assert_eq!(
            chip(ConfigOpen, 0x0000, 0x003C).status(WRITE, DATA_32, SLOT_8, &[1; 32]),
            0x0F
        );
        for policy in [0x0000, 0x1000, 0x2000, 0x4000, 0x80C3, 0xF0FF] {
            let mut harness = chip(DataOpen, policy, 0x003C);
            assert_eq!(
                harness.status(WRITE, DATA_4, SLOT_8, &PLAIN),
                0x0F,
                "{policy:04X}"
            );
            assert_eq!(
                harness.status(WRITE, DATA_32, SLOT_8, &[1; 32]),
                0x00,
                "{policy:04X}"
            );
            assert_eq!(slot_8(&harness), [1; 32]);
        }
        let mut private = chip(DataOpen, 0x0000, 0x0033);
        assert_eq!(private.status(WRITE, DATA_32, SLOT_8, &[1; 32]), 0x0F);
        let mut locked = chip(DataOpen, 0x0000, 0x003C);
        locked.memory.lock_slot(Slot::of_nibble(8));
        assert_eq!(locked.status(WRITE, DATA_32, SLOT_8, &[1; 32]), 0x0F);
        assert_eq!(slot_8(&locked), [0xFF; 32]);
    }

    #[test]
    fn a_short_block_keeps_what_fits() {
        let mut harness = Harness::new(Revision::Atecc608B, DataOpen);
        let block: Vec<u8> = rising(0x10).to_vec();
        assert_eq!(harness.status(WRITE, DATA_32, 0x0248, &block), 0x00);
        let slot_9 = harness.memory.slot(Slot::of_nibble(9));
        assert_eq!(slot_9[64..], block[..8]);
        assert_eq!(harness.memory.slot(Slot::of_nibble(10)), [0xFF; 72]);
    }

    #[test]
    fn write_config_after_the_data_lock() {
        // The upper nibble of SlotConfig, then IsSecret.
        for (policy, word, block) in [
            (0x0000, 0x00, 0x00), // Always.
            (0x0080, 0x0F, 0x00), // Always, but secret: no words.
            (0x1000, 0x0F, 0x00), // PubInvalid; the slot is not validated.
            (0x2000, 0x0F, 0x0F), // Never, and so on.
            (0x3000, 0x0F, 0x0F),
            (0x4000, 0x0F, 0x03), // Encrypted: the MAC is missing.
            (0x5000, 0x0F, 0x03),
            (0x6000, 0x0F, 0x03),
            (0x7000, 0x0F, 0x03),
            (0x8000, 0x0F, 0x0F),
            (0x9000, 0x0F, 0x0F),
            (0xA000, 0x0F, 0x0F),
            (0xB000, 0x0F, 0x0F),
            (0xC000, 0x0F, 0x03),
            (0xD000, 0x0F, 0x03),
            (0xE000, 0x0F, 0x03),
            (0xF000, 0x0F, 0x03),
        ] {
            let mut harness = chip(Locked, policy, 0x003C);
            assert_eq!(
                harness.status(WRITE, DATA_4, SLOT_8, &PLAIN),
                word,
                "{policy:04X}"
            );
            assert_eq!(
                harness.status(WRITE, DATA_32, SLOT_8, &[1; 32]),
                block,
                "{policy:04X}"
            );
            assert_eq!(slot_8(&harness) == [1; 32], block == 0x00, "{policy:04X}");
            // Clear data with a MAC is refused as well.
            let mut harness = chip(Locked, policy, 0x003C);
            assert_ne!(
                harness.status(WRITE, DATA_32, SLOT_8, &[1; 64]),
                0x00,
                "{policy:04X}"
            );
        }
        let mut locked = chip(Locked, 0x0000, 0x003C);
        locked.memory.lock_slot(Slot::of_nibble(8));
        assert_eq!(locked.status(WRITE, DATA_32, SLOT_8, &[1; 32]), 0x0F);
        let mut private = chip(Locked, 0x0000, 0x0033);
        assert_eq!(private.status(WRITE, DATA_32, SLOT_8, &[1; 32]), 0x0F);
    }

    #[test]
    fn a_validated_public_key_is_kept_by_pub_invalid() {
        let mut harness = chip(Locked, 0x1000, 0x0012);
        harness.memory.slot_mut(Slot::of_nibble(8))[0] = 0x5F;
        assert_eq!(harness.status(WRITE, DATA_32, SLOT_8, &[1; 32]), 0x0F);
        assert_eq!(harness.memory.slot(Slot::of_nibble(8))[0], 0x5F);
    }

    /// Trap 12 of `docs/sources.md`: every write to a public key with tracked
    /// validity makes it invalid, whichever block it was and whatever nibble
    /// was sent.
    #[test]
    fn trap_12_writes_invalidate_a_public_key() {
        for state in [DataOpen, Locked] {
            let mut harness = chip(state, 0x0000, 0x0012);
            assert_eq!(harness.status(WRITE, DATA_32, SLOT_8, &[0x57; 32]), 0x00);
            assert_eq!(harness.memory.slot(Slot::of_nibble(8))[0], 0xA7);
            harness.memory.slot_mut(Slot::of_nibble(8))[0] = 0x57;
            assert_eq!(harness.status(WRITE, DATA_32, 0x0140, &[0x11; 32]), 0x00);
            assert_eq!(harness.memory.slot(Slot::of_nibble(8))[0], 0xA7);
            // Without PubInfo the bytes are kept as sent.
            let mut plain = chip(state, 0x0000, 0x0010);
            assert_eq!(plain.status(WRITE, DATA_32, SLOT_8, &[0x57; 32]), 0x00);
            assert_eq!(plain.memory.slot(Slot::of_nibble(8))[0], 0x57);
        }
    }

    /// Trap 26 of `docs/sources.md`: Param1 bit 6 decides before the data lock,
    /// `WriteConfig` after it; either Param1 is in the MAC.
    #[test]
    fn trap_26_who_asks_for_encryption() {
        let mut open = chip(DataOpen, 0x0000, 0x003C);
        open.load_temp_key(Source::Input);
        let data = encrypted(MAC_C2);
        assert_eq!(open.status(WRITE, DATA_32_ENCRYPTED, SLOT_8, &data), 0x00);
        assert_eq!(slot_8(&open), rising(0x00));
        // TempKey is used up.
        assert_eq!(open.status(WRITE, DATA_32_ENCRYPTED, SLOT_8, &data), 0x0F);

        for (p1, mac) in [(DATA_32, MAC_82), (DATA_32_ENCRYPTED, MAC_C2)] {
            let mut locked = chip(Locked, 0x4400, 0x003C);
            locked.load_gen_dig(4, Source::Rand);
            assert_eq!(locked.status(WRITE, p1, SLOT_8, &encrypted(mac)), 0x00);
            assert_eq!(slot_8(&locked), rising(0x00));
        }
    }

    #[test]
    fn encrypted_writes_that_prove_nothing() {
        let try_one = |key, p1, mac| {
            let mut harness = chip(Locked, 0x4400, 0x003C);
            harness.load_gen_dig(key, Source::Rand);
            let status = harness.status(WRITE, p1, SLOT_8, &encrypted(mac));
            assert_eq!(slot_8(&harness), [0xFF; 32]);
            status
        };
        assert_eq!(try_one(4, DATA_32, MAC_C2), 0x0F); // MAC of another Param1.
        assert_eq!(try_one(5, DATA_32, MAC_82), 0x0F); // Another key.
        let mut harness = chip(Locked, 0x4400, 0x003C);
        harness.load_temp_key(Source::Rand); // No GenDig.
        assert_eq!(
            harness.status(WRITE, DATA_32, SLOT_8, &encrypted(MAC_82)),
            0x0F
        );
        // Before the data lock: announced, but without a MAC.
        let mut open = chip(DataOpen, 0x0000, 0x003C);
        open.load_temp_key(Source::Rand);
        assert_eq!(
            open.status(WRITE, DATA_32_ENCRYPTED, SLOT_8, &[0; 32]),
            0x03
        );
    }

    #[test]
    fn parse_errors() {
        let mut harness = Harness::new(Revision::Atecc608B, DataOpen);
        for (p1, p2, length) in [
            (0x03, 0x0000, 4), // Zone 3.
            (0x04, 0x0000, 4), // Reserved bit.
            (0x02, 0x0000, 0), // Lengths.
            (0x02, 0x0000, 32),
            (0x02, 0x0000, 36),
            (0x82, 0x0000, 4),
            (0x82, 0x0000, 33),
            (0x82, 0x0000, 96),
            (0x00, 0x0020, 4),  // Past the configuration.
            (0x82, 0x0200, 32), // Past slot 0.
        ] {
            let data = vec![0; length];
            assert_eq!(
                harness.status(WRITE, p1, p2, &data),
                0x03,
                "{p1:02X} {p2:04X} {length}"
            );
        }
    }
}
