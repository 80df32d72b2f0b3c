//! `AES` (opcode 0x51), 608 only: one block of AES-128, or one multiplication
//! of GCM. Source: cryptoauthlib `calib_aes.c`, its tests, and maintainers'
//! answers about 0x03 where other commands say 0x0F.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::{Core, Frame, Outcome, Status, check};
use crate::memory::{LockState, Slot};

/// Param2: the key is in `TempKey`.
pub(super) const TEMP_KEY: u16 = 0xFFFF;
/// `KeyType` of an AES key.
pub(super) const AES_KEY_TYPE: u8 = 6;

impl Core<'_> {
    pub(super) fn aes(&mut self, frame: &Frame<'_>) -> Outcome {
        let block = usize::from(frame.p1 >> 6);
        check(frame.p1 & 0x38 == 0, Status::Parse)?;
        check(self.memory.has_aes(), Status::Parse)?;
        match frame.p1 & 0x07 {
            0 => {
                let data = frame.data.try_into().or(Err(Status::Parse))?;
                Ok(encrypt(&self.aes_key(frame, block)?, data).to_vec())
            }
            1 => {
                let data = frame.data.try_into().or(Err(Status::Parse))?;
                Ok(decrypt(&self.aes_key(frame, block)?, data).to_vec())
            }
            3 if block == 0 => {
                let (h, x) = frame.data.split_first_chunk().ok_or(Status::Parse)?;
                let x = x.try_into().or(Err(Status::Parse))?;
                Ok(multiply(*h, x).to_vec())
            }
            _ => Err(Status::Parse),
        }
    }

    fn aes_key(&mut self, frame: &Frame<'_>, block: usize) -> Result<[u8; 16], Status> {
        if frame.p2 == TEMP_KEY {
            let whole = self.volatile.temp_key.get_64().ok_or(Status::Execution)?;
            return block_key(&whole, block).ok_or(Status::Parse);
        }
        check(self.lock_state() != LockState::ConfigOpen, Status::Parse)?;
        let slot = Slot::of_param2(frame.p2);
        // A block past the slot's end: 0x03 (unconfirmed).
        let key = block_key(self.memory.slot(slot), block).ok_or(Status::Parse)?;
        let kind = self.memory.key_config(slot);
        let is_aes = kind.key_type() == AES_KEY_TYPE && !kind.private();
        check(is_aes, Status::Execution)?;
        self.take_authorization(slot)?;
        self.check_latch(slot)?;
        self.count_use(slot)?;
        Ok(key)
    }
}

/// The 16 bytes of key number `block`.
pub(super) fn block_key(store: &[u8], block: usize) -> Option<[u8; 16]> {
    store.get(16 * block..16 * block + 16)?.try_into().ok()
}

pub(super) fn encrypt(key: &[u8; 16], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes128::new(&(*key).into()).encrypt_block(&mut block);
    block.into()
}

fn decrypt(key: &[u8; 16], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes128::new(&(*key).into()).decrypt_block(&mut block);
    block.into()
}

