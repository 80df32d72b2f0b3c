//! Keys at hand: PEM files, and new ones.

use alloc::boxed::Box;
use core::fmt;

use ecdsa::hazmat::sign_prehashed_rfc6979;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::{self, DecodePrivateKey, LineEnding, SecretDocument};
use p256::{NistP256, SecretKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use atecc_x509::{PublicKey, SignatureBytes};

use super::{CertificateSigner, SigningRequest};
use crate::clean_stack::with_clean_stack;

/// PKCS#8, encrypted. Source: RFC 7468, section 11.
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// A signer whose private key is at hand. The key is zeroized when dropped
/// and never shown.
///
/// ```
/// use nerves_key_provision::KeySigner;
///
/// let key = KeySigner::from_bytes(&[0x42; 32])?;
/// let again = KeySigner::from_pem(key.to_pem()?.as_ref())?;
/// assert_eq!(again.public_key(), key.public_key());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// In a box: what is moved leaves copies behind.
pub struct KeySigner(Box<SecretKey>);

/// Why a PEM file is no usable private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// SEC1, "EC PRIVATE KEY".
    #[error("the EC PRIVATE KEY is not one of P-256: {0}")]
    Sec1(#[source] p256::elliptic_curve::DecodeError),
    /// PKCS#8, "PRIVATE KEY".
    #[error("the PRIVATE KEY is not one of P-256: {0}")]
    Pkcs8(#[source] pkcs8::Error),
    /// Encrypted PKCS#8, "ENCRYPTED PRIVATE KEY", and no passphrase.
    #[error("the private key is encrypted with a passphrase")]
    Encrypted,
    /// SEC1 in the encryption that OpenSSL had before PKCS#8.
    #[error(
        "the private key is encrypted in OpenSSL's old way; \
         openssl pkcs8 -topk8 writes it in the one that is read here"
    )]
    EncryptedSec1,
    /// Encrypted PKCS#8 that this passphrase does not open.
    #[cfg(feature = "encrypted-pem")]
    #[error(
        "the ENCRYPTED PRIVATE KEY is not opened by this passphrase, or is not one of P-256: {0}"
    )]
    Passphrase(#[source] pkcs8::Error),
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
        with_clean_stack(|| Self::read_pem(pem))
    }

    fn read_pem(pem: &str) -> Result<Self, KeyFileError> {
        if block(pem, ENCRYPTED).is_some() {
            Err(KeyFileError::Encrypted)
        } else if let Some(key) = block(pem, "EC PRIVATE KEY") {
            // Source: OpenSSL 3, PEM_read_bio_PrivateKey(3), "PEM ENCRYPTION FORMAT".
            if key.contains("Proc-Type: 4,ENCRYPTED") {
                return Err(KeyFileError::EncryptedSec1);
            }
            // `from_sec1_pem` leaves the decoded key on the heap, and says best
            // what is wrong with one that is none.
            match SecretDocument::from_pem(key) {
                Ok((_, document)) => SecretKey::from_sec1_der(document.as_bytes()),
                Err(_) => SecretKey::from_sec1_pem(key),
            }
            .map(Self::boxed)
            .map_err(KeyFileError::Sec1)
        } else if let Some(key) = block(pem, "PRIVATE KEY") {
            SecretKey::from_pkcs8_pem(key)
                .map(Self::boxed)
                .map_err(KeyFileError::Pkcs8)
        } else {
            Err(KeyFileError::NoKey)
        }
    }

    /// The key of a PEM text, encrypted (PKCS#8, PBES2 with AES) or not.
    ///
    /// # Errors
    /// [`KeyFileError::Passphrase`] when it is the wrong one; else as
    /// [`Self::from_pem`].
    #[cfg(feature = "encrypted-pem")]
    pub fn from_encrypted_pem(pem: &str, passphrase: &[u8]) -> Result<Self, KeyFileError> {
        match block(pem, ENCRYPTED) {
            Some(key) => with_clean_stack(|| {
                SecretKey::from_pkcs8_encrypted_pem(key, passphrase)
                    .map(Self::boxed)
                    .map_err(KeyFileError::Passphrase)
            }),
            None => Self::from_pem(pem),
        }
    }

    fn boxed(key: SecretKey) -> Self {
        Self(Box::new(key))
    }

    /// The key whose private scalar is these 32 random bytes, big-endian.
    ///
    /// # Errors
    /// [`KeyFileError::Scalar`] once in 2^32: draw again.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFileError> {
        with_clean_stack(|| {
            SecretKey::from_slice(bytes)
                .map(Self::boxed)
                .map_err(KeyFileError::Scalar)
        })
    }

    /// The key as SEC1 PEM, the form that the reference writes. The text
    /// is zeroized when dropped.
    ///
    /// # Errors
    /// [`KeyFileError::Encode`] does not occur.
    pub fn to_pem(&self) -> Result<impl AsRef<str> + use<>, KeyFileError> {
        with_clean_stack(|| {
            self.0
                .to_sec1_pem(LineEnding::LF)
                .map_err(KeyFileError::Encode)
        })
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let point = with_clean_stack(|| self.0.public_key().to_sec1_point(false));
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(point.as_bytes().iter().skip(1)) {
            *to = *from;
        }
        PublicKey::from_bytes(bytes)
    }

    /// Sign a digest: R then S, as the Elixir library reads them.
    ///
    /// The signature is the deterministic one of RFC 6979, section 3.2; where
    /// its R is too short, that of section 3.6 with a number as additional
    /// data, 1 and so on.
    ///
    /// # Errors
    /// [`p256::ecdsa::Error`] does not occur for a digest of 32 bytes.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<SignatureBytes, p256::ecdsa::Error> {
        Ok(with_clean_stack(|| {
            let mut signature = self.sign_with(digest, &[]);
            // Once in 512 times another round.
            for number in 1..=u8::MAX {
                if signature.is_readable_by_reference() {
                    break;
                }
                signature = self.sign_with(digest, &[number]);
            }
            signature
        }))
    }

    fn sign_with(&self, digest: &[u8; 32], additional: &[u8]) -> SignatureBytes {
        let scalar = Zeroizing::new(self.0.to_nonzero_scalar());
        let (signature, _) =
            sign_prehashed_rfc6979::<NistP256, Sha256>(&scalar, digest, additional);
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(signature.to_bytes()) {
            *to = from;
        }
        SignatureBytes::from_bytes(bytes).with_long_s()
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

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        self.sign_digest(&request.digest)
    }
}
