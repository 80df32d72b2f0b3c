//! `ECDH` (opcode 0x43). Source: ATECC508A datasheet, "ECDH Command" and
//! section 2.2.1, which is right about `ReadKey` bit 3 where the command's
//! output table is not; the 608 modes from cryptoauthlib `calib_ecdh.c`.

use zeroize::Zeroizing;

use super::{Core, Frame, Outcome, SUCCESS, Status, check, p256};
use crate::memory::Slot;
use crate::memory::options::Protection;
use crate::volatile::Source;

/// Param1 bit 0: the private key is in `TempKey`.
const FROM_TEMP_KEY: u8 = 0x01;
/// Param1 bit 1: encrypt what is returned.
const ENCRYPT: u8 = 0x02;
/// Param1 bits 3-2: where the secret goes.
const COPY: u8 = 0x0C;
/// Param1 bits 3-2 are 00: as on a 508, `SlotConfig` decides.
const COMPATIBLE: u8 = 0x00;
const TO_SLOT: u8 = 0x04;
const TO_TEMP_KEY: u8 = 0x08;
const TO_OUTPUT: u8 = 0x0C;
/// `ReadKey` bit 2 of a private key: ECDH is allowed.
const ALLOWS_ECDH: u8 = 0x04;
/// `ReadKey` bit 3 of a private key: the secret stays in the next slot.
const INTO_NEXT_SLOT: u8 = 0x08;

