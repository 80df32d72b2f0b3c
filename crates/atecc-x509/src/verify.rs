//! What needs curve arithmetic: is it a point, is it its signature.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{self, Signature, VerifyingKey};

use crate::{Certificate, Error, PublicKey, SignatureBytes};

/// The 64 bytes are no point of P-256.
#[derive(Debug, thiserror::Error)]
#[error("the public key {key} is not a point of P-256")]
pub struct NotOnCurve {
    /// X and Y.
    pub key: PublicKey,
    source: ecdsa::Error,
}

/// A signature is not one of this key over these bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureMismatch {
    /// The key can have no signatures.
    #[error(transparent)]
    Key(#[from] NotOnCurve),
    /// The certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] Error),
    /// R or S is 0 or too large, or the equation does not hold.
    #[error("the signature does not verify under the public key {key}")]
    Signature {
        /// The key that should have signed.
        key: PublicKey,
        /// What the arithmetic says, which is little by design.
        source: ecdsa::Error,
    },
}

impl PublicKey {
    /// The key of 64 bytes, checked.
    ///
    /// # Errors
    /// [`NotOnCurve`] when they are no point of P-256.
    pub fn on_curve(bytes: [u8; 64]) -> Result<Self, NotOnCurve> {
        let key = Self::from_bytes(bytes);
        key.verifying_key().map(|_| key)
    }

    /// # Errors
    /// [`SignatureMismatch`] unless `signature` is this key's over the SHA-256
    /// value `digest`.
    pub fn verify(
        &self,
        digest: &[u8; 32],
        signature: &SignatureBytes,
    ) -> Result<(), SignatureMismatch> {
        let mismatch = |source| SignatureMismatch::Signature { key: *self, source };
        let signature = Signature::from_slice(signature.as_bytes()).map_err(mismatch)?;
        self.verifying_key()?
            .verify_prehash(digest, &signature)
            .map_err(mismatch)
    }

    fn verifying_key(&self) -> Result<VerifyingKey, NotOnCurve> {
        VerifyingKey::from_sec1_bytes(&self.to_sec1())
            .map_err(|source| NotOnCurve { key: *self, source })
    }
}

impl Certificate {
    /// # Errors
    /// [`SignatureMismatch`] unless `signer` has signed this certificate.
    pub fn verify(&self, signer: &PublicKey) -> Result<(), SignatureMismatch> {
        signer.verify(&self.digest(), &self.signature()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DEVICE_SIGNER_KEY, SIGNER_KEY, device, signer};

    #[test]
    fn the_known_chain_verifies() {
        let key = PublicKey::on_curve(SIGNER_KEY).unwrap();
        signer().verify(&key).unwrap();
        let key = PublicKey::on_curve(DEVICE_SIGNER_KEY).unwrap();
        device().verify(&key).unwrap();
        let device_key = device().public_key().unwrap();
        assert!(matches!(
            device().verify(&device_key),
            Err(SignatureMismatch::Signature { .. })
        ));
    }

    #[test]
    fn points_and_numbers_are_checked() {
        let mut bytes = SIGNER_KEY;
        bytes[63] ^= 1;
        assert_eq!(
            PublicKey::on_curve(bytes).unwrap_err().key.as_bytes(),
            &bytes
        );
        let key = PublicKey::from_bytes(SIGNER_KEY);
        let zero = SignatureBytes::from_bytes([0; 64]);
        assert!(matches!(
            key.verify(&[0; 32], &zero),
            Err(SignatureMismatch::Signature { .. })
        ));
    }
}
