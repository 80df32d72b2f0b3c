//! A `SlotConfig` by its fields.

use super::{PrivateKeyUses, SlotConfig, WriteConfig};
use crate::Slot;

/// A [`SlotConfig`] in the making. What the datasheet forbids cannot be said:
/// `EncryptRead` and the uses of a private key bring `IsSecret` with them.
///
/// ```
/// use atecc::Slot;
/// use atecc::config::{PrivateKeyUses, SlotConfig, WriteConfig};
///
/// /// A private key that GenKey makes, and that signs.
/// const KEY: SlotConfig = SlotConfig::builder()
///     .private_key_uses(PrivateKeyUses::EXTERNAL_SIGN)
///     .write_config(WriteConfig::GEN_KEY)
///     .build();
/// /// Read and written with the key in slot 6.
/// const TOKEN: SlotConfig = SlotConfig::builder()
///     .encrypt_read()
///     .read_key(Slot::S6)
///     .write_key(Slot::S6)
///     .write_config(WriteConfig::ENCRYPT)
///     .build();
/// assert_eq!((KEY, TOKEN), (SlotConfig(0x2F81), SlotConfig(0x46C6)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SlotConfigBuilder(u16);

const LIMITED_USE: u16 = 1 << 5;
const NO_MAC: u16 = 1 << 4;
const ENCRYPT_READ: u16 = 1 << 6;
const IS_SECRET: u16 = 1 << 7;

impl SlotConfig {
    /// Begin with a slot that is read and written in the clear, as 0F 0F:
    /// `ReadKey` is 15, since 0 makes a slot a source of CheckMac's copy.
    #[must_use]
    pub const fn builder() -> SlotConfigBuilder {
        SlotConfigBuilder(0x0F0F)
    }

    /// Begin with this one.
    ///
    /// # Errors
    /// [`ForbiddenSlotConfig`] when the datasheet forbids it.
    pub const fn to_builder(self) -> Result<SlotConfigBuilder, ForbiddenSlotConfig> {
        if self.encrypt_read() && !self.is_secret() {
            Err(ForbiddenSlotConfig(self.0))
        } else {
            Ok(SlotConfigBuilder(self.0))
        }
    }
}

/// `EncryptRead` without `IsSecret`: the chip refuses every read of the slot.
///
/// The datasheet asks `IsSecret` of each `WriteConfig` but `Always`, too. That is
/// not refused: parts that Microchip configures do without it (slot 14 of
/// TrustFLEX has 0D 1F), and chips take it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("SlotConfig 0x{0:04X} has EncryptRead (bit 6) without IsSecret (bit 7): set both or none")]
pub struct ForbiddenSlotConfig(pub u16);

impl SlotConfigBuilder {
    /// `ReadKey` of data or a symmetric key: the slot of the key that encrypts
    /// reads.
    #[must_use]
    pub const fn read_key(self, slot: Slot) -> Self {
        self.with_bits(0x000F, slot.index() as u16)
    }

    /// `ReadKey` of a private key: what it may be used for. GenKey and Sign
    /// demand `IsSecret` of its slot.
    #[must_use]
    pub const fn private_key_uses(self, uses: PrivateKeyUses) -> Self {
        self.with_bits(0x000F, uses.bits() as u16).is_secret()
    }

    /// `NoMac`: not for MAC and HMAC.
    #[must_use]
    pub const fn no_mac(self) -> Self {
        self.with_bits(NO_MAC, NO_MAC)
    }

    /// `LimitedUse`: each use counts.
    #[must_use]
    pub const fn limited_use(self) -> Self {
        self.with_bits(LIMITED_USE, LIMITED_USE)
    }

    /// `EncryptRead`: reads are encrypted with the key in `ReadKey`.
    #[must_use]
    pub const fn encrypt_read(self) -> Self {
        self.with_bits(ENCRYPT_READ, ENCRYPT_READ).is_secret()
    }

    /// `IsSecret`: no reads in the clear.
    #[must_use]
    pub const fn is_secret(self) -> Self {
        self.with_bits(IS_SECRET, IS_SECRET)
    }

