//! Signers of any kind, so that commands need no type parameter.

mod key_name;
mod secret;

use std::path::Path;
use std::time::Duration;

use atecc_x509::{Certificate, CheckedSigner, DateTime, Format, PublicKey, SignatureBytes};
use nerves_key_provision::{
    AnswerMismatch, CertificateSigner, ExecError, ExecSigner, KeyFileError, KeySigner, PinSource,
    Pkcs11Error, Pkcs11ErrorKind, Pkcs11Signer, Pkcs11Token, Pkcs11Uri, Refusal, SigningAnswer,
    SigningRequest,
};
use zeroize::Zeroizing;

pub(crate) use key_name::{KeyName, SecretName};

use crate::cli::signer_key::{FormatOption, KeyOptions};
use crate::error::CliError;
use crate::output::{Output, escape_path};
use crate::{files, system};

/// Who signs certificates.
#[derive(Debug)]
pub(crate) enum AnySigner {
    Key(KeySigner),
    Token(Box<Pkcs11Signer>),
    Command(ExecSigner),
    /// Has signed already.
    Answer(Box<SigningAnswer>),
}

/// Why it did not sign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignerError {
    #[error(transparent)]
    Key(<KeySigner as CertificateSigner>::Error),
    #[error(transparent)]
    Token(#[from] Pkcs11Error),
    #[error(transparent)]
    Command(#[from] ExecError),
    #[error(transparent)]
    Answer(#[from] AnswerMismatch),
    #[error("it signs for devices alone")]
    DevicesOnly,
}

impl CertificateSigner for AnySigner {
    type Error = SignerError;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, SignerError> {
        match self {
            Self::Key(key) => key.sign_once(request).map_err(SignerError::Key),
            Self::Token(token) => Ok(token.sign_once(request)?),
            Self::Command(command) => Ok(command.sign_once(request)?),
            Self::Answer(answer) => Ok(answer.sign_once(request)?),
        }
    }
}

impl AnySigner {
    /// The key of `name`, ready to sign.
    ///
    /// # Errors
    /// Exit code 5: no chip has been touched yet; 1 for a token's trouble.
    pub(crate) fn open(name: &KeyName, options: &KeyOptions) -> Result<Self, CliError> {
        let secret = options.passphrase.as_ref();
        Ok(match name {
            KeyName::File(path) => Self::Key(key(path, secret)?),
            KeyName::Token(uri) => Self::Token(Box::new(token(uri, secret)?)),
            KeyName::Command(command) => {
                let patience = Duration::from_secs(options.signer_timeout);
                let signer = ExecSigner::new(command, patience);
                Self::Command(signer.map_err(|error| match error {
                    ExecError::Patience(_) => CliError::refused(error).about("--signer-timeout"),
                    error => CliError::refused(error),
                })?)
            }
        })
    }

    /// The public half, for a certificate of its own.
    ///
    /// # Errors
    /// Exit code 5 where nothing tells it.
    pub(crate) fn public_key(&self) -> Result<PublicKey, CliError> {
        match self {
            Self::Key(key) => Ok(key.public_key()),
            Self::Token(token) => token.public_key().ok_or_else(|| {
                CliError::refused(
                    "the token has no public key object beside the private key: the same \
                     CKA_ID, or the same label, tells which it is",
                )
            }),
            Self::Command(_) | Self::Answer(_) => Err(CliError::refused(
                "an exec: signer does not tell its public key: make its certificate where the \
                 key is",
            )),
        }
    }

    /// Sign what is not for a device: its own certificate.
    pub(crate) fn sign_own(&mut self, digest: &[u8; 32]) -> Result<SignatureBytes, SignerError> {
        match self {
            Self::Key(key) => key.sign_digest(digest).map_err(SignerError::Key),
            Self::Token(token) => Ok(token.sign_digest(digest)?),
            Self::Command(_) | Self::Answer(_) => Err(SignerError::DevicesOnly),
        }
    }

    /// That its key is the one of the signer certificate, as far as it can be
    /// known before it is asked for a certificate. A token signs a random
    /// value for it, which also shows that its key may sign at all.
    ///
    /// # Errors
    /// Exit code 5, or 1 for a token's trouble.
    pub(crate) fn check(&mut self, certificate: &PublicKey) -> Result<(), CliError> {
        let known = match self {
            Self::Key(key) => Some(key.public_key()),
            Self::Token(token) if token.public_key().is_some_and(|key| key != *certificate) => {
                token.public_key()
            }
            Self::Token(token) => {
                let challenge = system::random()?;
                let signature = token.sign_digest(&challenge).map_err(token_error)?;
                match certificate.verify(&challenge, &signature) {
                    Ok(()) => Some(*certificate),
                    Err(mismatch) => {
                        return Err(CliError::refused(mismatch)
                            .about("the signer key does not belong to the signer certificate"));
                    }
                }
            }
            Self::Command(_) => None,
            Self::Answer(answer) => Some(answer.request().signer_public_key),
        };
        match known {
            Some(key) if key != *certificate => Err(CliError::refused(format!(
                "the signer key does not belong to the signer certificate: its public key is \
                 {key}, the certificate's is {certificate}: give the key and the certificate of \
                 one signer"
            ))),
            _ => Ok(()),
        }
    }
}

/// The format that was asked for; what follows from another than 0 is said.
pub(crate) fn announce_format(option: FormatOption, output: Output) -> Format {
    let format = option.format();
    if format != Format::V0 {
        output.message(
            "warning: a certificate of format 1 cannot be read by the Elixir library nerves_key \
             (1.3 and before)",
        );
    }
    format
}

/// Say of a new certificate that it has one of the signatures, about one in
/// 256, that the Elixir library cannot read.
pub(crate) fn warn_of(signature: &SignatureBytes, output: Output) -> Option<&'static str> {
    const WARNING: &str = "the Elixir library nerves_key (1.3 and before) cannot read this \
                           certificate, because R or S of its signature is below 2^247; other \
                           programs can. The signer gives no other signature, or not this time";
    if signature.is_readable_by_reference() {
        return None;
    }
    output.message(&format!("warning: {WARNING}"));
    Some(WARNING)
}

/// [`warn_of`] a certificate's signature.
pub(crate) fn warn_of_certificate(
    certificate: &Certificate,
    output: Output,
) -> Result<(), CliError> {
    let signature = certificate.signature().map_err(CliError::failed)?;
    warn_of(&signature, output);
    Ok(())
}

/// That the signer certificate is valid now.
///
/// # Errors
/// Exit code 5.
pub(crate) fn check_validity(signer: &CheckedSigner, now: DateTime) -> Result<(), CliError> {
    let validity = signer.validity;
    let (from, to) = (validity.not_before(), validity.not_after());
    if now < from || now > to {
        return Err(Refusal::SignerNotValid { from, to, now }.into());
    }
    Ok(())
}

/// Read a private key in PEM. Its text is wiped from memory.
fn key(path: &Path, secret: Option<&SecretName>) -> Result<KeySigner, CliError> {
    let pem = files::read_text(path)?;
    files::warn_of_readers(path, &escape_path(path), "a private key");
    let key = match KeySigner::from_pem(&pem) {
        Err(KeyFileError::Encrypted) => {
            let passphrase = secret::get(secret, &format!("passphrase of {}", escape_path(path)))?;
            KeySigner::from_encrypted_pem(&pem, passphrase.as_bytes())
        }
        result => result,
    };
    key.map_err(|error| CliError::input(path, error))
}

fn token(uri: &Pkcs11Uri, secret: Option<&SecretName>) -> Result<Pkcs11Signer, CliError> {
    let token = Pkcs11Token::open(uri).map_err(token_error)?;
    let pin = if token.wants_pin() {
        Some(pin(uri, secret, token.label())?)
    } else {
        None
    };
    let pin = pin.as_ref().map(|pin| pin.as_str());
    token.signer(pin).map_err(token_error)
}

/// Exit code 1 for a token's trouble, 5 for what is wrong in what was given.
fn token_error(error: Pkcs11Error) -> CliError {
    match error.kind() {
        Pkcs11ErrorKind::Passing => CliError::failed(error)
            .with_advice("The token may be in use, or away: run the same command again."),
        Pkcs11ErrorKind::Input => CliError::refused(error),
        _ => CliError::failed(error),
    }
}

fn pin(
    uri: &Pkcs11Uri,
    secret: Option<&SecretName>,
    label: &str,
) -> Result<Zeroizing<String>, CliError> {
    match &uri.pin {
        Some(PinSource::Value(pin)) => Ok(pin.clone()),
        Some(PinSource::File(path)) => secret::read_unquoted("pin-source", path),
        None => secret::get(secret, &format!("PIN of token {label:?}")),
    }
}
