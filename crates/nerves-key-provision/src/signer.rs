//! Who signs device certificates.

use alloc::string::String;
use alloc::vec::Vec;

use atecc::SerialNumber;
use atecc_x509::{PublicKey, SignatureBytes};

/// What a signer is asked to sign, with what it may want to know.
#[derive(Clone, Debug)]
pub struct SigningRequest {
    /// The to-be-signed part of the certificate, DER.
    pub to_be_signed: Vec<u8>,
    /// SHA-256 of it: what ECDSA signs.
    pub digest: [u8; 32],
    /// The device's key.
    pub public_key: PublicKey,
    /// The chip's own serial number.
    pub chip: SerialNumber,
    /// The manufacturer serial.
    pub serial: String,
}

/// Signs device certificates with the key of a signer certificate: a file, a
/// token, a service.
pub trait CertificateSigner {
    /// Why it could not.
    type Error;

    /// ECDSA on P-256 over `request.digest`: R then S.
    ///
    /// # Errors
    /// The signer's own.
    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error>;
}

#[cfg(feature = "pem")]
pub use key::{KeyFileError, KeySigner};

#[cfg(feature = "pem")]
mod key {
    use core::fmt;

    use p256::SecretKey;
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use p256::ecdsa::{Signature, SigningKey};
    use p256::elliptic_curve::sec1::ToSec1Point;
    use p256::pkcs8::{DecodePrivateKey, LineEnding};

    use super::{CertificateSigner, PublicKey, SignatureBytes, SigningRequest};

    /// A signer whose private key is at hand. The key is zeroized when dropped
    /// and never shown.
    pub struct KeySigner(SecretKey);

    /// Why a PEM file is no usable private key.
    #[derive(Debug, thiserror::Error)]
    pub enum KeyFileError {
        /// SEC1, "EC PRIVATE KEY".
        #[error("the EC PRIVATE KEY is not one of P-256: {0}")]
        Sec1(#[source] p256::elliptic_curve::DecodeError),
        /// PKCS#8, "PRIVATE KEY".
        #[error("the PRIVATE KEY is not one of P-256: {0}")]
        Pkcs8(#[source] p256::pkcs8::Error),
        /// Encrypted PKCS#8.
        #[error("the private key is encrypted; decrypt it first, for example with openssl pkcs8")]
        Encrypted,
        /// No private key at all.
        #[error("no private key in PEM form (EC PRIVATE KEY or PRIVATE KEY)")]
        NoKey,
        /// 32 bytes that are no private key: 0, or past the group's order.
        #[error("the random bytes are no private key: {0}")]
        Scalar(#[source] p256::elliptic_curve::Error),
        /// The key could not be written as PEM.
        #[error("private key as PEM: {0}")]
        Encode(#[source] p256::elliptic_curve::Error),
    }

    impl KeySigner {
        /// The key of a PEM text: SEC1 (`EC PRIVATE KEY`) or PKCS#8 (`PRIVATE
        /// KEY`).
        ///
        /// # Errors
        /// [`KeyFileError`] when there is none, or of another kind.
        pub fn from_pem(pem: &str) -> Result<Self, KeyFileError> {
            if block(pem, "ENCRYPTED PRIVATE KEY").is_some() {
                Err(KeyFileError::Encrypted)
            } else if let Some(key) = block(pem, "EC PRIVATE KEY") {
                SecretKey::from_sec1_pem(key)
                    .map(Self)
                    .map_err(KeyFileError::Sec1)
            } else if let Some(key) = block(pem, "PRIVATE KEY") {
                SecretKey::from_pkcs8_pem(key)
                    .map(Self)
                    .map_err(KeyFileError::Pkcs8)
            } else {
                Err(KeyFileError::NoKey)
            }
        }

        /// The key whose private scalar is these 32 random bytes, big-endian.
        ///
        /// # Errors
        /// [`KeyFileError::Scalar`] once in 2^32: draw again.
        pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFileError> {
            SecretKey::from_slice(bytes)
                .map(Self)
                .map_err(KeyFileError::Scalar)
        }

        /// The key as SEC1 PEM, the form that the reference writes. The text
        /// is zeroized when dropped.
        ///
        /// # Errors
        /// [`KeyFileError::Encode`] does not occur.
        pub fn to_pem(&self) -> Result<impl AsRef<str> + use<>, KeyFileError> {
            self.0
                .to_sec1_pem(LineEnding::LF)
                .map_err(KeyFileError::Encode)
        }

        /// The public half.
        #[must_use]
        pub fn public_key(&self) -> PublicKey {
            let point = self.0.public_key().to_sec1_point(false);
            let mut bytes = [0; 64];
            for (to, from) in bytes.iter_mut().zip(point.as_bytes().iter().skip(1)) {
                *to = *from;
            }
            PublicKey::from_bytes(bytes)
        }

        /// Sign a digest: R then S.
        ///
        /// # Errors
        /// [`p256::ecdsa::Error`] does not occur for a digest of 32 bytes.
        pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<SignatureBytes, p256::ecdsa::Error> {
            let signature: Signature = SigningKey::from(&self.0).sign_prehash(digest)?;
            let mut bytes = [0; 64];
            for (to, from) in bytes.iter_mut().zip(signature.to_bytes()) {
                *to = from;
            }
            Ok(SignatureBytes::from_bytes(bytes))
        }
    }

    /// The block with this label of a text that may hold others: OpenSSL puts
    /// `EC PARAMETERS` before a key.
    fn block<'a>(pem: &'a str, label: &str) -> Option<&'a str> {
        const DASHES: &str = "-----";
        let begin = alloc::format!("{DASHES}BEGIN {label}{DASHES}");
        let end = alloc::format!("{DASHES}END {label}{DASHES}");
        let (_, from) = pem.split_at_checked(pem.find(&begin)?)?;
        let (block, _) = from.split_at_checked(from.find(&end)? + end.len())?;
        Some(block)
    }

    impl fmt::Debug for KeySigner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("KeySigner").finish_non_exhaustive()
        }
    }

    impl CertificateSigner for KeySigner {
        type Error = p256::ecdsa::Error;

        fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
            self.sign_digest(&request.digest)
        }
    }
}
