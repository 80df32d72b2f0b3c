//! `KDF` (opcode 0x56), 608 only: PRF of TLS 1.2, AES, or the extract step of
//! HKDF. Its full description is not public. Sources: cryptoauthlib
//! `calib_kdf.c` and its tests; rust-cryptoauthlib `kdf.rs`. Which refusals
//! say 0x03 and which 0x0F is unconfirmed.

mod request;

use request::{Algorithm, From, Request, To};
use zeroize::Zeroizing;

use super::aes::{AES_KEY_TYPE, block_key, encrypt};
use super::{Core, Frame, Outcome, SUCCESS, Status, check};
use crate::memory::Slot;
use crate::memory::options::Protection;
use crate::sha_context::ShaContext;
use crate::volatile::Source;

/// `KeyType` of a key for SHA.
const SHA_KEY_TYPE: u8 = 7;
/// Bytes of one result, unless PRF makes two.
const RESULT: usize = 32;

impl Core<'_> {
    pub(super) fn kdf(&mut self, frame: &Frame<'_>) -> Outcome {
        let request = Request::parse(frame).ok_or(Status::Parse)?;
        self.check_config_locked()?;
        let mut result = match request.algorithm {
            Algorithm::Prf => self.prf(&request)?,
            Algorithm::Aes => self.kdf_aes(&request)?,
            Algorithm::Hkdf => self.hkdf(&request)?,
        };
        // Details bits 10-9 of PRF, an AEAD mode: 1 sends the second half of
        // the result to the output (unconfirmed).
        if request.algorithm == Algorithm::Prf && request.details >> 9 & 3 == 1 {
            let kept = !matches!(request.to, To::Output | To::EncryptedOutput);
            check(kept && result.len() == 2 * RESULT, Status::Execution)?;
            let second = Zeroizing::new(result.split_off(RESULT));
            let answer = self.deliver(To::Output, &second)?;
            self.deliver(request.to, &result)?;
            return Ok(answer);
        }
        self.deliver(request.to, &result)
    }

    /// `P_SHA256`. Source: RFC 5246, section 5.
    fn prf(&mut self, request: &Request<'_>) -> Result<Zeroizing<Vec<u8>>, Status> {
        check(request.details >> 9 & 3 < 2, Status::Parse)?;
        let length = 16 * (1 + request.details as usize % 4);
        let source = self.kdf_source(request.from)?;
        let key = source.get(..length).ok_or(Status::Execution)?;
        let blocks = if request.details >> 8 & 1 == 0 { 1 } else { 2 };
        let mut result = Zeroizing::new(Vec::with_capacity(RESULT * blocks));
        let mut a = request.message.to_vec();
        for _ in 0..blocks {
            a = hmac(key, &[&a]).to_vec();
            result.extend(hmac(key, &[&a, request.message]));
        }
        Ok(result)
    }

    /// One encrypted block, then 16 zero bytes.
    fn kdf_aes(&mut self, request: &Request<'_>) -> Result<Zeroizing<Vec<u8>>, Status> {
        let enabled = self.memory.chip_options().kdf_aes() && self.memory.has_aes();
        check(enabled, Status::Execution)?;
        let source = self.kdf_source(request.from)?;
        let key = block_key(&source, request.details as usize % 4).ok_or(Status::Execution)?;
        let block = request.message.try_into().or(Err(Status::Parse))?;
        let mut result = Zeroizing::new(encrypt(&key, block).to_vec());
        result.resize(RESULT, 0);
        Ok(result)
    }

    /// HMAC of the message. Source: RFC 5869, section 2.2.
    fn hkdf(&mut self, request: &Request<'_>) -> Result<Zeroizing<Vec<u8>>, Status> {
        let length = request.message_length();
        let message = match request.details & 3 {
            0 => {
                let [_, number, ..] = request.details.to_le_bytes();
                let slot = Slot::of_nibble(number);
                self.use_kdf_key(slot)?;
                self.memory.slot(slot).get(..length).map(<[u8]>::to_vec)
            }
            1 => {
                let whole = self.volatile.temp_key.get_64().ok_or(Status::Execution)?;
                whole.get(..length).map(<[u8]>::to_vec)
            }
            2 => Some(request.message.to_vec()),
            _ => {
                let matches = self.memory.matches_kdf_iv(request.message);
                matches.then(|| request.message.to_vec())
            }
        };
        let message = Zeroizing::new(message.ok_or(Status::Execution)?);
        let key = if request.details & 0x04 == 0 {
            let source = self.kdf_source(request.from)?;
            Zeroizing::new(source.get(..32).ok_or(Status::Execution)?.to_vec())
        } else {
            Zeroizing::new(vec![0; 32])
        };
        Ok(Zeroizing::new(hmac(&key, &[&message]).to_vec()))
    }

    /// All bytes of the source.
    fn kdf_source(&mut self, from: From) -> Result<Zeroizing<Vec<u8>>, Status> {
        let temp_key = &self.volatile.temp_key;
        let bytes = match from {
            From::TempKey => temp_key.loaded(),
            From::UpperTempKey => temp_key.get_high().map(Vec::from),
            From::Slot(slot) => {
                self.use_kdf_key(slot)?;
                Some(self.memory.slot(slot).to_vec())
            }
            From::AlternateKey => self.volatile.alternate_key.map(Vec::from),
        };
        bytes.map(Zeroizing::new).ok_or(Status::Execution)
    }

    /// The gate without `ReqRandom`, which is not known to apply.
    fn use_kdf_key(&mut self, slot: Slot) -> Result<(), Status> {
        check(!self.memory.key_config(slot).private(), Status::Execution)?;
        self.take_authorization(slot)?;
        self.check_latch(slot)?;
        self.count_use(slot)
    }

    fn deliver(&mut self, to: To, result: &[u8]) -> Outcome {
        let protection = self.memory.chip_options().kdf_output();
        let (low, high) = result.split_first_chunk::<32>().ok_or(Status::Execution)?;
        let high: Option<[u8; 32]> = high.try_into().ok();
        let temp_key = &mut self.volatile.temp_key;
        match (to, high) {
            (To::TempKey, None) => temp_key.load(*low, Source::Input),
            (To::TempKey, Some(high)) => temp_key.load_64(*low, high, Source::Input),
            (To::UpperTempKey, None) => temp_key.load_high(*low),
            (To::AlternateKey, None) => self.volatile.alternate_key = Some(*low),
            (To::Slot(slot), _) => return self.store_derived(slot, result),
            (To::Output, _) if protection == Protection::Clear => return Ok(result.to_vec()),
            (To::EncryptedOutput, _) if protection != Protection::Inside => {
                return self.protect_output(result);
            }
            _ => return Err(Status::Execution),
        }
        Ok(SUCCESS.to_vec())
    }

    /// `PersistentDisable` does not bind a target.
    fn store_derived(&mut self, slot: Slot, result: &[u8]) -> Outcome {
        let key = self.memory.key_config(slot);
        let open = key.pub_info()
            && !key.private()
            && matches!(key.key_type(), AES_KEY_TYPE | SHA_KEY_TYPE)
            && self.memory.slot_config(slot).write_config() == 0
            && !self.memory.is_slot_locked(slot);
        check(open, Status::Execution)?;
        let bytes = self.memory.slot_mut(slot).get_mut(..result.len());
        bytes.ok_or(Status::Execution)?.copy_from_slice(result);
        Ok(SUCCESS.to_vec())
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hmac = ShaContext::hmac(key);
    for part in parts {
        hmac.update(part);
    }
    hmac.finish().digest
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::command::{sha256, xor};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const KDF: u8 = 0x56;
    const FROM_SLOT: u8 = 0x02;
    const TO_OUTPUT: u8 = 0x10;
    const TO_ENCRYPTED: u8 = 0x14;
    const AES: u8 = 0x20;
    const HKDF: u8 = 0x40;
    /// Details: a 32-byte key, results of 32 and 64 bytes, a message of 32.
    const PRF_32: u32 = 0x2000_0001;
    const PRF_64: u32 = 0x2000_0101;
    const HKDF_INPUT: u32 = 0x2000_0002;
    const HKDF_ZERO_KEY: u32 = 0x2000_0006;
    const PRF: &str = "A68D06CD042D15CF1A4F4B051C15DBE01A7347B9AB573F5B637020EAC063CE44\
         306F3C5EC1623A2DB73A675F244653CF2020B14812ACC9BB27A1B30F66AE0A7E";
    const HKDF_RESULT: &str = "E8086053D95E668344762920C4F3F3E3191E4BC7D2758BB32EF8472DD32319A9";

    /// The vectors' key in `TempKey` and in slot 4, which is the IO
    /// protection key too; KDF-AES is on.
    fn chip(state: LockState) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(4, 0x0F8F, 0x003C);
        harness.store_key(4, &rising(0x20));
        harness.volatile.temp_key.load(rising(0x20), Source::Input);
        harness.memory.config[90..92].copy_from_slice(&[0x06, 0x40]);
        harness
    }

    /// Details and the message 80..9F.
    fn data(details: u32) -> Vec<u8> {
        [&details.to_le_bytes()[..], &rising(0x80)].concat()
    }

    #[test]
    fn prf_of_the_vector() {
        for state in [DataOpen, Locked] {
            for p1 in [TO_OUTPUT, TO_OUTPUT | FROM_SLOT] {
                let mut harness = chip(state);
                assert_eq!(harness.run(KDF, p1, 4, &data(PRF_64)), Ok(bytes(PRF)));
                let half = bytes(PRF)[..32].to_vec();
                assert_eq!(harness.run(KDF, p1, 4, &data(PRF_32)), Ok(half));
                assert!(harness.temp_key().is_some(), "TempKey is kept");
            }
        }
        assert_eq!(
            chip(ConfigOpen).status(KDF, TO_OUTPUT, 0, &data(PRF_32)),
            0x0F
        );
    }

    #[test]
    fn hkdf_of_the_vector() {
        let zero = "35BFF8CC7EC7C4EEF447E6C1AF4F652860BDBA01F3A55A834B83B412BD40E94E";
        let p1 = HKDF | TO_OUTPUT;
        let mut harness = chip(Locked);
        assert_eq!(
            harness.run(KDF, p1, 0, &data(HKDF_INPUT)),
            Ok(bytes(HKDF_RESULT))
        );
        assert_eq!(
            harness.run(KDF, p1, 0, &data(HKDF_ZERO_KEY)),
            Ok(bytes(zero))
        );
    }

    #[test]
    fn hkdf_messages_in_the_chip() {
        let mut harness = chip(Locked);
        harness.configure(10, 0x0F8F, 0x003C);
        harness.store_key(10, &rising(0x80));
        for from in [FROM_SLOT, 0] {
            let p1 = HKDF | TO_OUTPUT | from;
            let stored = 0x2000_0A00_u32;
            assert_eq!(
                harness.run(KDF, p1, 4, &data(stored)),
                Ok(bytes(HKDF_RESULT))
            );
            let bare = stored.to_le_bytes();
            assert_eq!(harness.run(KDF, p1, 4, &bare), Ok(bytes(HKDF_RESULT)));
        }
        harness.volatile.temp_key.load(rising(0x80), Source::Input);
        let p1 = HKDF | TO_OUTPUT | FROM_SLOT;
        let bare = 0x2000_0001_u32.to_le_bytes();
        assert_eq!(harness.run(KDF, p1, 4, &bare), Ok(bytes(HKDF_RESULT)));
    }

    #[test]
    fn hkdf_with_an_iv() {
        let p1 = HKDF | TO_OUTPUT;
        for (location, text, status) in [
            (9, [0x89, 0x8A], 0x00),
            (9, [0x89, 0x8B], 0x0F),
            (30, [0x9E, 0x9F], 0x00),
            (31, [0x9F, 0x00], 0x0F),
            (0xF0, [0x89, 0x8A], 0x0F),
        ] {
            let mut harness = chip(Locked);
            harness.memory.config[72] = location;
            harness.memory.config[73..75].copy_from_slice(&text);
            assert_eq!(
                harness.status(KDF, p1, 0, &data(0x2000_0003)),
                status,
                "{location}"
            );
        }
    }

    /// Trap 36 of `docs/sources.md`: 32 bytes, the second half zero. Source of
    /// the cipher: the golden session.
    #[test]
    fn trap_36_aes_returns_32_bytes() {
        let message = [&[0; 4][..], &rising(0x00)[..16]].concat();
        let mut expected = bytes("0A940BB5416EF045F1C39458C653EA5A");
        expected.resize(32, 0);
        let mut harness = chip(Locked);
        harness.volatile.temp_key.load(rising(0x00), Source::Input);
        assert_eq!(harness.run(KDF, AES | TO_OUTPUT, 0, &message), Ok(expected));
        for (at, value) in [(90, 0x02), (13, 0x60)] {
            let mut off = chip(Locked);
            off.memory.config[at] = value;
            assert_eq!(off.status(KDF, AES | TO_OUTPUT, 0, &message), 0x0F, "{at}");
        }
    }

    /// Every target, read back the way the next command sees it.
    #[test]
    fn targets() {
        let secret = bytes(PRF);
        let mut harness = chip(Locked);
        assert_eq!(harness.run(KDF, 0x02, 4, &data(PRF_64)), Ok(vec![0]));
        assert_eq!(harness.temp_key(), Some(secret[..32].to_vec()));
        assert_eq!(
            harness.volatile.temp_key.get_high().map(Vec::from),
            Some(secret[32..].to_vec())
        );
        let mut harness = chip(Locked);
        assert_eq!(harness.run(KDF, 0x06, 4, &data(PRF_32)), Ok(vec![0]));
        assert_eq!(harness.temp_key(), Some(rising(0x20).to_vec()));
        assert_eq!(
            harness.volatile.temp_key.get_high().map(Vec::from),
            Some(secret[..32].to_vec())
        );
        assert_eq!(harness.run(KDF, 0x0E, 4, &data(PRF_32)), Ok(vec![0]));
        assert_eq!(
            harness.volatile.alternate_key.map(Vec::from),
            Some(secret[..32].to_vec())
        );
        for p1 in [0x06, 0x0E] {
            assert_eq!(harness.status(KDF, p1, 4, &data(PRF_64)), 0x0F, "too long");
        }
    }

    #[test]
    fn sources() {
        let mut harness = chip(Locked);
        for p1 in [TO_OUTPUT | 1, TO_OUTPUT | 3] {
            assert_eq!(
                harness.status(KDF, p1, 0, &data(PRF_32)),
                0x0F,
                "not loaded"
            );
        }
        harness
            .volatile
            .temp_key
            .load_64([0; 32], rising(0x20), Source::Input);
        harness.volatile.alternate_key = Some(rising(0x20));
        for p1 in [TO_OUTPUT | 1, TO_OUTPUT | 3] {
            assert_eq!(harness.run(KDF, p1, 0, &data(PRF_64)), Ok(bytes(PRF)));
        }
        // A 64-byte key is longer than slot 4 and than half of TempKey.
        let long = 0x2000_0003;
        for (from, status) in [(0, 0x00), (1, 0x0F), (FROM_SLOT, 0x0F), (3, 0x0F)] {
            let found = harness.status(KDF, TO_OUTPUT | from, 4, &data(long));
            assert_eq!(found, status, "{from}");
        }
    }

    #[test]
    fn target_slots() {
        for (policy, key_config, status) in [
            (0x0F8F, 0x003A, 0x00), // An AES key.
            (0x0F8F, 0x003E, 0x00), // A SHA key.
            (0x0F8F, 0x003C, 0x0F), // PubInfo is 0.
            (0x0F8F, 0x0032, 0x0F), // A public key.
            (0x2F8F, 0x003A, 0x0F), // WriteConfig.
        ] {
            let mut harness = chip(Locked);
            harness.configure(9, policy, key_config);
            let found = harness.status(KDF, 0x08, 0x0900, &data(PRF_64));
            assert_eq!(found, status, "{policy:04X} {key_config:04X}");
            let stored = &harness.memory.slot(Slot::of_nibble(9))[..64];
            assert_eq!(stored == bytes(PRF), status == 0x00);
        }
        let mut harness = chip(Locked);
        harness.configure(9, 0x0F8F, 0x003A);
        harness.memory.lock_slot(Slot::of_nibble(9));
        assert_eq!(harness.status(KDF, 0x08, 0x0900, &data(PRF_32)), 0x0F);
    }

    /// Trap 32 of `docs/sources.md`: `PersistentDisable` stops a source, not a
    /// target.
    #[test]
    fn trap_32_latch_and_targets() {
        let mut harness = chip(Locked);
        harness.configure(9, 0x0F8F, 0x103A);
        assert_eq!(harness.status(KDF, 0x08, 0x0900, &data(PRF_32)), 0x00);
        assert_eq!(
            harness.status(KDF, TO_OUTPUT | FROM_SLOT, 9, &data(PRF_32)),
            0x0F
        );
    }

    /// Trap 37 of `docs/sources.md`: bytes of Param2 that the mode does not use
    /// are ignored.
    #[test]
    fn trap_37_unused_bytes_of_param2() {
        let mut harness = chip(Locked);
        assert_eq!(harness.status(KDF, TO_OUTPUT, 0xABCD, &data(PRF_32)), 0x00);
        assert_eq!(
            harness.status(KDF, TO_OUTPUT | FROM_SLOT, 0xFF04, &data(PRF_32)),
            0x00
        );
    }

    #[test]
    fn encrypted_output() {
        let mut harness = chip(Locked);
        let output = harness.run(KDF, TO_ENCRYPTED, 0, &data(PRF_64)).unwrap();
        let (cipher, nonce) = output.split_at(64);
        let pad: Vec<u8> = nonce
            .chunks(16)
            .flat_map(|part| sha256(&[&rising(0x20), part]))
            .collect();
        assert_eq!(xor(cipher, &pad), bytes(PRF));
        let short = harness.run(KDF, TO_ENCRYPTED, 0, &data(PRF_32)).unwrap();
        assert_eq!(short.len(), 64);
    }

    #[test]
    fn output_protection() {
        for (high, clear, encrypted) in [
            (0x40, 0x00, 0x00),
            (0x44, 0x0F, 0x00),
            (0x48, 0x0F, 0x0F),
            (0x4C, 0x0F, 0x0F),
        ] {
            let mut harness = chip(Locked);
            harness.memory.config[91] = high;
            assert_eq!(
                harness.status(KDF, TO_OUTPUT, 0, &data(PRF_32)),
                clear,
                "{high:02X}"
            );
            assert_eq!(
                harness.status(KDF, TO_ENCRYPTED, 0, &data(PRF_32)),
                encrypted
            );
            assert_eq!(harness.status(KDF, 0x00, 0, &data(PRF_32)), 0x00);
        }
    }

    #[test]
    fn second_half_to_the_output() {
        let aead = PRF_64 | 1 << 9;
        let mut harness = chip(Locked);
        assert_eq!(
            harness.run(KDF, 0x0C, 0, &data(aead)),
            Ok(bytes(PRF)[32..].to_vec())
        );
        assert_eq!(
            harness.volatile.alternate_key.map(Vec::from),
            Some(bytes(PRF)[..32].to_vec())
        );
        assert_eq!(harness.status(KDF, TO_OUTPUT, 0, &data(aead)), 0x0F);
    }

    #[test]
    fn parse_errors() {
        for (p1, details, length) in [
            (0x90, PRF_32, 36),
            (0x70, PRF_32, 36),
            (0x18, PRF_32, 36),
            (0x1C, PRF_32, 36),
            (0x10, PRF_32, 35),
            (0x10, PRF_32, 3),
            (0x10, PRF_32 | 2 << 9, 36),
            (0x30, 0, 19),
            (0x30, 0, 36),
            (0x50, HKDF_INPUT, 4),
        ] {
            let mut harness = chip(Locked);
            let data = &data(details)[..length];
            assert_eq!(harness.status(KDF, p1, 4, data), 0x03, "{p1:02X} {length}");
        }
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(KDF, TO_OUTPUT, 0, &data(PRF_32)), 0x03);
    }
}
