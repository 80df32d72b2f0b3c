//! SecureBoot with a protected digest.

use super::{CommandHeader, sha256, xor};

/// The key of one protected SecureBoot: from the IO protection key and the
/// nonce in `TempKey`.
#[derive(Clone)]
pub struct BootKey([u8; 32]);

/// The key is not shown.
impl core::fmt::Debug for BootKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BootKey(..)")
    }
}

impl BootKey {
    /// From the IO protection key and the nonce in `TempKey`.
    #[must_use]
    pub fn new(io_key: &[u8; 32], temp_key: &[u8; 32]) -> Self {
        Self(sha256(&[io_key, temp_key]))
    }

    /// A key that was computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as the command carries it.
    #[must_use]
    pub fn encrypt(&self, digest: &[u8; 32]) -> [u8; 32] {
        xor(digest, &self.0)
    }
}

/// The MAC that a good firmware is answered with. `signature` is the one in the
/// command or, when the chip compares with a stored signature, that one; none
/// when it compares with a stored digest.
#[must_use]
pub fn secure_boot_mac(
    head: CommandHeader,
    key: &BootKey,
    digest: &[u8; 32],
    signature: Option<&[u8; 64]>,
) -> [u8; 32] {
    let signature: &[u8] = signature.map_or(&[], |signature| signature);
    sha256(&[&key.0, digest, signature, &head.0])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CHALLENGE, KEY, TEMP_KEY, counting, hex};
    use super::*;
    use crate::Opcode;

    #[test]
    fn vectors() {
        let key = BootKey::new(&KEY, &TEMP_KEY);
        assert_eq!(
            key.0,
            hex("AE02E99BBDD3713AC87427589A48FC45818EF9A7ECD27941142D8F6F61AFB7C1")
        );
        assert_eq!(
            key.encrypt(&CHALLENGE),
            hex("2E836B183956F7BD40FDADD316C572CA111F6B347847EFD68CB415F4FD32295E")
        );
        let signature = counting(0x00);
        let mac = |param1, signature| {
            let head = CommandHeader::new(Opcode::SecureBoot, param1, 0);
            secure_boot_mac(head, &key, &CHALLENGE, signature)
        };
        assert_eq!(
            mac(0x85, Some(&signature)),
            hex("DB6CEFA3CBE84CE387CEEA629CA6E3F0CE28878EA7CF4F0A7EF3049AD687E941")
        );
        assert_eq!(
            mac(0x86, None),
            hex("949E347B4043B7F1827CF8FBC89470E4D2DB4B5B1C553FD6240475CAB7EEB7B0")
        );
    }
}
