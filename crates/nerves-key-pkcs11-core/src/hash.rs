//! The digests of this module, on the host.

use cryptoki_sys::{CK_MECHANISM_TYPE, CKM_SHA256, CKM_SHA384, CKM_SHA512};
use cryptoki_sys::{CKM_ECDSA_SHA256, CKM_ECDSA_SHA384, CKM_ECDSA_SHA512};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A digest on its way.
#[derive(Clone, Debug)]
pub enum Hash {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-384.
    Sha384(Sha384),
    /// SHA-512.
    Sha512(Sha512),
}

impl Hash {
    /// The digest of a digest mechanism.
    #[must_use]
    pub fn for_digest(mechanism: CK_MECHANISM_TYPE) -> Option<Self> {
        match mechanism {
            CKM_SHA256 => Some(Self::Sha256(Sha256::new())),
            CKM_SHA384 => Some(Self::Sha384(Sha384::new())),
            CKM_SHA512 => Some(Self::Sha512(Sha512::new())),
            _ => None,
        }
    }

    /// The digest within a signature mechanism.
    #[must_use]
    pub fn for_signature(mechanism: CK_MECHANISM_TYPE) -> Option<Self> {
        match mechanism {
            CKM_ECDSA_SHA256 => Self::for_digest(CKM_SHA256),
            CKM_ECDSA_SHA384 => Self::for_digest(CKM_SHA384),
            CKM_ECDSA_SHA512 => Self::for_digest(CKM_SHA512),
            _ => None,
        }
    }

    /// Take more.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(data),
            Self::Sha384(hash) => hash.update(data),
            Self::Sha512(hash) => hash.update(data),
        }
    }

    /// Bytes of the result.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Sha256(_) => 32,
            Self::Sha384(_) => 48,
            Self::Sha512(_) => 64,
        }
    }

    /// The result.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha384(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        }
    }
}
