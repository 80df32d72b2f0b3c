//! Encrypted reads and writes. `TempKey` holds the session key: a random nonce
//! digested with the slot's key by GenDig.

use super::{CommandHeader, sha256, tail};
use crate::SerialNumber;

/// Both ways of the encryption: a block read is decrypted with `TempKey`.
///
/// ```
/// use atecc::host::xor;
///
/// let (plain, temp_key) = ([0x5A; 32], [0x40; 32]);
/// assert_eq!(xor(&xor(&plain, &temp_key), &temp_key), plain);
/// ```
#[must_use]
pub fn xor(block: &[u8; 32], temp_key: &[u8; 32]) -> [u8; 32] {
    let mut result = *block;
    for (byte, mask) in result.iter_mut().zip(temp_key) {
        *byte ^= mask;
    }
    result
}

/// The data of a [`crate::commands::WriteEncrypted`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EncryptedWrite {
    /// The block, encrypted.
    pub cipher: [u8; 32],
    /// Over command and plain text.
    pub mac: [u8; 32],
}

/// Encrypt and authenticate a block to be written.
#[must_use]
pub fn encrypt_write(
    head: CommandHeader,
    plain: &[u8; 32],
    temp_key: &[u8; 32],
    serial: &SerialNumber,
) -> EncryptedWrite {
    EncryptedWrite {
        cipher: xor(plain, temp_key),
        mac: sha256(&[temp_key, &head.0, &tail(serial), &[0; 25], plain]),
    }
}

/// The data of an encrypted [`crate::commands::PrivWrite`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EncryptedKey {
    /// Four bytes of padding and the scalar, encrypted.
    pub cipher: [u8; 36],
    /// Over command and plain text.
    pub mac: [u8; 32],
}

/// Encrypt and authenticate a private key to be written: four bytes of
/// padding, then the scalar, big-endian.
#[must_use]
pub fn encrypt_private_key(
    head: CommandHeader,
    plain: &[u8; 36],
    temp_key: &[u8; 32],
    serial: &SerialNumber,
) -> EncryptedKey {
    let mut cipher = *plain;
    let last = sha256(&[temp_key]);
    for (byte, mask) in cipher.iter_mut().zip(temp_key.iter().chain(&last)) {
        *byte ^= mask;
    }
    EncryptedKey {
        cipher,
        mac: sha256(&[temp_key, &head.0, &tail(serial), &[0; 21], plain]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{SERIAL, TEMP_KEY, counting, hex};
    use super::*;
    use crate::Opcode;

    #[test]
    fn write_vectors() {
        let plain = counting(0x00);
        let write = |param1| {
            let head = CommandHeader::new(Opcode::Write, param1, 0x0040);
            encrypt_write(head, &plain, &TEMP_KEY, &SERIAL)
        };
        assert_eq!(write(0x82).cipher, [0x40; 32]);
        assert_eq!(xor(&write(0x82).cipher, &TEMP_KEY), plain);
        assert_eq!(
            write(0x82).mac,
            hex("499B69F52F46A92873944064831C8E98560A6BEBD53D22161AF740557D2B589C")
        );
        assert_eq!(
            write(0xC2).mac,
            hex("64AD1FA87C345187F175302E8C44CBA362D889DE889D8FC116CF6DF2F3CD0D59")
        );
    }

    #[test]
    fn private_key_vector() {
        let mut plain = [0; 36];
        plain[4..].copy_from_slice(&counting::<32>(0x01));
        let head = CommandHeader::new(Opcode::PrivWrite, 0x40, 7);
        let key = encrypt_private_key(head, &plain, &TEMP_KEY, &SERIAL);
        assert_eq!(
            key.cipher,
            hex("40414243454745434D4F4D43454745435D5F5D43454745434D4F4D4345474543D73450C7")
        );
        assert_eq!(
            key.mac,
            hex("89328ADE8483A36C9803DE01C8EA467220762BA8E38330E705C60B734263BE08")
        );
    }
}
