//! Who signs device certificates.
//!
//! Whoever it is, [`crate::Runner::signed`] verifies the signature under the
//! signer certificate before anything is made of it.

#[cfg(feature = "json")]
mod answer;
#[cfg(feature = "exec")]
mod exec;
#[cfg(feature = "pem")]
mod key;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod request;

use atecc_x509::SignatureBytes;

#[cfg(feature = "json")]
pub use answer::{AnswerMismatch, DocumentError, SigningAnswer};
#[cfg(feature = "exec")]
pub use exec::{ExecError, ExecSigner};
#[cfg(feature = "pem")]
pub use key::{KeyFileError, KeySigner};
#[cfg(feature = "pkcs11")]
pub use pkcs11::{PinSource, Pkcs11Error, Pkcs11Signer, Pkcs11Token, Pkcs11Uri, Pkcs11UriError};
pub use request::{SigningRequest, SigningRequestError};

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
