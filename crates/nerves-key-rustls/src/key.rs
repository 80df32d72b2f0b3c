//! A private key that never leaves its chip, as rustls wants one.

use std::fmt;
use std::sync::{Arc, Mutex};

use atecc::Slot;
use atecc_x509::{PublicKey, SignatureBytes};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{OtherError, SignatureAlgorithm, SignatureScheme};
use sha2::{Digest, Sha256};

use crate::{ChipError, TlsChip};

/// How often the chip signs until the signature verifies.
const TRIES: u8 = 3;

/// The only scheme of a P-256 key. Source: RFC 8446, section 4.2.3.
const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

/// A chip's private key, for rustls: `Clone` shares the chip.
///
/// One handshake is one signature, which is one awake session of the chip. Each
/// signature is verified before it is sent; where another program has disturbed
/// the chip it is made again.
///
/// [`Signer::sign`] blocks for as long as the chip computes (`docs/tls.md` has figures),
/// and until other threads have their signatures. In an async program the
/// handshake belongs on a thread that may block; the crate's example `tokio` does
/// it.
#[derive(Clone)]
pub struct ChipKey {
    chip: Arc<Mutex<dyn TlsChip>>,
    slot: Slot,
    public_key: PublicKey,
}

impl ChipKey {
    /// The key in `slot` of `chip`, whose public half is `public_key`. The chip is
    /// not touched.
    pub fn new(chip: impl TlsChip + 'static, slot: Slot, public_key: PublicKey) -> Self {
        Self {
            chip: Arc::new(Mutex::new(chip)),
            slot,
            public_key,
        }
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// Sign `digest`, verified: R then S, 32 bytes each.
    ///
    /// # Errors
    /// [`ChipError`].
    pub fn sign_digest(&self, digest: [u8; 32]) -> Result<SignatureBytes, ChipError> {
        let mut chip = self.chip.lock().map_err(|_poisoned| ChipError::Poisoned)?;
        for _ in 0..TRIES {
            let signature = SignatureBytes::from_bytes(chip.sign(self.slot, digest)?);
            if self.public_key.verify(&digest, &signature).is_ok() {
                return Ok(signature);
            }
        }
        Err(ChipError::SomethingElse(TRIES))
    }
}

impl fmt::Debug for ChipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChipKey")
            .field("slot", &self.slot)
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}

impl SigningKey for ChipKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = || Box::new(self.clone()) as Box<dyn Signer>;
        offered.contains(&SCHEME).then(signer)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.public_key.to_spki_der().to_vec().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for ChipKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        match self.sign_digest(Sha256::digest(message).into()) {
            Ok(signature) => Ok(signature.to_der()),
            Err(error) => Err(OtherError(Arc::new(error)).into()),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}
