//! The IO protection key of a 608: secrets leave the chip encrypted with it,
//! and MACs made with it protect answers. Source: cryptoauthlib
//! `atcah_io_decrypt`.

use super::random::Seed;
use super::{Core, Status, sha256, xor};

/// Bytes that one key encrypts.
const BLOCK: usize = 32;
/// Bytes of `OutNonce` that make one key.
const NONCE_PART: usize = 16;

impl Core<'_> {
    /// The key, when the chip's options name one. The code of the refusal is
    /// unconfirmed.
    pub(super) fn io_protection_key(&self) -> Result<[u8; 32], Status> {
        let slot = self.memory.chip_options().io_protection_key();
        slot.map(|slot| self.memory.key(slot))
            .ok_or(Status::Execution)
    }

    /// `secret`, encrypted, then the 32-byte `OutNonce`: each half of the
    /// nonce makes the key of one 32-byte block.
    pub(super) fn protect_output(&mut self, secret: &[u8]) -> Result<Vec<u8>, Status> {
        let key = self.io_protection_key()?;
        let nonce = self.random_block(Seed::Sram)?;
        let mut output = encrypt(&key, &nonce, secret);
        output.extend(nonce);
        Ok(output)
    }
}

fn encrypt(key: &[u8; 32], nonce: &[u8; 32], secret: &[u8]) -> Vec<u8> {
    secret
        .chunks(BLOCK)
        .zip(nonce.chunks(NONCE_PART))
        .flat_map(|(block, part)| xor(block, &sha256(&[key, part])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::encrypt;
    use crate::command::harness::{bytes, rising};

    /// Trap 34 of `docs/sources.md`: the two halves of the nonce key the two
    /// blocks.
    #[test]
    fn trap_34_a_key_for_each_block() {
        let secret = [rising(0x40), rising(0x80)].concat();
        assert_eq!(
            encrypt(&rising(0x20), &rising(0xA0), &secret),
            bytes(
                "A4ED12A5D7E82D85EE5EBF064924D88F1CB1CD39FDC7E28DCABA958A3A6465BF\
                 EF0BF209B36CC762F10E88E61D66302E251761FF704B6F7E164F0EAAAE1FB791"
            )
        );
    }
}
