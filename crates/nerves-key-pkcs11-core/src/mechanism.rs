//! What a token can do, from what its keys may do.
//!
//! Only signatures and key agreement are the chip's work. Digests and
//! verification need no secret and are done here, faster.

use atecc::Slot;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_FLAGS, CK_MECHANISM_INFO, CK_MECHANISM_TYPE};

use crate::chip::Chip;
use crate::error::Error;
use crate::key::{Allowed, Key};

/// A mechanism as a caller gives it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism<'a> {
    /// Without a parameter.
    Plain(CK_MECHANISM_TYPE),
    /// With one that it should not have.
    WithParameter(CK_MECHANISM_TYPE),
    /// `CKM_ECDH1_DERIVE`.
    Ecdh1(Ecdh1<'a>),
}

/// `CK_ECDH1_DERIVE_PARAMS`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ecdh1<'a> {
    /// `CKD_*`.
    pub kdf: ck::CK_EC_KDF_TYPE,
    /// What the key derivation takes besides.
    pub shared: &'a [u8],
    /// The other side's point, as it is or in an OCTET STRING.
    pub public: &'a [u8],
}

/// P-256, a named curve over a prime field, points uncompressed.
const CURVE: CK_FLAGS = ck::CKF_EC_F_P | ck::CKF_EC_NAMEDCURVE | ck::CKF_EC_UNCOMPRESS;
const SIGNATURES: [CK_MECHANISM_TYPE; 4] = [
    ck::CKM_ECDSA,
    ck::CKM_ECDSA_SHA256,
    ck::CKM_ECDSA_SHA384,
    ck::CKM_ECDSA_SHA512,
];
const DIGESTS: [CK_MECHANISM_TYPE; 3] = [ck::CKM_SHA256, ck::CKM_SHA384, ck::CKM_SHA512];

/// The mechanisms of `chip`, of whose slots these may get new keys.
#[must_use]
pub fn all(chip: &Chip, new_keys: &[Slot]) -> Vec<CK_MECHANISM_TYPE> {
    let any = |allowed: fn(&Key) -> Allowed| {
        let mut keys = chip.keys.iter();
        keys.any(|key| allowed(key) == Allowed::Yes)
    };
    let (signs, derives) = (any(|key| key.can.sign), any(|key| key.can.derive));
    let signatures = SIGNATURES.into_iter().filter(|_| signs);
    let agreement = [ck::CKM_ECDH1_DERIVE].into_iter().filter(|_| derives);
    let new_keys = !new_keys.is_empty();
    let generation = [ck::CKM_EC_KEY_PAIR_GEN].into_iter().filter(|_| new_keys);
    let of_the_chip = generation.chain(signatures).chain(agreement);
    of_the_chip.chain(DIGESTS).collect()
}

/// What `kind` is on `chip`.
///
/// # Errors
/// [`Error::Mechanism`] when the chip does not have it.
pub fn info(
    chip: &Chip,
    new_keys: &[Slot],
    kind: CK_MECHANISM_TYPE,
) -> Result<CK_MECHANISM_INFO, Error> {
    if !all(chip, new_keys).contains(&kind) {
        return Err(Error::Mechanism(kind));
    }
    let (bits, flags) = match kind {
        ck::CKM_EC_KEY_PAIR_GEN => (256, ck::CKF_HW | ck::CKF_GENERATE_KEY_PAIR | CURVE),
        ck::CKM_ECDH1_DERIVE => (256, ck::CKF_HW | ck::CKF_DERIVE | CURVE),
        kind if SIGNATURES.contains(&kind) => {
            let flags = ck::CKF_HW | ck::CKF_SIGN | ck::CKF_VERIFY | CURVE;
            (256, flags)
        }
        _ => (0, ck::CKF_DIGEST),
    };
    Ok(CK_MECHANISM_INFO {
        ulMinKeySize: bits,
        ulMaxKeySize: bits,
        flags,
    })
}

impl Mechanism<'_> {
    /// `CKM_*`.
    #[must_use]
    pub const fn kind(&self) -> CK_MECHANISM_TYPE {
        match self {
            Self::Plain(kind) | Self::WithParameter(kind) => *kind,
            Self::Ecdh1(_) => ck::CKM_ECDH1_DERIVE,
        }
    }

    /// `CKM_*`, where it may have no parameter.
    pub(crate) const fn plain(&self) -> Result<CK_MECHANISM_TYPE, Error> {
        match self {
            Self::Plain(kind) => Ok(*kind),
            Self::WithParameter(_) => Err(Error::Parameter("this mechanism has none")),
            Self::Ecdh1(_) => Err(Error::Mechanism(ck::CKM_ECDH1_DERIVE)),
        }
    }
}
