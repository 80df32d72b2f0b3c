//! A `KeyConfig` by its fields.

use super::{KeyConfig, KeyType, X509Id};
use crate::Slot;

/// A [`KeyConfig`] in the making. What the datasheet forbids cannot be said: the
/// kind comes first and decides `Private`, `KeyType` and `X509id`, and `AuthKey`
/// comes with `ReqAuth`.
///
/// ```
/// use atecc::Slot;
/// use atecc::config::{KeyConfig, X509Id};
///
/// const KEY: KeyConfig = KeyConfig::private_key().pub_info().lockable().build();
/// const TOKEN: KeyConfig = KeyConfig::sha_or_data().auth_key(Slot::S6).build();
/// const PUBLIC: KeyConfig = KeyConfig::public_key(X509Id::Zero).build();
/// assert_eq!(KEY, KeyConfig(0x0033));
/// assert_eq!(TOKEN, KeyConfig(0x069C));
/// assert_eq!(PUBLIC, KeyConfig(0x0010));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyConfigBuilder(u16);

const PRIVATE: u16 = 1 << 0;
const PUB_INFO: u16 = 1 << 1;
const P256: u16 = 4 << 2;
const AES: u16 = 6 << 2;
const SHA_OR_DATA: u16 = 7 << 2;
const LOCKABLE: u16 = 1 << 5;
const REQ_RANDOM: u16 = 1 << 6;
const REQ_AUTH: u16 = 1 << 7;
const LATCH_DISABLE: u16 = 1 << 12;
const RESERVED: u16 = 1 << 13;

impl KeyConfig {
    /// Begin with an ECC private key on P-256.
    #[must_use]
    pub const fn private_key() -> KeyConfigBuilder {
        KeyConfigBuilder(PRIVATE | P256)
    }

    /// Begin with an ECC public key on P-256. Only slots 8 to 15 are large
    /// enough. `id` counts where [`KeyConfigBuilder::pub_info`] demands that it
    /// is validated.
    #[must_use]
    pub const fn public_key(id: X509Id) -> KeyConfigBuilder {
        KeyConfigBuilder(P256 | (id as u16) << 14)
    }

    /// Begin with an AES-128 key. ATECC608 only.
    #[must_use]
    pub const fn aes_key() -> KeyConfigBuilder {
        KeyConfigBuilder(AES)
    }

    /// Begin with a SHA-256 key, or data.
    #[must_use]
    pub const fn sha_or_data() -> KeyConfigBuilder {
        KeyConfigBuilder(SHA_OR_DATA)
    }

    /// Begin with this one.
    ///
    /// # Errors
    /// [`ForbiddenKeyConfig`] when the datasheet forbids it.
    pub const fn to_builder(self) -> Result<KeyConfigBuilder, ForbiddenKeyConfig> {
        let config = self.0;
        let is_p256 = match self.key_type() {
            KeyType::P256 => true,
            KeyType::Aes | KeyType::ShaOrData => false,
            KeyType::Reserved(code) => return Err(ForbiddenKeyConfig::KeyType { config, code }),
        };
        let is_public_key = is_p256 && !self.private();
        if self.private() && !is_p256 {
            Err(ForbiddenKeyConfig::Private { config })
        } else if !self.req_auth() && self.auth_key().index() != 0 {
            Err(ForbiddenKeyConfig::AuthKey { config })
        } else if config & RESERVED != 0 {
            Err(ForbiddenKeyConfig::Reserved { config })
        } else if !is_public_key && !matches!(self.x509_id(), X509Id::Zero) {
            Err(ForbiddenKeyConfig::X509Id { config })
        } else {
            Ok(KeyConfigBuilder(config))
        }
    }
}

/// Bits that the datasheet forbids together.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ForbiddenKeyConfig {
    /// A reserved `KeyType`.
    #[error("KeyConfig 0x{config:04X} has KeyType {code}, which is reserved: 4, 6 or 7 are not")]
    KeyType {
        /// The 16 bits.
        config: u16,
        /// Bits 4 to 2.
        code: u8,
    },
    /// `Private` without an ECC key.
    #[error("KeyConfig 0x{config:04X} has Private (bit 0), which demands KeyType 4 (P-256)")]
    Private {
        /// The 16 bits.
        config: u16,
    },
    /// `AuthKey` without `ReqAuth`.
    #[error(
        "KeyConfig 0x{config:04X} has an AuthKey, but ReqAuth (bit 7) is 0: set it, or clear bits 11 to 8"
    )]
    AuthKey {
        /// The 16 bits.
        config: u16,
    },
    /// The reserved bit.
    #[error("KeyConfig 0x{config:04X} has bit 13, which is reserved: clear it")]
    Reserved {
        /// The 16 bits.
        config: u16,
    },
    /// `X509id` of what is no public key.
    #[error(
        "KeyConfig 0x{config:04X} has an X509id, which only a public key has: clear bits 15 and 14"
    )]
    X509Id {
        /// The 16 bits.
        config: u16,
    },
}