/// The product in the field of GCM: bit 0 is the most significant bit of byte
/// 0. Source: NIST SP 800-38D, section 6.3.
fn multiply(h: [u8; 16], x: [u8; 16]) -> [u8; 16] {
    const POLYNOMIAL: u128 = 0xE1 << 120;
    let (mut factor, x) = (u128::from_be_bytes(h), u128::from_be_bytes(x));
    let mut product = 0;
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            product ^= factor;
        }
        let carry = factor & 1 == 1;
        factor >>= 1;
        if carry {
            factor ^= POLYNOMIAL;
        }
    }
    product.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::revision::Revision;
    use crate::volatile::Source;

    const AES: u8 = 0x51;
    const ENCRYPT: u8 = 0x00;
    const DECRYPT: u8 = 0x01;
    const GFM: u8 = 0x03;
    const TEMP_KEY: u16 = 0xFFFF;
    const CIPHER: &str = "254B1C41800C8D3DF5FB5537BF3A961F";

    fn block() -> Vec<u8> {
        rising(0x80)[..16].to_vec()
    }

    /// The vector's key in slot 10.
    fn chip(state: LockState, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(10, 0x0F8F, key_config);
        harness.store_key(10, &rising(0x20));
        harness
    }

    #[test]
    fn vector() {
        for state in [DataOpen, Locked] {
            let mut harness = chip(state, 0x0038);
            assert_eq!(harness.run(AES, ENCRYPT, 10, &block()), Ok(bytes(CIPHER)));
            assert_eq!(harness.run(AES, DECRYPT, 10, &bytes(CIPHER)), Ok(block()));
        }
    }

    /// Source: NIST SP 800-38A, F.1.1; the last block of 64 bytes is used.
    #[test]
    fn temp_key_in_every_lock_state() {
        let key = bytes("2B7E151628AED2A6ABF7158809CF4F3C");
        let plain = bytes("6BC1BEE22E409F96E93D7E117393172A");
        let cipher = bytes("3AD77BB40D7A3660A89ECAF32466EF97");
        for state in [ConfigOpen, DataOpen, Locked] {
            let mut harness = chip(state, 0x0038);
            assert_eq!(harness.status(AES, ENCRYPT, TEMP_KEY, &plain), 0x0F);
            for kb in 0..4 {
                let mut whole = vec![0; 64];
                whole[16 * kb..16 * kb + 16].copy_from_slice(&key);
                assert_eq!(harness.status(0x16, 0x23, 0, &whole), 0x00);
                let p1 = u8::try_from(kb << 6).unwrap();
                for _ in 0..2 {
                    let found = harness.run(AES, p1, TEMP_KEY, &plain);
                    assert_eq!(found, Ok(cipher.clone()), "TempKey is kept");
                }
                assert_eq!(
                    harness.run(AES, p1 | DECRYPT, TEMP_KEY, &cipher),
                    Ok(plain.clone())
                );
            }
        }
    }

    #[test]
    fn multiplication_of_the_vector() {
        let h = bytes("66E94BD4EF8A2C3B884CFA59CA342B2E");
        let x = bytes("0388DACE60B6A392F328C2B971B2FE78");
        let product = bytes("5E2EC746917062882C85B0685353DEB7");
        for state in [ConfigOpen, DataOpen, Locked] {
            let mut harness = chip(state, 0x0038);
            assert_eq!(
                harness.run(AES, GFM, 0, &[&h[..], &x].concat()),
                Ok(product.clone())
            );
        }
    }

    /// 0x03 for a slot before the configuration lock and for a part without
    /// AES; 0x0F for a key of another kind.
    #[test]
    fn refusals() {
        let one = |state, key_config| chip(state, key_config).status(AES, ENCRYPT, 10, &block());
        assert_eq!(one(ConfigOpen, 0x0038), 0x03);
        assert_eq!(one(Locked, 0x003C), 0x0F);
        assert_eq!(one(Locked, 0x0039), 0x0F, "private");
        assert_eq!(one(Locked, 0x00B8), 0x0F, "ReqAuth");
        assert_eq!(one(Locked, 0x0078), 0x00, "ReqRandom is not asked");
        let mut harness = chip(Locked, 0x0038);
        harness.memory.config[13] &= 0xFE;
        assert_eq!(harness.status(AES, ENCRYPT, 10, &block()), 0x03);
        // Slots 0 to 7 hold two keys.
        let mut harness = chip(Locked, 0x0038);
        harness.configure(3, 0x0F8F, 0x0018);
        assert_eq!(harness.status(AES, 0x40, 3, &block()), 0x00);
        assert_eq!(harness.status(AES, 0x80, 3, &block()), 0x03);
        assert_eq!(harness.status(AES, 0xC0, 10, &block()), 0x00);
    }

    /// Trap 31 of `docs/sources.md`: a protected key waits for the latch.
    #[test]
    fn trap_31_persistent_disable() {
        let mut harness = chip(Locked, 0x1038);
        assert_eq!(harness.status(AES, ENCRYPT, 10, &block()), 0x0F);
        harness.volatile.latch = true;
        assert_eq!(harness.run(AES, ENCRYPT, 10, &block()), Ok(bytes(CIPHER)));
    }

    #[test]
    fn each_block_is_a_use() {
        let mut harness = chip(Locked, 0x0038);
        harness.configure(10, 0x0FAF, 0x0038);
        assert_eq!(harness.status(AES, ENCRYPT, 10, &block()), 0x00);
        assert_eq!(harness.memory.config[52..54], [0x7F, 0xFF]);
        assert_eq!(harness.status(AES, GFM, 10, &[0; 32]), 0x00);
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.status(AES, ENCRYPT, TEMP_KEY, &block()), 0x00);
        assert_eq!(harness.memory.config[52..54], [0x7F, 0xFF]);
    }

    #[test]
    fn parse_errors() {
        let mut harness = chip(Locked, 0x0038);
        for (p1, length) in [
            (0x02, 16),
            (0x04, 16),
            (0x07, 16),
            (0x08, 16),
            (0x20, 16),
            (0x43, 32),
            (0x00, 15),
            (0x01, 32),
            (0x03, 16),
        ] {
            let data = vec![0; length];
            assert_eq!(
                harness.status(AES, p1, 10, &data),
                0x03,
                "{p1:02X} {length}"
            );
        }
        let mut old = Harness::new(Revision::Atecc508A, Locked);
        assert_eq!(old.status(AES, ENCRYPT, 10, &block()), 0x03);
    }
}
