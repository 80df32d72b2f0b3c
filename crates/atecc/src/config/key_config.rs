//! `KeyConfig`: what a slot holds and how a key in it may be used.
//! Source: ATECC508A datasheet, "KeyConfig (Bytes 96 to 127)".

use crate::Slot;

/// The 16 bits of one `KeyConfig`.
///
/// ```
/// use atecc::config::KeyConfig;
///
/// let device_key = KeyConfig(0x0033);
/// assert!(device_key.private() && device_key.pub_info() && device_key.lockable());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyConfig(pub u16);

/// `KeyType`, bits 4 to 2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyType {
    /// 4: an ECC key on P-256.
    P256,
    /// 6: an AES-128 key. ATECC608 only.
    Aes,
    /// 7: a SHA-256 key, or data.
    ShaOrData,
    /// Reserved codes.
    Reserved(u8),
}

/// `X509id`: which of the four `X509format` bytes is that of the messages which
/// may validate a public key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(u8)]
pub enum X509Id {
    /// Byte 92.
    #[default]
    Zero = 0,
    /// Byte 93.
    One = 1,
    /// Byte 94.
    Two = 2,
    /// Byte 95.
    Three = 3,
}

impl KeyConfig {
    /// Bit 0: the slot holds an ECC private key.
    #[must_use]
    pub const fn private(self) -> bool {
        self.0 & 1 == 1
    }

    /// Bit 1: of a private key, `GenKey` may compute the public one; of a
    /// public key, Verify uses it only once validated.
    #[must_use]
    pub const fn pub_info(self) -> bool {
        self.0 >> 1 & 1 == 1
    }

    /// Bits 4 to 2.
    #[must_use]
    pub const fn key_type(self) -> KeyType {
        match (self.0 >> 2 & 0b111) as u8 {
            4 => KeyType::P256,
            6 => KeyType::Aes,
            7 => KeyType::ShaOrData,
            code => KeyType::Reserved(code),
        }
    }

    /// Bit 5: `Lock` of the slot is allowed.
    #[must_use]
    pub const fn lockable(self) -> bool {
        self.0 >> 5 & 1 == 1
    }

    /// Bit 6: commands that use the key need a random nonce.
    #[must_use]
    pub const fn req_random(self) -> bool {
        self.0 >> 6 & 1 == 1
    }

    /// Bit 7: the key must be authorized first, by `auth_key`.
    #[must_use]
    pub const fn req_auth(self) -> bool {
        self.0 >> 7 & 1 == 1
    }

    /// Bits 11 to 8: the authorizing slot.
    #[must_use]
    pub const fn auth_key(self) -> Slot {
        Slot::from_nibble((self.0 >> 8) as u8)
    }

    /// Bit 12: `IntrusionDisable` (ATECC508A) or `PersistentDisable`
    /// (ATECC608): unusable while the latch is 0.
    #[must_use]
    pub const fn latch_disable(self) -> bool {
        self.0 >> 12 & 1 == 1
    }

    /// Bits 15 and 14: index into `X509format`.
    #[must_use]
    pub const fn x509_id(self) -> X509Id {
        match self.0 >> 14 {
            0 => X509Id::Zero,
            1 => X509Id::One,
            2 => X509Id::Two,
            _ => X509Id::Three,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nerves_key_slots() {
        let private_key = KeyConfig(0x0033);
        assert!(private_key.private() && private_key.pub_info() && private_key.lockable());
        assert_eq!(private_key.key_type(), KeyType::P256);
        let certificate = KeyConfig(0x003C);
        assert!(!certificate.private() && certificate.lockable());
        assert_eq!(certificate.key_type(), KeyType::ShaOrData);
        let free = KeyConfig(0x001C);
        assert!(!free.lockable());
        // The volatile layout's slot 0 needs the latch.
        assert!(KeyConfig(0x1033).latch_disable());
    }
}
