//! `Read` (opcode 0x02). Source: ATECC508A datasheet, "Read Command" and
//! section 2.2.1.

use super::{Core, Frame, Outcome, Status, check};
use crate::memory::address::{Area, Width};
use crate::memory::{LockState, Slot};

/// Param1: width and zone.
const MASK: u8 = 0x83;

impl Core<'_> {
    pub(super) fn read(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.p1 & !MASK == 0, Status::Parse)?;
        self.takes_no_data(frame)?;
        let width = Width::of_param1(frame.p1);
        match Area::new(frame.p1, frame.p2).ok_or(Status::Parse)? {
            Area::Config(range) => Ok(self.memory.config[range].to_vec()),
            _ if self.lock_state() != LockState::Locked => Err(Status::Execution),
            // One passage of the datasheet forbids words 0 and 1; it is left
            // over from the ATSHA204 and contradicted by section 2.3.
            Area::Otp(range) => Ok(self.memory.otp[range].to_vec()),
            Area::Data(slot, range) => {
                // A short last block is extended with zeros.
                let mut block = [0; 32];
                let bytes = &self.memory.slot(slot)[range];
                block[..bytes.len()].copy_from_slice(bytes);
                self.read_slot(slot, width, block)
            }
        }
    }

    /// Return `block` the way the slot's policy allows.
    fn read_slot(&mut self, slot: Slot, width: Width, block: [u8; 32]) -> Outcome {
        let policy = self.memory.slot_config(slot);
        check(!self.memory.key_config(slot).private(), Status::Execution)?;
        match (policy.is_secret(), policy.encrypt_read()) {
            (false, false) => Ok(block[..width.bytes()].to_vec()),
            (true, true) if width == Width::Block => {
                let key = self
                    .digest_of_key(policy.read_key())
                    .ok_or(Status::Execution)?;
                check(self.volatile.temp_key.is_random(), Status::Execution)?;
                self.volatile.temp_key.valid = false;
                Ok(block
                    .iter()
                    .zip(key)
                    .map(|(plain, pad)| plain ^ pad)
                    .collect())
            }
            _ => Err(Status::Execution),
        }
    }

    /// `TempKey`, when `GenDig` made it from the key in slot `key_id`.
    pub(super) fn digest_of_key(&self, key_id: u8) -> Option<[u8; 32]> {
        let temp_key = &self.volatile.temp_key;
        temp_key
            .get()
            .filter(|_| temp_key.gen_dig_data && temp_key.key_id == key_id)
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const READ: u8 = 0x02;
    const CONFIG_32: u8 = 0x80;
    const OTP_32: u8 = 0x81;
    const DATA_4: u8 = 0x02;
    const DATA_32: u8 = 0x82;
    /// Slot 9, block 0.
    const SLOT_9: u16 = 0x0048;

    /// Slot 9 holds rising bytes under this policy.
    fn chip(state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(9, slot_config, key_config);
        harness.memory.slot_mut(Slot::of_nibble(9))[..32].copy_from_slice(&rising(0x80));
        harness
    }

    #[test]
    fn lock_states() {
        for (state, config, otp, data) in [
            (ConfigOpen, 0x00, 0x0F, 0x0F),
            (DataOpen, 0x00, 0x0F, 0x0F),
            (Locked, 0x00, 0x00, 0x00),
        ] {
            let mut harness = chip(state, 0x0000, 0x003C);
            assert_eq!(harness.status(READ, CONFIG_32, 0, &[]), config, "{state:?}");
            assert_eq!(harness.status(READ, OTP_32, 0, &[]), otp, "{state:?}");
            assert_eq!(
                harness.status(READ, DATA_32, SLOT_9, &[]),
                data,
                "{state:?}"
            );
            assert_eq!(harness.status(READ, DATA_4, SLOT_9, &[]), data, "{state:?}");
        }
    }

    #[test]
    fn policies_of_a_slot() {
        // SlotConfig: bit 7 IsSecret, bit 6 EncryptRead. KeyConfig: bit 0
        // Private.
        for (slot_config, key_config, word, block) in [
            (0x0000, 0x003C, 0x00, 0x00),
            (0x0080, 0x003C, 0x0F, 0x0F),
            (0x0040, 0x003C, 0x0F, 0x0F),
            (0x00C0, 0x003C, 0x0F, 0x0F), // TempKey is not valid.
            (0x0000, 0x0033, 0x0F, 0x0F),
        ] {
            let mut harness = chip(Locked, slot_config, key_config);
            assert_eq!(
                harness.status(READ, DATA_4, SLOT_9, &[]),
                word,
                "{slot_config:04X}"
            );
            assert_eq!(
                harness.status(READ, DATA_32, SLOT_9, &[]),
                block,
                "{slot_config:04X}"
            );
        }
    }

    #[test]
    fn bytes_of_words_and_short_blocks() {
        let mut harness = chip(Locked, 0x0000, 0x003C);
        assert_eq!(
            harness.run(READ, DATA_4, SLOT_9 | 3, &[]),
            Ok(vec![0x8C, 0x8D, 0x8E, 0x8F])
        );
        assert_eq!(
            harness.run(READ, DATA_32, SLOT_9, &[]),
            Ok(rising(0x80).to_vec())
        );
        // Block 2 has eight real bytes.
        let mut last = vec![0xFF; 8];
        last.resize(32, 0x00);
        assert_eq!(harness.run(READ, DATA_32, 0x0248, &[]), Ok(last));
    }

    #[test]
    fn encrypted_read_needs_the_digest_of_its_read_key() {
        // Slot 9 is read with key 4.
        let ready = |source, key| {
            let mut harness = chip(Locked, 0x00C4, 0x003C);
            harness.load_gen_dig(key, source);
            harness
        };
        let mut harness = ready(Source::Rand, 4);
        let cipher = harness.run(READ, DATA_32, SLOT_9, &[]).unwrap();
        let plain: Vec<u8> = cipher
            .iter()
            .zip(rising(0x40))
            .map(|(c, t)| c ^ t)
            .collect();
        assert_eq!(plain, rising(0x80));
        // TempKey is used up.
        assert_eq!(harness.status(READ, DATA_32, SLOT_9, &[]), 0x0F);
        assert_eq!(
            ready(Source::Rand, 5).status(READ, DATA_32, SLOT_9, &[]),
            0x0F
        );
        assert_eq!(
            ready(Source::Input, 4).status(READ, DATA_32, SLOT_9, &[]),
            0x0F
        );
        assert_eq!(
            ready(Source::Rand, 4).status(READ, DATA_4, SLOT_9, &[]),
            0x0F
        );
        let mut plain_nonce = chip(Locked, 0x00C0, 0x003C);
        plain_nonce.load_temp_key(Source::Rand);
        assert_eq!(plain_nonce.status(READ, DATA_32, SLOT_9, &[]), 0x0F);
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Locked, 0x0000, 0x003C);
        for (p1, p2) in [
            (0x03, 0x0000), // Zone 3.
            (0x04, 0x0000), // Reserved bit.
            (0x40, 0x0000), // Encryption is not asked for here.
            (0x00, 0x0020), // Past the configuration.
            (0x01, 0x0010), // Past OTP.
            (0x02, 0x024A), // Slot 9 has 72 bytes.
            (0x82, 0x0348),
        ] {
            assert_eq!(harness.status(READ, p1, p2, &[]), 0x03, "{p1:02X} {p2:04X}");
        }
        // Data on a command that takes none.
        assert_eq!(harness.status(READ, CONFIG_32, 0, &[0]), 0x03);
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(READ, CONFIG_32, 0, &[0]), 0x00);
    }
}
