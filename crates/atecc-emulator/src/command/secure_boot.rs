//! `SecureBoot` (opcode 0x80), 608 only. Source: cryptoauthlib
//! `calib_secureboot.c`, `atcah_secureboot_enc` and `atcah_secureboot_mac`.
//! All but its mode with a stored digest is by analogy (unconfirmed).

use super::{Core, Frame, MISMATCH, Outcome, SUCCESS, Status, check, p256, sha256, xor};
use crate::memory::options::{BootMode, SecureBootConfig};
use crate::memory::{LockState, Slot};

/// Param1 bits 2-0: verify the signature that is sent.
const FULL: u8 = 5;
/// Compare with what is stored, or verify with it.
const FULL_STORE: u8 = 6;
/// As `FULL`, and store what the mode keeps.
const FULL_COPY: u8 = 7;
/// Param1 bit 6: refuse until the next power cycle.
const PROHIBIT: u8 = 0x40;
/// Param1 bit 7: the digest is encrypted, and a MAC returned.
const ENCRYPTED: u8 = 0x80;
/// R and S.
const SIGNATURE: usize = 64;

impl Core<'_> {
    pub(super) fn secure_boot(&mut self, frame: &Frame<'_>) -> Outcome {
        let mode = frame.p1 & 0x07;
        check(frame.p1 & 0x38 == 0, Status::Parse)?;
        // A Param2 other than 0 is illegal; its code is unconfirmed.
        check(frame.p2 == 0, Status::Parse)?;
        let (digest, signature) = frame.data.split_first_chunk::<32>().ok_or(Status::Parse)?;
        match (mode, signature.len()) {
            (FULL | FULL_COPY, SIGNATURE) | (FULL_STORE, 0) => {}
            _ => return Err(Status::Parse),
        }
        let ready = self.lock_state() == LockState::Locked && !self.volatile.boot_prohibited;
        check(ready, Status::Execution)?;
        let config = self.memory.secure_boot();
        let stores = config.mode().ok_or(Status::Execution)?;
        let hidden = self.boot_key(frame.p1, config)?;
        let digest = match &hidden {
            None => *digest,
            Some(key) => <[u8; 32]>::try_from(xor(digest, key)).or(Err(Status::Execution))?,
        };
        let Some(signature) = self.judge(mode, stores, config, &digest, signature)? else {
            return Ok(MISMATCH.to_vec());
        };
        if mode == FULL_COPY {
            self.store_boot(stores, config.store(), &digest, &signature)?;
        }
        self.volatile.boot_prohibited |= frame.p1 & PROHIBIT != 0;
        self.volatile.latch |= config.sets_latch();
        Ok(match hidden {
            None => SUCCESS.to_vec(),
            Some(key) => boot_mac(frame, &key, &digest, &signature).to_vec(),
        })
    }

    /// What hides the digest and keys the MAC.
    fn boot_key(&self, p1: u8, config: SecureBootConfig) -> Result<Option<[u8; 32]>, Status> {
        if p1 & ENCRYPTED == 0 {
            check(!config.needs_random(), Status::Execution)?;
            return Ok(None);
        }
        let temp_key = &self.volatile.temp_key;
        let random = !config.needs_random() || temp_key.is_random();
        check(random, Status::Execution)?;
        let nonce = temp_key.get().ok_or(Status::Execution)?;
        Ok(Some(sha256(&[&self.io_protection_key()?, &nonce])))
    }

    /// The signature that the MAC covers, when the digest is good: none where
    /// a stored digest was compared.
    fn judge(
        &self,
        mode: u8,
        stores: BootMode,
        config: SecureBootConfig,
        digest: &[u8; 32],
        sent: &[u8],
    ) -> Result<Option<Vec<u8>>, Status> {
        let signature = match (mode, stores) {
            (FULL_STORE | FULL_COPY, BootMode::Both) => return Err(Status::Execution),
            (FULL_STORE, BootMode::Digest) => {
                let equal = self.memory.key(config.store()) == *digest;
                return Ok(equal.then(Vec::new));
            }
            (FULL_STORE, BootMode::Signature) => {
                let kept = self.memory.slot(config.store()).get(..SIGNATURE);
                kept.ok_or(Status::Execution)?
            }
            _ => sent,
        };
        // The type of every stored key has to fit the command; that this is
        // so of SecureBoot is unconfirmed.
        self.check_public_slot(config.public_key())?;
        let key = p256::stored_public(self.memory.slot(config.public_key()));
        let key = key.as_ref().and_then(p256::public_key);
        let key = key.ok_or(Status::Execution)?;
        Ok(p256::verifies(&key, digest, signature).then(|| signature.to_vec()))
    }

    /// Keep what the mode compares next time, whatever `WriteConfig` says.
    fn store_boot(
        &mut self,
        stores: BootMode,
        slot: Slot,
        digest: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), Status> {
        let kept = if stores == BootMode::Digest {
            digest
        } else {
            signature
        };
        let bytes = self.memory.slot_mut(slot).get_mut(..kept.len());
        bytes.ok_or(Status::Execution)?.copy_from_slice(kept);
        Ok(())
    }
}