    /// `WriteKey`: the slot of the key that encrypts writes, or of which
    /// DeriveKey makes another.
    #[must_use]
    pub const fn write_key(self, slot: Slot) -> Self {
        self.with_bits(0x0F00, (slot.index() as u16) << 8)
    }

    /// `WriteConfig`.
    #[must_use]
    pub const fn write_config(self, write_config: WriteConfig) -> Self {
        self.with_bits(0xF000, (write_config.bits() as u16) << 12)
    }

    /// The 16 bits.
    #[must_use]
    pub const fn build(self) -> SlotConfig {
        SlotConfig(self.0)
    }

    const fn with_bits(self, mask: u16, bits: u16) -> Self {
        Self(self.0 & !mask | bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each value, taken apart by the accessors and put together again.
    fn rebuilt(config: SlotConfig, of_private_key: bool) -> SlotConfig {
        let mut builder = SlotConfig::builder()
            .write_key(config.write_key())
            .write_config(config.write_config())
            .read_key(config.read_key());
        for (is_set, set) in [
            (config.no_mac(), SlotConfigBuilder::no_mac as fn(_) -> _),
            (config.limited_use(), SlotConfigBuilder::limited_use),
            (config.encrypt_read(), SlotConfigBuilder::encrypt_read),
            (config.is_secret(), SlotConfigBuilder::is_secret),
        ] {
            builder = if is_set { set(builder) } else { builder };
        }
        if of_private_key {
            builder = builder.private_key_uses(config.private_key_uses());
        }
        builder.build()
    }

    #[test]
    fn every_value_is_forbidden_or_comes_back() {
        let mut forbidden = 0;
        for bits in 0..=u16::MAX {
            let config = SlotConfig(bits);
            let encrypt_read_alone = bits & 0x00C0 == 0x0040;
            if let Ok(builder) = config.to_builder() {
                assert!(!encrypt_read_alone);
                assert_eq!((rebuilt(config, false), builder.build()), (config, config));
            } else {
                assert!(encrypt_read_alone);
                forbidden += 1;
            }
            // A private key's slot has IsSecret in any case.
            assert_eq!(
                rebuilt(config, true),
                SlotConfig(rebuilt(config, false).0 | 0x80)
            );
        }
        assert_eq!(forbidden, 0x4000);
    }

    /// Literal values: NervesKey's, a blank part's and TrustFLEX's.
    #[test]
    fn configurations_of_real_parts() {
        let signs = PrivateKeyUses::EXTERNAL_SIGN;
        let signs_all = signs.and(PrivateKeyUses::INTERNAL_SIGN);
        let key = SlotConfig::builder()
            .write_key(Slot::S0)
            .write_config(WriteConfig::GEN_KEY);
        let device_key = key.private_key_uses(signs_all.and(PrivateKeyUses::ECDH));
        assert_eq!(device_key.build(), SlotConfig(0x2087));
        assert_eq!(key.private_key_uses(signs_all).build(), SlotConfig(0x2083));
        let to_next = signs_all.and(PrivateKeyUses::ECDH_TO_NEXT_SLOT);
        assert_eq!(key.private_key_uses(to_next).build(), SlotConfig(0x208F));
        let data = SlotConfig::builder();
        let roll = data.write_config(WriteConfig::ROLL);
        assert_eq!(roll.build(), SlotConfig(0x2F0F));
        let by_io_key = data
            .is_secret()
            .write_key(Slot::S6)
            .write_config(WriteConfig::ENCRYPT);
        assert_eq!(by_io_key.build(), SlotConfig(0x468F));
        let validated = data
            .read_key(Slot::S13)
            .write_config(WriteConfig::PUB_INVALID);
        assert_eq!(validated.build(), SlotConfig(0x1F0D));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let error = SlotConfig(0x0F4F).to_builder().unwrap_err();
        assert_eq!(
            error.to_string(),
            "SlotConfig 0x0F4F has EncryptRead (bit 6) without IsSecret (bit 7): set both or none"
        );
    }
}
