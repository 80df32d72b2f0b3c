//! `Lock` (opcode 0x17). Source: ATECC508A datasheet, "Lock Command" and
//! section 2.4. Nothing unlocks.

use super::{Core, Frame, Outcome, SUCCESS, Status, check};
use crate::crc::crc;
use crate::memory::config::{LOCK_CONFIG, LOCK_VALUE};
use crate::memory::{Image, LockState, Slot};

/// Param1 bit 7: lock without comparing the CRC.
const NO_CRC: u8 = 0x80;

impl Core<'_> {
    pub(super) fn lock(&mut self, frame: &Frame<'_>) -> Outcome {
        self.takes_no_data(frame)?;
        let p1 = frame.p1;
        check(p1 & 0x40 == 0, Status::Parse)?;
        match (p1 & 0x03, p1 >> 2 & 0x0F) {
            (0, 0) => self.lock_config(frame),
            (1, 0) => self.lock_data(frame),
            (2, slot) => self.lock_slot(Slot::of_nibble(slot)),
            _ => Err(Status::Parse),
        }?;
        Ok(SUCCESS.to_vec())
    }

    fn lock_config(&mut self, frame: &Frame<'_>) -> Result<(), Status> {
        check(
            self.lock_state() == LockState::ConfigOpen,
            Status::Execution,
        )?;
        compare(frame, &self.memory.config)?;
        self.memory.config[LOCK_CONFIG] = 0x00;
        Ok(())
    }

    fn lock_data(&mut self, frame: &Frame<'_>) -> Result<(), Status> {
        check(self.lock_state() == LockState::DataOpen, Status::Execution)?;
        compare(frame, &lockable_content(self.memory))?;
        self.memory.config[LOCK_VALUE] = 0x00;
        Ok(())
    }

    fn lock_slot(&mut self, slot: Slot) -> Result<(), Status> {
        let allowed = self.lock_state() != LockState::ConfigOpen
            && self.memory.key_config(slot).lockable()
            && !self.memory.is_slot_locked(slot);
        check(allowed, Status::Execution)?;
        self.memory.lock_slot(slot);
        Ok(())
    }
}

/// Compare Param2 with the CRC of `content`, unless Param1 says not to; then
/// Param2 is ignored (unconfirmed).
///
/// That a mismatch answers 0x0F is unconfirmed: the datasheet says "an error".
fn compare(frame: &Frame<'_>, content: &[u8]) -> Result<(), Status> {
    let equal = frame.p2.to_le_bytes() == crc(content);
    check(frame.p1 & NO_CRC != 0 || equal, Status::Execution)
}

/// All slots without a private key, whole and in order, then OTP.
fn lockable_content(memory: &Image) -> Vec<u8> {
    Slot::all()
        .filter(|slot| !memory.key_config(*slot).private())
        .flat_map(|slot| memory.slot(slot))
        .chain(memory.otp())
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Image, crc, lockable_content};
    use crate::command::harness::Harness;
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;

    const LOCK: u8 = 0x17;

    fn chip(state: LockState) -> Harness {
        Harness::new(Revision::Atecc608B, state)
    }

    /// Trap 39 of `docs/sources.md`: no private slots, real sizes, then OTP. A
    /// blank chip has private keys in slots 0 to 2; length and CRC of the rest
    /// are computed.
    #[test]
    fn trap_39_content_of_a_blank_chip() {
        let content = lockable_content(&Image::blank(Revision::Atecc608B));
        assert_eq!(content.len(), 1164);
        assert_eq!(crc(&content), [0x35, 0x53]);
    }

    #[test]
    fn zones_by_lock_state() {
        for (state, config, data) in [
            (ConfigOpen, 0x00, 0x0F),
            (DataOpen, 0x0F, 0x00),
            (Locked, 0x0F, 0x0F),
        ] {
            assert_eq!(chip(state).status(LOCK, 0x80, 0, &[]), config, "{state:?}");
            assert_eq!(chip(state).status(LOCK, 0x81, 0, &[]), data, "{state:?}");
        }
    }

    #[test]
    fn only_the_lock_byte_changes() {
        let mut harness = chip(ConfigOpen);
        let mut expected = *harness.memory.config();
        assert_eq!(harness.status(LOCK, 0x80, 0, &[]), 0x00);
        expected[87] = 0x00;
        assert_eq!(*harness.memory.config(), expected);
        assert_eq!(harness.status(LOCK, 0x81, 0, &[]), 0x00);
        expected[86] = 0x00;
        assert_eq!(*harness.memory.config(), expected);
    }

    /// The CRCs of the recorded 508A image and of what else a blank chip has,
    /// computed.
    #[test]
    fn crc_must_match() {
        let mut harness = chip(ConfigOpen);
        harness.memory = Image::blank(Revision::Atecc508A);
        let config = u16::from_le_bytes([0xCB, 0x23]);
        assert_eq!(harness.status(LOCK, 0x00, config ^ 1, &[]), 0x0F);
        assert_eq!(harness.status(LOCK, 0x00, config.swap_bytes(), &[]), 0x0F);
        assert_eq!(harness.status(LOCK, 0x00, config, &[]), 0x00);
        let data = u16::from_le_bytes([0x35, 0x53]);
        assert_eq!(harness.status(LOCK, 0x01, data ^ 0x8000, &[]), 0x0F);
        assert_eq!(harness.status(LOCK, 0x01, data, &[]), 0x00);
    }

    #[test]
    fn slots_by_lock_state() {
        // Slot 2 of a blank chip is Lockable, slot 3 is not.
        for (state, lockable) in [(ConfigOpen, 0x0F), (DataOpen, 0x00), (Locked, 0x00)] {
            let mut harness = chip(state);
            assert_eq!(
                harness.status(LOCK, 0x02 | 2 << 2, 0, &[]),
                lockable,
                "{state:?}"
            );
            assert_eq!(
                harness.status(LOCK, 0x02 | 3 << 2, 0, &[]),
                0x0F,
                "{state:?}"
            );
            assert_eq!(
                harness.status(LOCK, 0x02 | 2 << 2, 0, &[]),
                0x0F,
                "already locked"
            );
            let expected = if lockable == 0x00 {
                [0xFB, 0xFF]
            } else {
                [0xFF, 0xFF]
            };
            assert_eq!(harness.memory.config[88..90], expected);
        }
    }

    #[test]
    fn each_slot_has_its_bit() {
        let mut harness = chip(DataOpen);
        harness.configure(11, 0x0F0F, 0x003C);
        assert_eq!(harness.status(LOCK, 0x02 | 11 << 2, 0, &[]), 0x00);
        assert_eq!(harness.memory.config[88..90], [0xFF, 0xF7]);
        assert!(harness.memory.is_slot_locked(Slot::of_nibble(11)));
    }

    #[test]
    fn parse_errors() {
        for p1 in [0x03, 0x83, 0x40, 0xC0, 0x42, 0x04, 0x85, 0x3D] {
            assert_eq!(chip(DataOpen).status(LOCK, p1, 0, &[]), 0x03, "{p1:02X}");
        }
        assert_eq!(chip(ConfigOpen).status(LOCK, 0x80, 0, &[0]), 0x03);
    }
}
