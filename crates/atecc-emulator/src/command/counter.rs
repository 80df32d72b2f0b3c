//! `Counter` (opcode 0x24). Source: ATECC508A datasheet, "Counter Command";
//! the byte order of its value from cryptoauthlib `calib_counter.c`.

use super::{Core, Frame, Outcome, Status, check};
use crate::memory::limited_use::Counter;

/// Param1 bit 0: count one up first.
const INCREMENT: u8 = 0x01;

impl Core<'_> {
    /// `CountMatch` limits the uses of keys, not this command (unconfirmed
    /// past the match value).
    pub(super) fn counter(&mut self, frame: &Frame<'_>) -> Outcome {
        check(frame.p1 & !INCREMENT == 0, Status::Parse)?;
        let counter = Counter::of_param2(frame.p2).ok_or(Status::Parse)?;
        self.takes_no_data(frame)?;
        if frame.p1 == INCREMENT {
            self.memory.increment(counter).or(Err(Status::Execution))?;
        }
        Ok(self.memory.counter(counter).to_le_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::Harness;
    use crate::memory::LockState::{ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;

    const COUNTER: u8 = 0x24;
    const READ: u8 = 0x00;
    const INCREMENT: u8 = 0x01;

    #[test]
    fn read_and_increment() {
        for revision in Revision::ALL {
            for state in [ConfigOpen, DataOpen, Locked] {
                let mut harness = Harness::new(revision, state);
                assert_eq!(harness.run(COUNTER, READ, 1, &[]), Ok(vec![0; 4]));
                assert_eq!(
                    harness.run(COUNTER, INCREMENT, 1, &[]),
                    Ok(vec![1, 0, 0, 0])
                );
                assert_eq!(harness.run(COUNTER, READ, 1, &[]), Ok(vec![1, 0, 0, 0]));
                assert_eq!(harness.run(COUNTER, READ, 0, &[]), Ok(vec![0; 4]));
                assert_eq!(harness.memory.config[60..62], [0x7F, 0xFF]);
            }
        }
    }

    /// The count of a real 508A, 54, and the last one.
    #[test]
    fn decodes_what_is_there() {
        let mut harness = Harness::new(Revision::Atecc508A, Locked);
        harness.memory.config[60..68].copy_from_slice(&[0, 0, 0x03, 0xFF, 0, 1, 0, 1]);
        assert_eq!(harness.run(COUNTER, READ, 1, &[]), Ok(vec![0x36, 0, 0, 0]));
        assert_eq!(
            harness.run(COUNTER, INCREMENT, 1, &[]),
            Ok(vec![0x37, 0, 0, 0])
        );
        let last = [0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFF];
        harness.memory.config[52..60].copy_from_slice(&last);
        assert_eq!(
            harness.run(COUNTER, READ, 0, &[]),
            Ok(vec![0xFF, 0xFF, 0x1F, 0])
        );
        assert_eq!(harness.status(COUNTER, INCREMENT, 0, &[]), 0x0F);
        assert_eq!(harness.memory.config[52..60], last);
    }

    #[test]
    fn parse_errors() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        assert_eq!(harness.status(COUNTER, 2, 0, &[]), 0x03);
        assert_eq!(harness.status(COUNTER, READ, 2, &[]), 0x03);
        assert_eq!(harness.status(COUNTER, READ, 0x0100, &[]), 0x03);
        assert_eq!(harness.status(COUNTER, READ, 0, &[0]), 0x03);
    }
}
