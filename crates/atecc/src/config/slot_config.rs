//! `SlotConfig`: who may read and write a slot.
//! Source: ATECC508A datasheet, "SlotConfig (Bytes 20 to 51)".

/// The 16 bits of one `SlotConfig`. In force once the data zone is locked.
///
/// ```
/// use atecc::config::SlotConfig;
///
/// let device_key = SlotConfig(0x2087);
/// assert!(device_key.signs_external() && device_key.is_secret());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SlotConfig(pub u16);

/// `WriteConfig` as the Write command applies it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WriteAccess {
    /// 0000: in the clear.
    Always,
    /// 0001: in the clear, unless the public key there has been validated.
    PubInvalid,
    /// 001X and 10XX.
    Never,
    /// X1XX: encrypted and authenticated with `WriteKey`.
    Encrypted,
}

impl SlotConfig {
    /// Bits 3 to 0: slot of the key that encrypts reads. Of a private key
    /// instead: bit 0 external and bit 1 internal signatures, bit 2 ECDH, bit
    /// 3 ECDH result into the next slot.
    #[must_use]
    pub const fn read_key(self) -> u8 {
        (self.0 & 0xF) as u8
    }

    /// Of a private key, bit 0: signs digests from outside.
    #[must_use]
    pub const fn signs_external(self) -> bool {
        self.0 & 1 == 1
    }

    /// Of a private key, bit 2 without bit 3: ECDH, and the shared secret
    /// comes out in the clear.
    #[must_use]
    pub const fn ecdh_in_the_clear(self) -> bool {
        self.0 & 0b1100 == 0b0100
    }

    /// Bit 4: not usable by MAC and HMAC.
    #[must_use]
    pub const fn no_mac(self) -> bool {
        self.0 >> 4 & 1 == 1
    }

    /// Bit 5: each use counts.
    #[must_use]
    pub const fn limited_use(self) -> bool {
        self.0 >> 5 & 1 == 1
    }

    /// Bit 6: reads are encrypted.
    #[must_use]
    pub const fn encrypt_read(self) -> bool {
        self.0 >> 6 & 1 == 1
    }

    /// Bit 7: no reads in the clear.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        self.0 >> 7 & 1 == 1
    }

    /// Bits 11 to 8: slot of the key that encrypts writes.
    #[must_use]
    pub const fn write_key(self) -> u8 {
        (self.0 >> 8 & 0xF) as u8
    }

    /// Bits 15 to 12, raw: `GenKey`, `DeriveKey` and `PrivWrite` read them in
    /// their own ways.
    #[must_use]
    pub const fn write_config(self) -> u8 {
        (self.0 >> 12) as u8
    }

    /// Bits 15 to 12 as Write reads them.
    #[must_use]
    pub const fn write_access(self) -> WriteAccess {
        match self.write_config() {
            0b0000 => WriteAccess::Always,
            0b0001 => WriteAccess::PubInvalid,
            bits if bits & 0b0100 != 0 => WriteAccess::Encrypted,
            _ => WriteAccess::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nerves_key_slots() {
        // 87 20: private key, signs external digests, GenKey allowed by bit 13.
        let key = SlotConfig(0x2087);
        assert!(key.is_secret());
        assert!(key.signs_external() && key.ecdh_in_the_clear());
        // As delivered, 83 20: no ECDH. 8F: its result goes to the next slot.
        assert!(!SlotConfig(0x2083).ecdh_in_the_clear());
        assert!(!SlotConfig(0x208F).ecdh_in_the_clear());
        assert!(!SlotConfig(0x2082).signs_external());
        assert_eq!(key.write_access(), WriteAccess::Never);
        // 0F 0F: read and written in the clear.
        let open = SlotConfig(0x0F0F);
        assert!(!open.is_secret());
        assert_eq!(open.write_access(), WriteAccess::Always);
        // 0F 2F: read in the clear, never written.
        assert_eq!(SlotConfig(0x2F0F).write_access(), WriteAccess::Never);
        assert_eq!(SlotConfig(0x4000).write_access(), WriteAccess::Encrypted);
        assert_eq!(SlotConfig(0x1000).write_access(), WriteAccess::PubInvalid);
        assert_eq!(SlotConfig(0x8000).write_access(), WriteAccess::Never);
    }
}