/// What proves to the host that the chip agreed.
fn boot_mac(frame: &Frame<'_>, key: &[u8; 32], digest: &[u8; 32], signature: &[u8]) -> [u8; 32] {
    sha256(&[key, digest, signature, &frame.head()])
}

#[cfg(test)]
mod tests {
    use super::{Frame, boot_mac};
    use crate::command::harness::{Harness, PUBLIC_KEY, bytes, rising, signature};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const SECURE_BOOT: u8 = 0x80;
    const HK: &str = "AE02E99BBDD3713AC87427589A48FC45818EF9A7ECD27941142D8F6F61AFB7C1";
    const CIPHER: &str = "2E836B183956F7BD40FDADD316C572CA111F6B347847EFD68CB415F4FD32295E";
    const MAC_85: &str = "DB6CEFA3CBE84CE387CEEA629CA6E3F0CE28878EA7CF4F0A7EF3049AD687E941";
    const MAC_86: &str = "949E347B4043B7F1827CF8FBC89470E4D2DB4B5B1C553FD6240475CAB7EEB7B0";

    /// Key of the vectors as IO protection key in slot 4, public key in slot
    /// 11, digest or signature in slot 12.
    fn chip(state: LockState, mode: u8) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.memory.config[70..72].copy_from_slice(&[mode, 0xBC]);
        harness.memory.config[90..92].copy_from_slice(&[0x02, 0x40]);
        harness.store_key(4, &rising(0x20));
        harness.configure(11, 0x8F0F, 0x0030);
        harness.store_public_key(11, &bytes(PUBLIC_KEY));
        // Never to be written, for anyone but this command.
        harness.configure(12, 0x8F8F, 0x001C);
        harness
    }

    /// The digest 80..9F and its signature.
    fn full() -> Vec<u8> {
        [&rising(0x80)[..], &signature(&rising(0x80))].concat()
    }

    fn wrong() -> Vec<u8> {
        [&rising(0x81)[..], &signature(&rising(0x80))].concat()
    }

    #[test]
    fn full_in_every_mode() {
        for mode in [1, 2, 3] {
            assert_eq!(
                chip(Locked, mode).run(SECURE_BOOT, 5, 0, &full()),
                Ok(vec![0])
            );
            assert_eq!(
                chip(Locked, mode).run(SECURE_BOOT, 5, 0, &wrong()),
                Ok(vec![1])
            );
        }
        for (state, mode) in [(ConfigOpen, 3), (DataOpen, 3), (Locked, 0)] {
            assert_eq!(chip(state, mode).status(SECURE_BOOT, 5, 0, &full()), 0x0F);
        }
    }

    /// A slot for a private key, or for data, is none for the public key.
    #[test]
    fn the_key_has_its_type() {
        for key_config in [0x0033, 0x003C] {
            let mut harness = chip(Locked, 3);
            harness.configure(11, 0x8F8F, key_config);
            assert_eq!(harness.status(SECURE_BOOT, 5, 0, &full()), 0x0F);
        }
    }

    #[test]
    fn copy_then_store() {
        for (mode, kept) in [(2, full()[32..].to_vec()), (3, full()[..32].to_vec())] {
            let mut harness = chip(Locked, mode);
            assert_eq!(harness.status(SECURE_BOOT, 6, 0, &full()[..32]), 0x01);
            assert_eq!(harness.status(SECURE_BOOT, 7, 0, &wrong()), 0x01);
            assert_eq!(harness.memory.slot(Slot::of_nibble(12)), [0xFF; 72]);
            assert_eq!(harness.status(SECURE_BOOT, 7, 0, &full()), 0x00);
            assert_eq!(harness.memory.slot(Slot::of_nibble(12))[..kept.len()], kept);
            assert_eq!(harness.status(SECURE_BOOT, 6, 0, &full()[..32]), 0x00);
            assert_eq!(harness.status(SECURE_BOOT, 6, 0, &wrong()[..32]), 0x01);
        }
        // Nothing is stored in mode FullBoth.
        assert_eq!(
            chip(Locked, 1).status(SECURE_BOOT, 6, 0, &full()[..32]),
            0x0F
        );
        assert_eq!(chip(Locked, 1).status(SECURE_BOOT, 7, 0, &full()), 0x0F);
    }

    /// The vector's signature verifies nothing, so its MAC is made apart.
    #[test]
    fn mac_over_a_signature() {
        let frame = Frame {
            opcode: SECURE_BOOT,
            p1: 0x85,
            p2: 0,
            data: &[],
        };
        let signature: Vec<u8> = (0..64).collect();
        let key = bytes(HK).try_into().unwrap();
        assert_eq!(
            boot_mac(&frame, &key, &rising(0x80), &signature)[..],
            bytes(MAC_85)
        );
    }

    #[test]
    fn encrypted_digest() {
        let mut harness = chip(Locked, 3);
        harness.store_key(12, &rising(0x80));
        assert_eq!(harness.status(SECURE_BOOT, 0x86, 0, &bytes(CIPHER)), 0x0F);
        harness.load_temp_key(Source::Input);
        assert_eq!(
            harness.run(SECURE_BOOT, 0x86, 0, &bytes(CIPHER)),
            Ok(bytes(MAC_86))
        );
        assert_eq!(
            harness.run(SECURE_BOOT, 0x86, 0, &rising(0x80)),
            Ok(vec![1])
        );
        // The full form has the signature in its MAC.
        let data = [bytes(CIPHER), full()[32..].to_vec()].concat();
        let answer = harness.run(SECURE_BOOT, 0x85, 0, &data).unwrap();
        let head = [0x80, 0x85, 0, 0];
        let parts = [&bytes(HK)[..], &full(), &head];
        assert_eq!(answer, crate::command::sha256(&parts));
        harness.memory.config[90] = 0;
        assert_eq!(harness.status(SECURE_BOOT, 0x86, 0, &bytes(CIPHER)), 0x0F);
    }

    #[test]
    fn required_random_nonce() {
        let mut harness = chip(Locked, 0x13);
        harness.store_key(12, &rising(0x80));
        assert_eq!(harness.status(SECURE_BOOT, 0x06, 0, &rising(0x80)), 0x0F);
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.status(SECURE_BOOT, 0x86, 0, &bytes(CIPHER)), 0x0F);
        harness.load_temp_key(Source::Rand);
        assert_eq!(
            harness.run(SECURE_BOOT, 0x86, 0, &bytes(CIPHER)),
            Ok(bytes(MAC_86))
        );
    }

    #[test]
    fn latch_and_prohibition_follow_success() {
        let mut harness = chip(Locked, 0x0B);
        assert_eq!(harness.status(SECURE_BOOT, 0x45, 0, &wrong()), 0x01);
        assert!(!harness.volatile.latch && !harness.volatile.boot_prohibited);
        assert_eq!(harness.status(SECURE_BOOT, 0x45, 0, &full()), 0x00);
        assert!(harness.volatile.latch);
        assert_eq!(harness.status(SECURE_BOOT, 0x05, 0, &full()), 0x0F);
    }

    #[test]
    fn key_off_the_curve() {
        let mut harness = chip(Locked, 3);
        harness.store_public_key(11, &[0; 64]);
        assert_eq!(harness.status(SECURE_BOOT, 5, 0, &full()), 0x0F);
    }

    #[test]
    fn parse_errors() {
        for (p1, p2, length) in [
            (0x04, 0, 96),
            (0x00, 0, 32),
            (0x0D, 0, 96),
            (0x05, 1, 96),
            (0x05, 0, 32),
            (0x06, 0, 96),
            (0x07, 0, 32),
        ] {
            let mut harness = chip(Locked, 3);
            let status = harness.status(SECURE_BOOT, p1, p2, &vec![0; length]);
            assert_eq!(status, 0x03, "{p1:02X} {length}");
        }
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(SECURE_BOOT, 5, 0, &full()), 0x03);
    }
}