impl Core<'_> {
    pub(super) fn ecdh(&mut self, frame: &Frame<'_>) -> Outcome {
        let p1 = frame.p1;
        let mask = if self.revision().is_508() { 0x00 } else { 0x0F };
        check(p1 & !mask == 0, Status::Parse)?;
        // A secret of a slot into another slot, and a key in TempKey without
        // a destination: 0x03 (unconfirmed).
        let from_temp_key = p1 & FROM_TEMP_KEY != 0;
        match p1 & COPY {
            COMPATIBLE => check(!from_temp_key, Status::Parse)?,
            TO_SLOT => check(from_temp_key, Status::Parse)?,
            _ => {}
        }
        let peer: &[u8; 64] = frame.data.try_into().or(Err(Status::Parse))?;
        self.check_config_locked()?;
        let slot = Slot::of_param2(frame.p2);
        let key = if from_temp_key {
            let scalar = Zeroizing::new(self.volatile.temp_key.get().ok_or(Status::Execution)?);
            p256::private_scalar(&scalar).ok_or(Status::Execution)?
        } else {
            self.use_agreement_key(slot)?;
            p256::private_key(self.memory.slot(slot)).ok_or(Status::Execution)?
        };
        let peer = p256::public_key(peer).ok_or(Status::Execution)?;
        let secret = p256::shared_secret(&key, &peer);
        let inside = self.memory.slot_config(slot).read_key() & INTO_NEXT_SLOT != 0;
        match p1 & COPY {
            COMPATIBLE if inside => self.keep_in_next_slot(slot, &secret),
            COMPATIBLE | TO_OUTPUT => self.release(p1, &secret),
            TO_TEMP_KEY => {
                // SourceFlag Input is unconfirmed.
                self.volatile.temp_key.load(*secret, Source::Input);
                Ok(SUCCESS.to_vec())
            }
            _ => self.keep_in_slot(slot, &secret),
        }
    }

    /// The gate of a private key. A 508 asks for no authorization here; on a
    /// 608 it is unconfirmed.
    fn use_agreement_key(&mut self, slot: Slot) -> Result<(), Status> {
        self.check_private_slot(slot)?;
        let allowed = self.memory.slot_config(slot).read_key() & ALLOWS_ECDH != 0;
        check(allowed, Status::Execution)?;
        if !self.revision().is_508() {
            self.take_authorization(slot)?;
        }
        self.check_latch(slot)?;
        self.count_use(slot)
    }

    /// The slot after an even one, whatever its own `WriteConfig` says
    /// (unconfirmed). A private key there is not overwritten (unconfirmed).
    fn keep_in_next_slot(&mut self, slot: Slot, secret: &[u8; 32]) -> Outcome {
        check(slot.index() & 1 == 0, Status::Execution)?;
        self.store_secret(Slot::of_nibble(slot.index() + 1), secret)
    }

    /// A slot that can always be written. Source: rust-cryptoauthlib
    /// `ecdh.rs` (unconfirmed by a datasheet).
    fn keep_in_slot(&mut self, slot: Slot, secret: &[u8; 32]) -> Outcome {
        let writable = self.memory.slot_config(slot).write_config() == 0;
        check(writable, Status::Execution)?;
        self.store_secret(slot, secret)
    }

    fn store_secret(&mut self, slot: Slot, secret: &[u8; 32]) -> Outcome {
        let open = !self.memory.key_config(slot).private() && !self.memory.is_slot_locked(slot);
        check(open, Status::Execution)?;
        self.memory.slot_mut(slot)[..32].copy_from_slice(secret);
        Ok(SUCCESS.to_vec())
    }

    /// Return the secret, as far as `ChipOptions` allows. The code of the
    /// refusals is unconfirmed.
    fn release(&mut self, p1: u8, secret: &[u8; 32]) -> Outcome {
        let encrypt = p1 & ENCRYPT != 0;
        match self.memory.chip_options().ecdh_output() {
            Protection::Clear | Protection::Encrypted if encrypt => self.protect_output(secret),
            Protection::Clear => Ok(secret.to_vec()),
            Protection::Encrypted | Protection::Inside => Err(Status::Execution),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::command::{sha256, xor};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const ECDH: u8 = 0x43;
    /// The public key of d = 2, and what it shares with d = 0102..20: both
    /// are in the golden session.
    const PEER: &str = "7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978\
         07775510DB8ED040293D9AC69F7430DBBA7DADE63CE982299E04B79D227873D1";
    const SECRET: &str = "7D5C6B392211DAC53C9F46961D99A705E224BC6BF22B937302DF7F1AD79A9038";

    /// The vectors' key in slot 2, the IO protection key in slot 6.
    fn chip(revision: Revision, state: LockState, slot_config: u16, options: [u8; 2]) -> Harness {
        let mut harness = Harness::new(revision, state);
        harness.configure(2, slot_config, 0x0033);
        harness.configure(3, 0x8F8F, 0x001C);
        harness.store_private_key(2);
        harness.store_key(6, &rising(0x20));
        harness.memory.config[90..92].copy_from_slice(&options);
        harness
    }

    fn new(slot_config: u16, options: [u8; 2]) -> Harness {
        chip(Revision::Atecc608B, Locked, slot_config, options)
    }

    fn slot(harness: &Harness, index: u8) -> Vec<u8> {
        harness.memory.slot(Slot::of_nibble(index))[..32].to_vec()
    }

    #[test]
    fn secret_in_the_clear() {
        for revision in Revision::ALL {
            for (state, status) in [(ConfigOpen, 0x0F), (DataOpen, 0x00), (Locked, 0x00)] {
                let mut harness = chip(revision, state, 0x2087, [0, 0]);
                assert_eq!(harness.status(ECDH, 0, 2, &bytes(PEER)), status);
            }
            let mut harness = chip(revision, Locked, 0x2087, [0, 0]);
            assert_eq!(harness.run(ECDH, 0, 2, &bytes(PEER)), Ok(bytes(SECRET)));
        }
    }

    /// Trap 33 of `docs/sources.md`: `ReadKey` bit 3 keeps the secret in the
    /// next slot.
    #[test]
    fn trap_33_into_the_next_slot() {
        for revision in Revision::ALL {
            let mut harness = chip(revision, Locked, 0x208F, [0, 0]);
            assert_eq!(harness.run(ECDH, 0, 2, &bytes(PEER)), Ok(vec![0]));
            assert_eq!(slot(&harness, 3), bytes(SECRET));
            // An odd slot has no next one.
            harness.configure(1, 0x208F, 0x0033);
            harness.store_private_key(1);
            assert_eq!(harness.status(ECDH, 0, 1, &bytes(PEER)), 0x0F);
            harness.memory.lock_slot(Slot::of_nibble(3));
            assert_eq!(
                harness.status(ECDH, 0, 2, &bytes(PEER)),
                0x0F,
                "slot locked"
            );
        }
    }

    #[test]
    fn encrypted_output() {
        for p1 in [0x02, 0x0E] {
            let mut harness = new(0x2087, [0x02, 0x60]);
            let output = harness.run(ECDH, p1, 2, &bytes(PEER)).unwrap();
            let (cipher, nonce) = output.split_at(32);
            let pad = sha256(&[&rising(0x20), &nonce[..16]]);
            assert_eq!(xor(cipher, &pad), bytes(SECRET));
            assert_eq!(nonce.len(), 32);
        }
        // Without an IO protection key there is none.
        assert_eq!(
            new(0x2087, [0, 0]).status(ECDH, 0x02, 2, &bytes(PEER)),
            0x0F
        );
    }

    #[test]
    fn output_protection() {
        for (high, clear, encrypted, to_temp_key) in [
            (0x60, 0x00, 0x00, 0x00),
            (0x61, 0x0F, 0x00, 0x00),
            (0x62, 0x0F, 0x0F, 0x00),
            (0x63, 0x0F, 0x0F, 0x00),
        ] {
            for (p1, status) in [(0x0C, clear), (0x0E, encrypted), (0x08, to_temp_key)] {
                let mut harness = new(0x2087, [0x02, high]);
                assert_eq!(
                    harness.status(ECDH, p1, 2, &bytes(PEER)),
                    status,
                    "{high:02X}"
                );
            }
        }
    }

    #[test]
    fn key_and_secret_in_temp_key() {
        let mut harness = new(0x2087, [0x02, 0x60]);
        assert_eq!(
            harness.status(ECDH, 0x0D, 0, &bytes(PEER)),
            0x0F,
            "no TempKey"
        );
        harness.volatile.temp_key.load(rising(0x01), Source::Input);
        assert_eq!(harness.run(ECDH, 0x0D, 0, &bytes(PEER)), Ok(bytes(SECRET)));
        assert_eq!(
            harness.run(ECDH, 0x0F, 0, &bytes(PEER)).map(|o| o.len()),
            Ok(64)
        );
        assert_eq!(harness.run(ECDH, 0x09, 0, &bytes(PEER)), Ok(vec![0]));
        assert_eq!(harness.temp_key(), Some(bytes(SECRET)));
        harness.volatile.temp_key.load([0; 32], Source::Input);
        assert_eq!(harness.status(ECDH, 0x0D, 0, &bytes(PEER)), 0x0F, "no key");
    }

    #[test]
    fn secret_into_a_slot() {
        for (policy, key_config, status) in [
            (0x0F8F, 0x003C, 0x00),
            (0x2F8F, 0x003C, 0x0F), // WriteConfig.
            (0x0F8F, 0x0033, 0x0F), // Private.
        ] {
            let mut harness = new(0x2087, [0, 0]);
            harness.configure(9, policy, key_config);
            harness.volatile.temp_key.load(rising(0x01), Source::Input);
            assert_eq!(harness.status(ECDH, 0x05, 9, &bytes(PEER)), status);
            assert_eq!(slot(&harness, 9) == bytes(SECRET), status == 0x00);
        }
    }

    /// Trap 11 of `docs/sources.md`, here: a point off the curve answers 0x0F.
    #[test]
    fn trap_11_point_off_the_curve() {
        assert_eq!(new(0x2087, [0, 0]).status(ECDH, 0, 2, &[0; 64]), 0x0F);
        let mut peer = bytes(PEER);
        peer[63] ^= 1;
        assert_eq!(new(0x2087, [0, 0]).status(ECDH, 0, 2, &peer), 0x0F);
    }

    #[test]
    fn access_by_policy() {
        for (slot_config, key_config, old, new) in [
            (0x2083, 0x0033, 0x0F, 0x0F), // ReadKey: no ECDH.
            (0x2007, 0x0033, 0x0F, 0x0F), // IsSecret is 0.
            (0x2087, 0x0032, 0x0F, 0x0F), // Private is 0.
            (0x2087, 0x00B3, 0x00, 0x0F), // ReqAuth.
            (0x2087, 0x0073, 0x00, 0x00), // ReqRandom is not asked.
            (0x2087, 0x1033, 0x00, 0x0F), // PersistentDisable.
        ] {
            for (revision, status) in [(Revision::Atecc508A, old), (Revision::Atecc608B, new)] {
                let mut harness = chip(revision, Locked, 0x2087, [0, 0]);
                harness.configure(2, slot_config, key_config);
                let found = harness.status(ECDH, 0, 2, &bytes(PEER));
                assert_eq!(
                    found, status,
                    "{revision} {slot_config:04X} {key_config:04X}"
                );
            }
        }
        let mut harness = new(0x20A7, [0, 0]);
        assert_eq!(harness.status(ECDH, 0, 2, &bytes(PEER)), 0x00);
        assert_eq!(harness.memory.config[52..54], [0x7F, 0xFF], "a use");
    }

    #[test]
    fn parse_errors() {
        for (p1, length) in [(0x10, 64), (0x01, 64), (0x04, 64), (0x00, 63), (0x00, 65)] {
            let data = vec![0; length];
            let mut harness = new(0x2087, [0, 0]);
            assert_eq!(
                harness.status(ECDH, p1, 2, &data),
                0x03,
                "{p1:02X} {length}"
            );
        }
        for p1 in [0x01, 0x02, 0x08, 0x0C] {
            let mut old = chip(Revision::Atecc508A, Locked, 0x2087, [0, 0]);
            assert_eq!(old.status(ECDH, p1, 2, &bytes(PEER)), 0x03, "{p1:02X}");
        }
    }
}
