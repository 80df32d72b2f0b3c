//! P-256 public keys: the chip's 64 bytes, their certificate form, and the
//! two key identifiers in use.

use core::fmt;

use sha1::{Digest, Sha1};

use crate::encode::{concat, write_hex};

/// `SEQUENCE { SEQUENCE { ecPublicKey, prime256v1 }, BIT STRING 04 ..`, up to
/// X. Source: RFC 5480, section 2.
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, // SubjectPublicKeyInfo, 89 bytes
    0x30, 0x13, // AlgorithmIdentifier, 19 bytes
    0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, // 1.2.840.10045.2.1
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, // 1.2.840.10045.3.1.7
    0x03, 0x42, 0x00, 0x04, // BIT STRING, 66 bytes; uncompressed point
];

/// X then Y, 32 bytes each, big-endian.
///
/// Whether the point is on the curve is not known: what is read from a chip
/// has to be compared and hashed first. With the feature `verify`,
/// `PublicKey::on_curve` tells.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{Certificate, PublicKey};
///
/// let key = PublicKey::from_bytes(vector.device_key);
/// let certificate = Certificate::from_der(vector.device_der.as_slice())?;
/// assert_eq!(certificate.public_key()?, key);
/// // RFC 5480, section 2.2: an uncompressed point begins with 04.
/// assert_eq!(key.to_sec1()[0], 0x04);
/// assert_eq!(key.to_sec1()[1..], vector.device_key);
/// let spki = key.to_spki_der();
/// assert!(vector.device_der.windows(91).any(|bytes| bytes == spki));
/// assert_eq!(PublicKey::from_spki_der(&spki), Some(key));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct PublicKey([u8; 64]);

/// A 20-byte key identifier of a certificate.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct KeyId([u8; 20]);

impl PublicKey {
    /// X then Y, as `GenKey` answers them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// X then Y.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The uncompressed SEC1 point: 04, X, Y.
    #[must_use]
    pub fn to_sec1(&self) -> [u8; 65] {
        concat(&[&[0x04], &self.0])
    }

    /// The DER `SubjectPublicKeyInfo`, 91 bytes.
    #[must_use]
    pub fn to_spki_der(&self) -> [u8; 91] {
        concat(&[&SPKI_PREFIX, &self.0])
    }

    /// From a DER `SubjectPublicKeyInfo`; `None` when it is not that of an
    /// uncompressed P-256 point with a named curve.
    #[must_use]
    pub fn from_spki_der(der: &[u8]) -> Option<Self> {
        let (prefix, point) = der.split_first_chunk::<27>()?;
        if *prefix != SPKI_PREFIX {
            return None;
        }
        point.try_into().ok().map(Self)
    }

    /// The identifier in `NervesKey` certificates: SHA-1 of the whole
    /// `SubjectPublicKeyInfo`. Source: `nerves_key` 1.3 certificates.
    #[must_use]
    pub fn nerves_key_id(&self) -> KeyId {
        KeyId(Sha1::digest(self.to_spki_der()).into())
    }

    /// The identifier in Microchip's certificates: SHA-1 of 04, X, Y.
    /// Source: RFC 5280, section 4.2.1.2, method 1.
    #[must_use]
    pub fn microchip_key_id(&self) -> KeyId {
        KeyId(Sha1::digest(self.to_sec1()).into())
    }
}

impl KeyId {
    /// The SHA-1 value.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The SHA-1 value.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// X and Y: 128 upper-case hex digits.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::testing::SIGNER_KEY;

    /// The signer of the `nerves_key` tests.
    #[test]
    fn key_identifiers() {
        let key = PublicKey::from_bytes(SIGNER_KEY);
        assert_eq!(
            key.nerves_key_id().to_string(),
            "34FE694551016A91EC7503CEF21063E2F523062F"
        );
        assert!(key.microchip_key_id().to_string().starts_with("476B79D1"));
        assert_eq!(
            std::format!("{:?}", key.nerves_key_id()),
            "KeyId(34FE694551016A91EC7503CEF21063E2F523062F)"
        );
        let debug = std::format!("{key:?}");
        assert!(debug.starts_with("PublicKey(05A7EC6F"), "{debug}");
        assert!(debug.ends_with("64D3E4C1)"), "{debug}");
    }

    #[test]
    fn spki_round_trip() {
        let key = PublicKey::from_bytes(SIGNER_KEY);
        let mut der = key.to_spki_der();
        assert_eq!(PublicKey::from_spki_der(&der), Some(key));
        assert_eq!(PublicKey::from_spki_der(&der[..90]), None);
        der[26] = 0x02; // A compressed point.
        assert_eq!(PublicKey::from_spki_der(&der), None);
    }
}
