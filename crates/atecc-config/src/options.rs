//! What of the configuration is about the whole chip and not about one slot.
//!
//! Source: cryptoauthlib `calib_device.h`; what the values mean:
//! rust-cryptoauthlib. An ATECC508A has none of it.

use atecc::config::offset;
use atecc::{ConfigZone, Slot};

/// `ChipOptions`, bytes 90 and 91.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ChipOptions(u16);

/// How a secret may leave the chip: bits 9-8 of `ChipOptions` for ECDH, 11-10
/// for KDF. Which status refuses it is *(unconfirmed)*.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protection {
    /// 0: in the clear, too.
    Clear,
    /// 1: encrypted with the IO protection key only.
    Encrypted,
    /// 2: not at all.
    Inside,
    /// 3: no valid value; taken as [`Protection::Inside`] *(unconfirmed)*.
    Invalid,
}

impl ChipOptions {
    pub(crate) fn of(zone: &ConfigZone) -> Self {
        Self(zone.half_word(offset::CHIP_OPTIONS))
    }

    /// Bits 15-12, when bit 1 says that there is such a key.
    pub(crate) fn io_key(self) -> Option<Slot> {
        let [_, high] = self.0.to_le_bytes();
        (self.0 >> 1 & 1 == 1).then(|| Slot::from_nibble(high >> 4))
    }

    /// Bit 2.
    pub(crate) const fn kdf_aes(self) -> bool {
        self.0 >> 2 & 1 == 1
    }

    pub(crate) const fn ecdh(self) -> Protection {
        Protection::from_bits(self.0 >> 8)
    }

    pub(crate) const fn kdf(self) -> Protection {
        Protection::from_bits(self.0 >> 10)
    }
}

impl Protection {
    const fn from_bits(bits: u16) -> Self {
        match bits & 0b11 {
            0 => Self::Clear,
            1 => Self::Encrypted,
            2 => Self::Inside,
            _ => Self::Invalid,
        }
    }
}

/// `SecureBoot`, bytes 70 and 71.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SecureBoot(u16);

/// Bits 1-0 of `SecureBoot`: what is kept between boots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BootMode {
    /// `FullBoth`: nothing.
    Both,
    /// `FullSig`: the signature.
    Signature,
    /// `FullDig`: the digest.
    Digest,
}

impl SecureBoot {
    pub(crate) fn of(zone: &ConfigZone) -> Self {
        Self(zone.half_word(offset::SECURE_BOOT))
    }

    pub(crate) const fn mode(self) -> Option<BootMode> {
        match self.0 & 0b11 {
            1 => Some(BootMode::Both),
            2 => Some(BootMode::Signature),
            3 => Some(BootMode::Digest),
            _ => None,
        }
    }

    /// Bit 2: no source names it.
    pub(crate) const fn bit_2(self) -> bool {
        self.0 >> 2 & 1 == 1
    }

    /// Bit 3: success sets the persistent latch *(unconfirmed)*.
    pub(crate) const fn sets_latch(self) -> bool {
        self.0 >> 3 & 1 == 1
    }

    /// Bit 4: the digest comes encrypted, with a random nonce *(unconfirmed)*.
    pub(crate) const fn needs_random(self) -> bool {
        self.0 >> 4 & 1 == 1
    }

    /// Bits 11-8: where digest or signature are kept.
    pub(crate) fn store(self) -> Slot {
        let [_, high] = self.0.to_le_bytes();
        Slot::from_nibble(high)
    }

    /// Bits 15-12.
    pub(crate) fn public_key(self) -> Slot {
        let [_, high] = self.0.to_le_bytes();
        Slot::from_nibble(high >> 4)
    }
}

/// Byte 69: the slot whose authorization sets the persistent latch.
pub(crate) fn latch_permission(zone: &ConfigZone) -> Option<Slot> {
    let permission = zone.byte(offset::VOLATILE_KEY_PERMISSION);
    (permission & 0x80 != 0).then(|| Slot::from_nibble(permission))
}

/// Byte 18, bit 0: the slot whose value stops limited uses.
pub(crate) fn count_match(zone: &ConfigZone) -> Option<Slot> {
    let byte_18 = zone.byte(offset::OTP_MODE);
    (byte_18 & 1 == 1).then(|| Slot::from_nibble(byte_18 >> 4))
}
