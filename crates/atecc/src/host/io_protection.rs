//! The ATECC608's encryption of ECDH and KDF results with the IO protection
//! key.

use super::sha256;

/// Decrypt 32 bytes that came with `nonce`.
#[must_use]
pub fn decrypt_32(io_key: &[u8; 32], nonce: &[u8; 32], cipher: &[u8; 32]) -> [u8; 32] {
    let mut plain = *cipher;
    unmask(&mut plain, io_key, nonce);
    plain
}

/// Decrypt 64 bytes that came with `nonce`: each half of it keys one block.
#[must_use]
pub fn decrypt_64(io_key: &[u8; 32], nonce: &[u8; 32], cipher: &[u8; 64]) -> [u8; 64] {
    let mut plain = *cipher;
    unmask(&mut plain, io_key, nonce);
    plain
}

fn unmask(bytes: &mut [u8], io_key: &[u8; 32], nonce: &[u8; 32]) {
    for (block, half) in bytes.chunks_mut(32).zip(nonce.chunks(16)) {
        let mask = sha256(&[io_key, half]);
        for (byte, mask) in block.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CHALLENGE, KEY, NONCE, TEMP_KEY, hex};
    use super::*;

    #[test]
    fn vectors() {
        let first = hex("A4ED12A5D7E82D85EE5EBF064924D88F1CB1CD39FDC7E28DCABA958A3A6465BF");
        assert_eq!(decrypt_32(&KEY, &NONCE, &first), TEMP_KEY);
        let both = hex(
            "A4ED12A5D7E82D85EE5EBF064924D88F1CB1CD39FDC7E28DCABA958A3A6465BF\
             EF0BF209B36CC762F10E88E61D66302E251761FF704B6F7E164F0EAAAE1FB791",
        );
        let plain = decrypt_64(&KEY, &NONCE, &both);
        assert_eq!(plain[..32], TEMP_KEY);
        assert_eq!(plain[32..], CHALLENGE);
    }
}
