//! Signers whose key is in a PKCS#11 token: an HSM, a smart card, a service.
//!
//! The key never leaves the token, which signs digests (`CKM_ECDSA`). It is
//! made there by the token's own tools.

mod error;
mod kind;
mod persistent;
mod session;
mod token;
mod uri;

use atecc_x509::{PublicKey, SignatureBytes};

use self::persistent::{OpenToken, PAUSES, SigningToken, again};
use self::session::LoadedModule;
use self::token::Login;
use super::{CertificateSigner, SigningRequest};

pub use error::Pkcs11Error;
pub use kind::Pkcs11ErrorKind;
pub use uri::{PinSource, Pkcs11Uri, Pkcs11UriError};

/// A token, opened and not logged in to.
///
/// What may pass ([`Pkcs11ErrorKind::Passing`]) is tried again for one and a
/// half seconds by whatever asks the token, here and in [`Pkcs11Signer`].
#[derive(Debug)]
pub struct Pkcs11Token(OpenToken<LoadedModule>);

/// A private key in a token.
#[derive(Debug)]
pub struct Pkcs11Signer(SigningToken<LoadedModule>);

impl Pkcs11Token {
    /// Open the token that `uri` names.
    ///
    /// # Errors
    /// [`Pkcs11Error`] when the library cannot be loaded, or there is not
    /// exactly one such token.
    pub fn open(uri: &Pkcs11Uri) -> Result<Self, Pkcs11Error> {
        let module = again(&PAUSES, || LoadedModule::load(&uri.module))?;
        OpenToken::open(module, uri, &PAUSES).map(Self)
    }

    /// The token's label.
    #[must_use]
    pub fn label(&self) -> &str {
        self.0.info().label()
    }

    /// Whether [`Self::signer`] needs a PIN: the token asks for one and has no
    /// pad of its own to enter it.
    #[must_use]
    pub fn wants_pin(&self) -> bool {
        Login::new(self.0.info()) == Login::Pin
    }

    /// Log in and find the key that the URI names.
    ///
    /// # Errors
    /// [`Pkcs11Error`] when the PIN is wrong, or there is not exactly one such
    /// key of P-256.
    pub fn signer(self, pin: Option<&str>) -> Result<Pkcs11Signer, Pkcs11Error> {
        self.0.signer(pin).map(Pkcs11Signer)
    }
}

impl Pkcs11Signer {
    /// The public half, where the token has it beside the private key: with
    /// the same `CKA_ID`, or else the same label.
    #[must_use]
    pub const fn public_key(&self) -> Option<PublicKey> {
        self.0.public_key()
    }

    /// Have the token sign a digest: R then S. It signs anew until the Elixir
    /// library can read the result, for as long as its signatures differ and
    /// four times at most.
    ///
    /// # Errors
    /// [`Pkcs11Error`], the token's.
    pub fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        self.0.sign_readable(digest)
    }
}

impl CertificateSigner for Pkcs11Signer {
    type Error = Pkcs11Error;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Pkcs11Error> {
        self.sign_digest(&request.digest)
    }
}
