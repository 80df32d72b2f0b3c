//! `SlotConfig`: who may read and write a slot.
//! Source: ATECC508A datasheet, "SlotConfig (Bytes 20 to 51)".

use crate::Slot;

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

/// What a private key may be used for: `ReadKey` of its slot.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PrivateKeyUses(u8);

impl PrivateKeyUses {
    /// Nothing.
    pub const NONE: Self = Self(0b0000);
    /// Bit 0: signs digests from outside.
    pub const EXTERNAL_SIGN: Self = Self(0b0001);
    /// Bit 1: signs what GenDig and GenKey have left in `TempKey`.
    pub const INTERNAL_SIGN: Self = Self(0b0010);
    /// Bit 2: ECDH; the shared secret comes out in the clear.
    pub const ECDH: Self = Self(0b0100);
    /// Bits 3 and 2: ECDH; the shared secret goes into the next slot, whose
    /// number is odd.
    pub const ECDH_TO_NEXT_SLOT: Self = Self(0b1100);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `uses` are among these.
    #[must_use]
    pub const fn contains(self, uses: Self) -> bool {
        self.0 & uses.0 == uses.0
    }

    /// Of four bits; higher ones are not looked at.
    #[must_use]
    pub const fn from_nibble(bits: u8) -> Self {
        Self(bits & 0x0F)
    }

    /// The four bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// `WriteConfig`, bits 15 to 12. What its values allow depends on the command:
/// the constants are the values that forbid everything which they do not name.
///
/// Source: ATECC508A datasheet, "Write Configuration Bits" of each command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WriteConfig(u8);

impl WriteConfig {
    /// 0000: Write in the clear.
    pub const ALWAYS: Self = Self(0b0000);
    /// 0001: Write in the clear, unless the public key there is validated.
    pub const PUB_INVALID: Self = Self(0b0001);
    /// 1000: nothing at all.
    pub const NEVER: Self = Self(0b1000);
    /// 0100: Write, encrypted and authenticated with `WriteKey`. Of a private
    /// key's slot: PrivWrite, likewise.
    pub const ENCRYPT: Self = Self(0b0100);
    /// 0010: of a private key's slot GenKey, which replaces the key; of another
    /// DeriveKey, which rolls it.
    pub const GEN_KEY: Self = Self(0b0010);
    /// 0110: of a private key's slot GenKey and PrivWrite.
    pub const GEN_KEY_AND_PRIV_WRITE: Self = Self(0b0110);
    /// 0010: DeriveKey makes the key of the one that is there.
    pub const ROLL: Self = Self(0b0010);
    /// 1010: as [`WriteConfig::ROLL`], authorized by a MAC.
    pub const ROLL_WITH_MAC: Self = Self(0b1010);
    /// 0011: DeriveKey makes the key of the one in `WriteKey`.
    pub const CREATE: Self = Self(0b0011);
    /// 1011: as [`WriteConfig::CREATE`], authorized by a MAC.
    pub const CREATE_WITH_MAC: Self = Self(0b1011);

    /// Of four bits; higher ones are not looked at.
    #[must_use]
    pub const fn from_nibble(bits: u8) -> Self {
        Self(bits & 0x0F)
    }

    /// The four bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl SlotConfig {
    /// Bits 3 to 0: slot of the key that encrypts reads. Of a private key they
    /// are [`SlotConfig::private_key_uses`].
    #[must_use]
    pub const fn read_key(self) -> Slot {
        Slot::from_nibble((self.0 & 0xF) as u8)
    }

    /// Bits 3 to 0 of a private key.
    #[must_use]
    pub const fn private_key_uses(self) -> PrivateKeyUses {
        PrivateKeyUses((self.0 & 0xF) as u8)
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
    pub const fn write_key(self) -> Slot {
        Slot::from_nibble((self.0 >> 8) as u8)
    }

    /// Bits 15 to 12: `GenKey`, `DeriveKey`, `PrivWrite` and Write read them
    /// in their own ways.
    #[must_use]
    pub const fn write_config(self) -> WriteConfig {
        WriteConfig((self.0 >> 12) as u8)
    }

    /// Bits 15 to 12 as Write reads them.
    #[must_use]
    pub const fn write_access(self) -> WriteAccess {
        match self.write_config().bits() {
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
