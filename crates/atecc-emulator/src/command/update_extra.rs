//! `UpdateExtra` (opcode 0x20). Source: ATECC508A datasheet, "UpdateExtra
//! Command" and sections 2.2 and 4.2, which agree against its condition for
//! byte 85; the 608 row from a maintainer's answer about cryptoauthlib.

use super::{Core, Frame, Outcome, SUCCESS, Status, check};
use crate::memory::Slot;
use crate::memory::config::{BYTE_85, USER_EXTRA};

/// Param1 bit 0: configuration byte 85 instead of 84.
const SECOND: u8 = 0x01;
/// Param1 bit 1: use up one use of the key in slot Param2.
const DECREMENT: u8 = 0x02;

impl Core<'_> {
    pub(super) fn update_extra(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.p1 & !(SECOND | DECREMENT) == 0, Status::Parse)?;
        self.takes_no_data(frame)?;
        if frame.p1 & DECREMENT != 0 {
            self.count_use(Slot::of_param2(frame.p2))?;
            return Ok(SUCCESS.to_vec());
        }
        let [value, high] = frame.p2.to_le_bytes();
        check(high == 0, Status::Parse)?;
        let at = if frame.p1 & SECOND == 0 {
            USER_EXTRA
        } else {
            BYTE_85
        };
        let always = at == BYTE_85 && self.revision().is_508() && self.memory.chip_mode() & 1 == 0;
        check(always || self.memory.config[at] == 0, Status::Execution)?;
        self.memory.config[at] = value;
        Ok(SUCCESS.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::Harness;
    use crate::memory::LockState::{ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;

    const UPDATE_EXTRA: u8 = 0x20;

    /// Trap 7 of `docs/sources.md`: allowed in every lock state, and 0 over 0
    /// succeeds.
    #[test]
    fn trap_07_zero_over_zero_at_any_time() {
        for revision in Revision::ALL {
            for state in [ConfigOpen, DataOpen, Locked] {
                let mut harness = Harness::new(revision, state);
                assert_eq!(
                    harness.status(UPDATE_EXTRA, 0, 0, &[]),
                    0x00,
                    "{revision} {state:?}"
                );
                assert_eq!(
                    harness.status(UPDATE_EXTRA, 1, 0, &[]),
                    0x00,
                    "{revision} {state:?}"
                );
            }
        }
    }

    #[test]
    fn written_once() {
        for revision in Revision::ALL {
            let mut harness = Harness::new(revision, Locked);
            assert_eq!(harness.status(UPDATE_EXTRA, 0, 0x12, &[]), 0x00);
            assert_eq!(harness.memory.config[84], 0x12);
            assert_eq!(harness.status(UPDATE_EXTRA, 0, 0x13, &[]), 0x0F);
            assert_eq!(harness.memory.config[84], 0x12);
        }
    }

    /// Byte 85: a 508 with `ChipMode` bit 0 = 0 can write it again and again.
    #[test]
    fn byte_85() {
        for (revision, chip_mode, second) in [
            (Revision::Atecc508A, 0, 0x00),
            (Revision::Atecc508A, 1, 0x0F),
            (Revision::Atecc608A, 0, 0x0F),
            (Revision::Atecc608B, 1, 0x0F),
        ] {
            let mut harness = Harness::new(revision, Locked);
            harness.memory.config[19] = chip_mode;
            assert_eq!(harness.status(UPDATE_EXTRA, 1, 0x6A, &[]), 0x00);
            assert_eq!(
                harness.status(UPDATE_EXTRA, 1, 0x58, &[]),
                second,
                "{revision} {chip_mode}"
            );
            assert_eq!(harness.memory.config[85] == 0x58, second == 0x00);
        }
    }

    #[test]
    fn uses_of_a_key_run_out() {
        let mut harness = Harness::new(Revision::Atecc508A, Locked);
        harness.configure(15, 0x0020, 0x001C);
        for _ in 0..128 {
            assert_eq!(harness.status(UPDATE_EXTRA, 2, 15, &[]), 0x00);
        }
        assert_eq!(harness.status(UPDATE_EXTRA, 2, 15, &[]), 0x0F);
        // A key without a limit: nothing to do.
        assert_eq!(harness.status(UPDATE_EXTRA, 2, 14, &[]), 0x00);
    }

    #[test]
    fn parse_errors() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        assert_eq!(harness.status(UPDATE_EXTRA, 4, 0, &[]), 0x03);
        assert_eq!(harness.status(UPDATE_EXTRA, 0, 0x0100, &[]), 0x03);
        assert_eq!(harness.status(UPDATE_EXTRA, 0, 0, &[0]), 0x03);
    }
}
