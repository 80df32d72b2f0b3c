//! Configuration fields that only a 608 has.
//!
//! Source: cryptoauthlib `calib_device.h`; what the fields do, from the 608
//! online documentation of the pre-provisioned parts.

use super::{Image, Slot};

/// Byte 13 bit 0: the part has AES.
const AES_ENABLE: usize = 13;
/// Bytes 70 and 71: `SecureBoot`, little-endian.
const SECURE_BOOT: usize = 70;
/// Byte 72: where the HKDF message must match.
const KDF_IV_LOC: usize = 72;
/// Bytes 73 and 74: what must be there.
const KDF_IV_STR: std::ops::Range<usize> = 73..75;
/// Bytes 90 and 91: `ChipOptions`, little-endian.
const CHIP_OPTIONS: usize = 90;
/// `KdfIvLoc` from here on disables the match.
const KDF_IV_DISABLED: u8 = 0xF0;

/// `ChipOptions`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ChipOptions(u16);

/// How a secret may leave the chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protection {
    /// In the clear.
    Clear,
    /// Encrypted with the IO protection key only.
    Encrypted,
    /// Not at all. The invalid value 3 counts as this (unconfirmed).
    Inside,
}

impl ChipOptions {
    /// Bit 0: self-tests at power-up and wake.
    pub(crate) const fn self_test_at_wake(self) -> bool {
        self.0 & 1 == 1
    }

    /// Bits 15-12 when bit 1 is set: the slot of the IO protection key.
    pub(crate) const fn io_protection_key(self) -> Option<Slot> {
        if self.0 >> 1 & 1 == 1 {
            Some(Slot::of_nibble(self.0.to_be_bytes()[0] >> 4))
        } else {
            None
        }
    }

    /// Bit 2: `KDF` may use AES.
    pub(crate) const fn kdf_aes(self) -> bool {
        self.0 >> 2 & 1 == 1
    }

    /// Bit 3: a failed health test is forgotten once it is reported.
    pub(crate) const fn clears_health_failure(self) -> bool {
        self.0 >> 3 & 1 == 1
    }

    /// Bits 9-8.
    pub(crate) const fn ecdh_output(self) -> Protection {
        Protection::of(self.0 >> 8)
    }

    /// Bits 11-10.
    pub(crate) const fn kdf_output(self) -> Protection {
        Protection::of(self.0 >> 10)
    }
}

impl Protection {
    const fn of(bits: u16) -> Self {
        match bits & 3 {
            0 => Self::Clear,
            1 => Self::Encrypted,
            _ => Self::Inside,
        }
    }
}

/// `SecureBoot`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SecureBootConfig(u16);

/// What is stored between boots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BootMode {
    /// `FullBoth`. Nothing: each boot brings digest and signature.
    Both,
    /// `FullSig`: the signature.
    Signature,
    /// `FullDig`: the digest.
    Digest,
}

impl SecureBootConfig {
    /// Bits 1-0; `None` when the command is off.
    pub(crate) const fn mode(self) -> Option<BootMode> {
        match self.0 & 3 {
            1 => Some(BootMode::Both),
            2 => Some(BootMode::Signature),
            3 => Some(BootMode::Digest),
            _ => None,
        }
    }

    /// Bit 3: success sets the persistent latch.
    pub(crate) const fn sets_latch(self) -> bool {
        self.0 >> 3 & 1 == 1
    }

    /// Bit 4: a random nonce is required.
    pub(crate) const fn needs_random(self) -> bool {
        self.0 >> 4 & 1 == 1
    }

    /// Bits 11-8: the slot of the stored digest or signature.
    pub(crate) const fn store(self) -> Slot {
        Slot::of_nibble(self.0.to_be_bytes()[0])
    }

    /// Bits 15-12: the slot of the public key.
    pub(crate) const fn public_key(self) -> Slot {
        Slot::of_nibble(self.0.to_be_bytes()[0] >> 4)
    }
}

impl Image {
    /// All options are off on a 508.
    pub(crate) fn chip_options(&self) -> ChipOptions {
        let word = self.word(CHIP_OPTIONS);
        ChipOptions(if self.revision.is_508() { 0 } else { word })
    }

    pub(crate) fn secure_boot(&self) -> SecureBootConfig {
        SecureBootConfig(self.word(SECURE_BOOT))
    }

    pub(crate) const fn has_aes(&self) -> bool {
        self.config[AES_ENABLE] & 1 == 1
    }

    /// Whether `message` has the two bytes that HKDF mode IV asks for.
    pub(crate) fn matches_kdf_iv(&self, message: &[u8]) -> bool {
        let at = self.config[KDF_IV_LOC];
        let start = usize::from(at);
        let there = message.get(start..start + KDF_IV_STR.len());
        at < KDF_IV_DISABLED && there == Some(&self.config[KDF_IV_STR])
    }
}

#[cfg(test)]
mod tests {
    use super::{BootMode, Image, Protection, Slot};
    use crate::revision::Revision;

    /// The published `TrustFLEX` image has `SecureBoot` 03 F7 and
    /// `ChipOptions` 0E 60: IO protection key in slot 6, secure boot digest in
    /// slot 7 and public key in slot 15, as its documentation says.
    #[test]
    fn fields_of_a_trustflex_part() {
        let mut image = Image::blank(Revision::Atecc608B);
        image.config[70..72].copy_from_slice(&[0x03, 0xF7]);
        image.config[90..92].copy_from_slice(&[0x0E, 0x60]);
        let options = image.chip_options();
        assert_eq!(options.io_protection_key().map(Slot::index), Some(6));
        assert!(!options.self_test_at_wake() && options.kdf_aes());
        assert!(options.clears_health_failure());
        assert_eq!(options.ecdh_output(), Protection::Clear);
        let boot = image.secure_boot();
        assert_eq!(boot.mode(), Some(BootMode::Digest));
        assert_eq!((boot.store().index(), boot.public_key().index()), (7, 15));
        assert!(!boot.sets_latch() && !boot.needs_random());
    }

    #[test]
    fn output_protection() {
        let mut image = Image::blank(Revision::Atecc608B);
        for (high, ecdh, kdf) in [
            (0x00, Protection::Clear, Protection::Clear),
            (0x01, Protection::Encrypted, Protection::Clear),
            (0x0A, Protection::Inside, Protection::Inside),
            (0x04, Protection::Clear, Protection::Encrypted),
            (0x0F, Protection::Inside, Protection::Inside),
        ] {
            image.config[91] = high;
            let options = image.chip_options();
            assert_eq!((options.ecdh_output(), options.kdf_output()), (ecdh, kdf));
        }
    }

    /// Byte 72 is the place; F0 and more switch it off. Source: cryptoauthlib
    /// `calib_device.h`.
    #[test]
    fn the_iv_of_a_derivation() {
        let mut image = Image::blank(Revision::Atecc608B);
        image.config[73..75].copy_from_slice(&[0x12, 0x34]);
        let mut message = [0; 256];
        for (at, fits) in [
            (0, true),
            (7, true),
            (0xEF, true),
            (0xF0, false),
            (0xFE, false),
        ] {
            image.config[72] = at;
            let at = usize::from(at);
            assert!(!image.matches_kdf_iv(&message));
            message[at..at + 2].copy_from_slice(&[0x12, 0x34]);
            assert_eq!(image.matches_kdf_iv(&message), fits, "{at:02X}");
            assert!(!image.matches_kdf_iv(&message[..=at]));
            message.fill(0);
        }
    }
}