impl KeyConfigBuilder {
    /// `PubInfo`. Of a private key: GenKey may compute the public one. Of a
    /// public key: Verify uses it only once it is validated. Of an AES or SHA
    /// key of an ATECC608: KDF may write it *(unconfirmed)*.
    #[must_use]
    pub const fn pub_info(self) -> Self {
        Self(self.0 | PUB_INFO)
    }

    /// `Lockable`: Lock of the slot is allowed.
    #[must_use]
    pub const fn lockable(self) -> Self {
        Self(self.0 | LOCKABLE)
    }

    /// `ReqRandom`: commands that use the key need a random nonce.
    #[must_use]
    pub const fn req_random(self) -> Self {
        Self(self.0 | REQ_RANDOM)
    }

    /// `ReqAuth` and `AuthKey`: the key must be authorized first, by the one in
    /// `slot`.
    #[must_use]
    pub const fn auth_key(self, slot: Slot) -> Self {
        Self(self.0 & !0x0F00 | REQ_AUTH | (slot.index() as u16) << 8)
    }

    /// `IntrusionDisable` (ATECC508A) or `PersistentDisable` (ATECC608):
    /// unusable while the latch is 0.
    #[must_use]
    pub const fn latch_disable(self) -> Self {
        Self(self.0 | LATCH_DISABLE)
    }

    /// The 16 bits.
    #[must_use]
    pub const fn build(self) -> KeyConfig {
        KeyConfig(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Taken apart by the accessors and put together again.
    fn rebuilt(config: KeyConfig) -> KeyConfig {
        let mut builder = match (config.key_type(), config.private()) {
            (KeyType::P256, true) => KeyConfig::private_key(),
            (KeyType::P256, false) => KeyConfig::public_key(config.x509_id()),
            (KeyType::Aes, _) => KeyConfig::aes_key(),
            _ => KeyConfig::sha_or_data(),
        };
        for (is_set, set) in [
            (config.pub_info(), KeyConfigBuilder::pub_info as fn(_) -> _),
            (config.lockable(), KeyConfigBuilder::lockable),
            (config.req_random(), KeyConfigBuilder::req_random),
            (config.latch_disable(), KeyConfigBuilder::latch_disable),
        ] {
            builder = if is_set { set(builder) } else { builder };
        }
        if config.req_auth() {
            builder = builder.auth_key(config.auth_key());
        }
        builder.build()
    }

    /// What can be said is what is not forbidden: 2^4 flags, 17 authorizations,
    /// and a private key, a public key with 4 formats, an AES key, or the rest.
    #[test]
    fn every_value_is_forbidden_or_comes_back() {
        let mut allowed = 0;
        for bits in 0..=u16::MAX {
            let config = KeyConfig(bits);
            if let Ok(builder) = config.to_builder() {
                assert_eq!((rebuilt(config), builder.build()), (config, config));
                allowed += 1;
            } else {
                assert_ne!(rebuilt(config), config, "0x{bits:04X}");
            }
        }
        assert_eq!(allowed, 16 * 17 * (1 + 4 + 1 + 1));
    }

    /// TrustFLEX's.
    #[test]
    fn configurations_of_real_parts() {
        let private = KeyConfig::private_key().pub_info().req_random();
        assert_eq!(private.build(), KeyConfig(0x0053));
        assert_eq!(private.lockable().build(), KeyConfig(0x0073));
        assert_eq!(KeyConfig::aes_key().lockable().build(), KeyConfig(0x0038));
        let io_key = KeyConfig::sha_or_data().lockable().req_random();
        assert_eq!(io_key.build(), KeyConfig(0x007C));
        assert_eq!(KeyConfig::aes_key().pub_info().build(), KeyConfig(0x001A));
        let validated = KeyConfig::public_key(X509Id::Zero).pub_info();
        assert_eq!(validated.build(), KeyConfig(0x0012));
    }

    #[test]
    fn a_refusal_says_which_rule() {
        use ForbiddenKeyConfig as Forbidden;
        for (config, forbidden) in [
            (
                0x0020,
                Forbidden::KeyType {
                    config: 0x0020,
                    code: 0,
                },
            ),
            (0x003D, Forbidden::Private { config: 0x003D }),
            (0x031C, Forbidden::AuthKey { config: 0x031C }),
            (0x201C, Forbidden::Reserved { config: 0x201C }),
            (0x4033, Forbidden::X509Id { config: 0x4033 }),
        ] {
            assert_eq!(KeyConfig(config).to_builder(), Err(forbidden));
        }
    }
}
