//! `Info` (opcode 0x30). Source: ATECC508A datasheet, "Info Command"; mode 4
//! from cryptoauthlib `calib_info.c`.

use super::{Core, Frame, Outcome, Status, check, p256};
use crate::memory::Slot;

impl Core<'_> {
    pub(super) fn info(&mut self, frame: &Frame<'_>) -> Outcome {
        self.takes_no_data(frame)?;
        match frame.p1 {
            0 => Ok(self.memory.config[4..8].to_vec()),
            1 => Ok(vec![
                self.key_valid(Slot::of_param2(frame.p2)).into(),
                0,
                0,
                0,
            ]),
            2 => Ok(self.state()),
            // I2C parts have no GPIO.
            3 => Err(Status::Execution),
            4 if !self.revision().is_508() => self.latch(frame.p2),
            _ => Err(Status::Parse),
        }
    }

    /// A private slot holds a key; a public key whose validity is tracked is
    /// marked valid. Not meaningful for other slots.
    fn key_valid(&self, slot: Slot) -> bool {
        if self.memory.key_config(slot).private() {
            p256::private_key(self.memory.slot(slot)).is_some()
        } else {
            self.memory.is_validated(slot)
        }
    }

    /// `TempKey` flags, then validity and authorization. Flags of an invalid
    /// `TempKey` keep their last values (unspecified by the datasheet).
    fn state(&self) -> Vec<u8> {
        let volatile = &*self.volatile;
        let second = u8::from(volatile.temp_key.valid) << 7
            | (volatile.auth_key & 0x0F) << 3
            | u8::from(volatile.auth_valid) << 2
            | u8::from(volatile.seeded_sram) << 1
            | u8::from(volatile.seeded_eeprom);
        vec![volatile.temp_key.flags(), second, 0, 0]
    }

    /// Param2 bit 1: change the persistent latch to bit 0; else read it.
    ///
    /// Clearing it needs the authorization too (unconfirmed).
    fn latch(&mut self, p2: u16) -> Outcome {
        match p2 {
            0 | 1 => {}
            2 | 3 => {
                self.check_rest()?;
                let permission = self.memory.volatile_key_permission();
                let authorized =
                    self.volatile.auth_valid && permission == Some(self.volatile.auth_key);
                check(authorized, Status::Execution)?;
                self.volatile.latch = p2 == 3;
            }
            _ => return Err(Status::Parse),
        }
        Ok(vec![self.volatile.latch.into(), 0, 0, 0])
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::Harness;
    use crate::memory::LockState::{ConfigOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const INFO: u8 = 0x30;

    #[test]
    fn revisions() {
        for (revision, rev_num) in [
            (Revision::Atecc508A, [0, 0, 0x50, 0]),
            (Revision::Atecc608A, [0, 0, 0x60, 2]),
            (Revision::Atecc608B, [0, 0, 0x60, 3]),
        ] {
            let mut harness = Harness::new(revision, ConfigOpen);
            assert_eq!(harness.run(INFO, 0, 0xABCD, &[]), Ok(rev_num.to_vec()));
        }
    }

    #[test]
    fn key_valid() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        let valid = |harness: &mut Harness, slot| harness.run(INFO, 1, slot, &[]).unwrap()[0];
        // A blank private slot holds no key; FF.. is past the order.
        assert_eq!(valid(&mut harness, 0), 0);
        harness.store_private_key(0);
        assert_eq!(valid(&mut harness, 0), 1);
        harness.memory.slot_mut(Slot::of_nibble(0)).fill(0);
        assert_eq!(valid(&mut harness, 0), 0);
        // A public key with tracked validity says so in its first nibble.
        harness.configure(9, 0x0000, 0x0012);
        assert_eq!(valid(&mut harness, 9), 0);
        harness.memory.slot_mut(Slot::of_nibble(9))[0] = 0x50;
        assert_eq!(valid(&mut harness, 9), 1);
    }

    /// States as in the golden sessions: after a pass-through nonce, with
    /// an authorization by key 4, after `GenDig` of slot 4.
    #[test]
    fn state() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.run(INFO, 2, 0, &[]), Ok(vec![0x10, 0x80, 0, 0]));
        harness.volatile.auth_valid = true;
        harness.volatile.auth_key = 4;
        assert_eq!(harness.run(INFO, 2, 0, &[]), Ok(vec![0x10, 0xA4, 0, 0]));
        harness.load_gen_dig(4, Source::Input);
        assert_eq!(harness.run(INFO, 2, 0, &[]), Ok(vec![0x34, 0xA4, 0, 0]));
    }

    /// Trap 30 of `docs/sources.md`: the latch changes only for an authorized
    /// host.
    #[test]
    fn trap_30_latch_needs_authorization() {
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        assert_eq!(harness.run(INFO, 4, 0, &[]), Ok(vec![0; 4]));
        harness.volatile.auth_valid = true;
        harness.volatile.auth_key = 4;
        assert_eq!(
            harness.status(INFO, 4, 3, &[]),
            0x0F,
            "no permission configured"
        );
        harness.memory.config[69] = 0x85;
        assert_eq!(
            harness.status(INFO, 4, 3, &[]),
            0x0F,
            "another key's permission"
        );
        harness.memory.config[69] = 0x84;
        assert_eq!(harness.run(INFO, 4, 3, &[]), Ok(vec![1, 0, 0, 0]));
        assert_eq!(
            harness.run(INFO, 4, 1, &[]),
            Ok(vec![1, 0, 0, 0]),
            "read only"
        );
        harness.volatile.auth_valid = false;
        assert_eq!(harness.status(INFO, 4, 2, &[]), 0x0F);
        assert_eq!(harness.run(INFO, 4, 0, &[]), Ok(vec![1, 0, 0, 0]));
    }

    #[test]
    fn other_modes() {
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(INFO, 3, 0, &[]), 0x0F, "no GPIO");
        assert_eq!(old.status(INFO, 4, 0, &[]), 0x03);
        let mut harness = Harness::new(Revision::Atecc608B, Locked);
        assert_eq!(harness.status(INFO, 3, 0, &[]), 0x0F);
        assert_eq!(harness.status(INFO, 5, 0, &[]), 0x03);
        assert_eq!(harness.status(INFO, 4, 4, &[]), 0x03);
        assert_eq!(harness.status(INFO, 0, 0, &[0]), 0x03);
    }
}
