//! Files: nothing is overwritten unasked, and private keys are the owner's
//! alone from the moment they exist.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use atecc_x509::{Certificate, CheckedSigner, SignerCertificate};
use nerves_key_provision::KeySigner;

use crate::error::CliError;

/// Who may read a new file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Readers {
    /// Mode 0644, less the umask.
    Everyone,
    /// Mode 0600.
    Owner,
}

/// Write a file that must not exist yet.
pub(crate) fn create(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), CliError> {
    let mode = match readers {
        Readers::Everyone => 0o644,
        Readers::Owner => 0o600,
    };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                CliError::refused(format_args!("{} exists already", path.display()))
            }
            _ => CliError::output(path, error),
        })
}

/// Write a certificate and its key, or neither.
pub(crate) fn create_pair(
    certificate_path: &Path,
    certificate: &Certificate,
    key_path: &Path,
    key: &KeySigner,
) -> Result<(), CliError> {
    let certificate = certificate.to_pem().map_err(CliError::failed)?;
    let key = key.to_pem().map_err(CliError::failed)?;
    create(key_path, key.as_ref().as_bytes(), Readers::Owner)?;
    create(certificate_path, certificate.as_bytes(), Readers::Everyone).inspect_err(|_| {
        // The key was made a moment ago and belongs to no certificate.
        let _ = fs::remove_file(key_path);
    })
}

/// Read a certificate in PEM.
pub(crate) fn certificate(path: &Path) -> Result<Certificate, CliError> {
    let text = fs::read_to_string(path).map_err(|error| CliError::input(path, error))?;
    Certificate::from_pem(&text).map_err(|error| CliError::input(path, error))
}

/// Read a signer certificate in PEM, checked.
pub(crate) fn signer(path: &Path) -> Result<CheckedSigner, CliError> {
    SignerCertificate::check(&certificate(path)?).map_err(|error| CliError::input(path, error))
}

/// Read a private key in PEM. Its text is wiped from memory.
pub(crate) fn key(path: &Path) -> Result<KeySigner, CliError> {
    let text = fs::read_to_string(path).map_err(|error| CliError::input(path, error))?;
    let text = zeroize::Zeroizing::new(text);
    KeySigner::from_pem(&text).map_err(|error| CliError::input(path, error))
}
