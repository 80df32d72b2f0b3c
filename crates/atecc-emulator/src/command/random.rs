//! `Random` (opcode 0x1B). Source: ATECC508A datasheet, "Random Command".

use super::{Core, Frame, Outcome, Status, check};
use crate::defect::Engine;
use crate::memory::LockState;

/// Which seed the random generator starts from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seed {
    /// Param1 0: the seed in EEPROM is renewed when needed.
    Eeprom,
    /// Param1 1: it is not.
    Sram,
}

impl Seed {
    pub(super) const fn of_param1(p1: u8) -> Self {
        if p1 & 1 == 0 {
            Self::Eeprom
        } else {
            Self::Sram
        }
    }
}

impl Core<'_> {
    pub(super) fn random(&mut self, frame: &Frame<'_>) -> Outcome {
        // A Param2 other than 0 is illegal; its code is unconfirmed.
        check(frame.p1 & !0x01 == 0 && frame.p2 == 0, Status::Parse)?;
        self.takes_no_data(frame)?;
        Ok(self.random_block(Seed::of_param1(frame.p1))?.to_vec())
    }

    /// 32 random bytes; a fixed pattern before the configuration is locked.
    ///
    /// The pattern does not count as seeding the generator (unconfirmed).
    pub(super) fn random_block(&mut self, seed: Seed) -> Result<[u8; 32], Status> {
        if self.lock_state() == LockState::ConfigOpen {
            let mut pattern = [0xFF; 32];
            for pair in pattern.chunks_exact_mut(4) {
                pair[2..].fill(0x00);
            }
            return Ok(pattern);
        }
        self.check_health()?;
        self.volatile.seeded_sram = true;
        self.volatile.seeded_eeprom |= seed == Seed::Eeprom;
        Ok(self.generator.block())
    }

    /// The health test of a 608 before it draws random numbers.
    ///
    /// Unless `ChipOptions` says that the first failure is forgotten, the
    /// chip then is in the self-test failure state (unconfirmed).
    pub(super) fn check_health(&mut self) -> Result<(), Status> {
        if self.revision().is_508() || !self.defects.fails_health_test() {
            return Ok(());
        }
        if !self.memory.chip_options().clears_health_failure() {
            self.volatile.failures |= Engine::Random as u8;
        }
        Err(Status::Health)
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes};
    use crate::defect::Defects;
    use crate::memory::LockState::{ConfigOpen, DataOpen};
    use crate::revision::Revision;

    const RANDOM: u8 = 0x1B;
    const INFO: u8 = 0x30;

    /// Trap 40 of `docs/sources.md`, recorded from blank parts as well.
    #[test]
    fn trap_40_constant_before_the_configuration_is_locked() {
        let mut harness = Harness::new(Revision::Atecc608A, ConfigOpen);
        let pattern = bytes("FFFF0000").repeat(8);
        assert_eq!(harness.run(RANDOM, 0, 0, &[]), Ok(pattern.clone()));
        assert_eq!(harness.run(RANDOM, 1, 0, &[]), Ok(pattern));
    }

    #[test]
    fn random_afterwards() {
        let mut harness = Harness::new(Revision::Atecc608A, DataOpen);
        let first = harness.run(RANDOM, 0, 0, &[]).unwrap();
        assert_eq!(first.len(), 32);
        assert_ne!(harness.run(RANDOM, 0, 0, &[]), Ok(first));
    }

    /// `Info` byte 1: bit 1 SRAM seeded, bit 0 EEPROM seeded.
    #[test]
    fn seeding_shows_in_the_state() {
        let mut harness = Harness::new(Revision::Atecc608A, DataOpen);
        assert_eq!(harness.run(INFO, 2, 0, &[]), Ok(vec![0, 0x00, 0, 0]));
        assert_eq!(harness.status(RANDOM, 1, 0, &[]), 0x00);
        assert_eq!(harness.run(INFO, 2, 0, &[]), Ok(vec![0, 0x02, 0, 0]));
        assert_eq!(harness.status(RANDOM, 0, 0, &[]), 0x00);
        assert_eq!(harness.run(INFO, 2, 0, &[]), Ok(vec![0, 0x03, 0, 0]));
    }

    /// Status 08, then 07 for all but `SelfTest` and configuration reads;
    /// with `ChipOptions` bit 3 the failure is forgotten.
    #[test]
    fn failed_health_test() {
        let mut harness = Harness::new(Revision::Atecc608B, DataOpen);
        harness.defects = Defects::none().unhealthy(1);
        assert_eq!(harness.status(RANDOM, 0, 0, &[]), 0x08);
        assert_eq!(harness.status(RANDOM, 0, 0, &[]), 0x07);
        assert_eq!(harness.status(INFO, 0, 0, &[]), 0x07);
        assert_eq!(harness.status(0x02, 0x80, 0, &[]), 0x00);
        assert_eq!(harness.run(0x77, 0x01, 0, &[]), Ok(vec![0]));
        assert_eq!(harness.status(RANDOM, 0, 0, &[]), 0x00);
        harness.memory.config[90] = 0x08;
        harness.defects = Defects::none().unhealthy(2);
        assert_eq!(harness.status(RANDOM, 0, 0, &[]), 0x08);
        assert_eq!(harness.status(0x16, 0, 0, &[0; 20]), 0x08);
        assert_eq!(harness.status(RANDOM, 0, 0, &[]), 0x00);
        let mut old = Harness::new(Revision::Atecc508A, DataOpen);
        old.defects = Defects::none().unhealthy(1);
        assert_eq!(old.status(RANDOM, 0, 0, &[]), 0x00);
    }

    #[test]
    fn parse_errors() {
        let mut harness = Harness::new(Revision::Atecc608A, DataOpen);
        assert_eq!(harness.status(RANDOM, 2, 0, &[]), 0x03);
        assert_eq!(harness.status(RANDOM, 0, 1, &[]), 0x03);
        assert_eq!(harness.status(RANDOM, 0, 0, &[0]), 0x03);
    }
}
