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
pub use pkcs11::{
    PinSource, Pkcs11Error, Pkcs11ErrorKind, Pkcs11Signer, Pkcs11Token, Pkcs11Uri, Pkcs11UriError,
};
pub use request::{SigningRequest, SigningRequestError};

/// Signs device certificates with the key of a signer certificate: a file, a
/// token, a service.
///
/// ```
/// use atecc_x509::SignatureBytes;
/// use nerves_key_provision::{CertificateSigner, SigningRequest};
///
/// /// A service that signs, by whatever way it is reached.
/// struct Service<F>(F);
///
/// impl<E, F: FnMut(&[u8; 32]) -> Result<[u8; 64], E>> CertificateSigner for Service<F> {
///     type Error = E;
///
///     fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, E> {
///         (self.0)(&request.digest).map(SignatureBytes::from_bytes)
///     }
/// }
/// ```
pub trait CertificateSigner {
    /// Why it could not.
    type Error;

    /// ECDSA on P-256 over `request.digest`: R then S. Whoever issues a
    /// certificate asks by [`Self::sign`].
    ///
    /// # Errors
    /// The signer's own.
    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error>;

    /// A signature that the Elixir library reads, where the signer can give
    /// one: [`SignatureBytes::is_readable_by_reference`]. A signer that does
    /// not is asked once more, and then its first signature is taken: every
    /// other program reads it.
    ///
    /// # Errors
    /// The signer's own, of the first time.
    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        let first = self.sign_once(request)?.with_long_s();
        // What does not verify is the caller's to refuse, not to ask for twice.
        if first.is_readable_by_reference() || request.verify(&first).is_err() {
            return Ok(first);
        }
        let second = self.sign_once(request).map(SignatureBytes::with_long_s);
        let better = second
            .ok()
            .filter(|second| second.is_readable_by_reference() && request.verify(second).is_ok());
        Ok(better.unwrap_or(first))
    }
}
