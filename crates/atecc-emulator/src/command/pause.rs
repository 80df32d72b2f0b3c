//! `Pause` (opcode 0x01), 508 only. Source: ATECC508A datasheet, "Pause
//! Command": of several chips, only the one selected stays awake.

use super::{Core, Frame, Outcome, SUCCESS, Status, check};
use crate::memory::config::BYTE_85;

impl Core<'_> {
    pub(super) fn pause(&mut self, frame: &Frame<'_>) -> Outcome {
        // A Param2 other than 0 is illegal; its code is unconfirmed.
        check(frame.p2 == 0, Status::Parse)?;
        if frame.p1 == self.memory.config[BYTE_85] {
            Ok(SUCCESS.to_vec())
        } else {
            // The chip goes idle and answers nothing.
            Ok(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::Harness;
    use crate::memory::LockState::Locked;
    use crate::revision::Revision;

    const PAUSE: u8 = 0x01;

    #[test]
    fn only_the_selected_chip_answers() {
        let mut harness = Harness::new(Revision::Atecc508A, Locked);
        harness.memory.config[85] = 0x5A;
        assert_eq!(harness.run(PAUSE, 0x5A, 0, &[]), Ok(vec![0]));
        assert_eq!(harness.run(PAUSE, 0x5B, 0, &[]), Ok(vec![]));
        assert_eq!(harness.status(PAUSE, 0x5A, 1, &[]), 0x03);
        let mut new = Harness::new(Revision::Atecc608A, Locked);
        assert_eq!(new.status(PAUSE, 0x00, 0, &[]), 0x03);
    }
}
