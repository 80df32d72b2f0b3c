//! `SelfTest` (opcode 0x77), 608 only, and the state of a chip that failed.
//! Source: 608 online documentation, "SelfTest"; cryptoauthlib
//! `calib_selftest.c`, whose constant for all tests has bit 1 set.

use super::{Core, Frame, Opcode, Outcome, Status, check};
use crate::defect::ALL_ENGINES;

/// Param1: the tests to run. Bit 1 stands for none.
const MASK: u8 = 0x3F;
/// Param1 bits of `Read` that name the zone; 0 is the configuration.
const READ_ZONE: u8 = 0x03;

impl Core<'_> {
    pub(super) fn self_test(&mut self, frame: &Frame<'_>) -> Outcome {
        // A Param2 other than 0 is illegal; its code is unconfirmed.
        check(frame.p1 & !MASK == 0 && frame.p2 == 0, Status::Parse)?;
        self.takes_no_data(frame)?;
        if frame.p1 == 0 {
            return Ok(vec![self.volatile.failures]);
        }
        let tested = frame.p1 & ALL_ENGINES;
        let failed = tested & self.defects.failing_engines();
        self.volatile.failures = self.volatile.failures & !tested | failed;
        Ok(vec![failed])
    }

    /// After a failed self-test only configuration reads and `SelfTest` work.
    pub(super) fn check_failure_state(
        &self,
        opcode: Option<Opcode>,
        frame: &Frame<'_>,
    ) -> Result<(), Status> {
        let allowed = match opcode {
            Some(Opcode::SelfTest) => true,
            Some(Opcode::Read) => frame.p1 & READ_ZONE == 0,
            _ => false,
        };
        check(self.volatile.failures == 0 || allowed, Status::SelfTest)
    }
}

#[cfg(test)]
mod tests {
    use crate::command::Opcode;
    use crate::command::harness::Harness;
    use crate::defect::{Defects, Engine};
    use crate::memory::LockState::{ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;

    const SELF_TEST: u8 = 0x77;
    const ALL: u8 = 0x3B;

    /// Trap 35 of `docs/sources.md`: the library's constant has bit 1 set and
    /// bit 2 clear.
    #[test]
    fn trap_35_all_tests_of_the_library() {
        for revision in [Revision::Atecc608A, Revision::Atecc608B] {
            for state in [ConfigOpen, DataOpen, Locked] {
                let mut harness = Harness::new(revision, state);
                assert_eq!(harness.run(SELF_TEST, ALL, 0, &[]), Ok(vec![0]));
                assert_eq!(harness.run(SELF_TEST, 0x3F, 0, &[]), Ok(vec![0]));
                assert_eq!(harness.run(SELF_TEST, 0x00, 0, &[]), Ok(vec![0]));
            }
        }
    }

    #[test]
    fn failed_tests_are_reported_and_remembered() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        harness.defects = Defects::none().failing(Engine::Aes).failing(Engine::Ecdsa);
        assert_eq!(harness.run(SELF_TEST, 0x20, 0, &[]), Ok(vec![0]));
        assert_eq!(harness.run(SELF_TEST, 0x3D, 0, &[]), Ok(vec![0x14]));
        assert_eq!(harness.run(SELF_TEST, 0x08, 0, &[]), Ok(vec![0]));
        assert_eq!(harness.run(SELF_TEST, 0x00, 0, &[]), Ok(vec![0x14]));
        for opcode in Opcode::ALL {
            let expected = match opcode {
                Opcode::Read | Opcode::SelfTest => 0x00,
                _ => 0x07,
            };
            let p1 = if opcode == Opcode::SelfTest {
                0x10
            } else {
                0x00
            };
            let mut harness = Harness::new(Revision::Atecc608B, Locked);
            harness.volatile.failures = 0x10;
            assert_eq!(
                harness.status(opcode as u8, p1, 0, &[]),
                expected,
                "{opcode:?}"
            );
        }
        // A data read is refused, and a passed test ends the state.
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        harness.volatile.failures = 0x10;
        assert_eq!(harness.status(0x02, 0x02, 0x0048, &[]), 0x07);
        assert_eq!(harness.run(SELF_TEST, 0x10, 0, &[]), Ok(vec![0]));
        assert_eq!(harness.status(0x30, 0, 0, &[]), 0x00);
    }

    #[test]
    fn parse_errors() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        assert_eq!(harness.status(SELF_TEST, 0x40, 0, &[]), 0x03);
        assert_eq!(harness.status(SELF_TEST, 0x80, 0, &[]), 0x03);
        assert_eq!(harness.status(SELF_TEST, ALL, 1, &[]), 0x03);
        assert_eq!(harness.status(SELF_TEST, ALL, 0, &[0]), 0x03);
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(SELF_TEST, ALL, 0, &[]), 0x03);
    }
}
