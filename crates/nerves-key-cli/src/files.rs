//! Files: nothing is overwritten unasked, and private keys are the owner's
//! alone from the moment they exist.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use atecc_x509::{Certificate, CheckedSigner, SignerCertificate};
use nerves_key_provision::KeySigner;
use zeroize::Zeroizing;

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
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CliError::refused(format_args!("{} exists already", path.display()))
        }
        _ => CliError::output(path, error),
    })?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| {
            // Half a file would only be in the way of the next try.
            let _ = fs::remove_file(path);
            CliError::output(path, error)
        })
}

/// Read a file that is small by nature, at most [`LIMIT`] bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    read_at_most(path, LIMIT)
}

/// Read a file of at most `limit` bytes.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| CliError::input(path, error))?;
    if bytes.len() as u64 > limit {
        let error = format!("larger than {limit} bytes");
        return Err(CliError::input(path, error));
    }
    Ok(bytes)
}

/// Certificates, keys and user areas are far smaller.
const LIMIT: u64 = 64 * 1024;

fn read_text(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let bytes = Zeroizing::new(read(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|error| CliError::input(path, error))?;
    Ok(Zeroizing::new(text.to_owned()))
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
    Certificate::from_pem(&read_text(path)?).map_err(|error| CliError::input(path, error))
}

/// Read a signer certificate in PEM, checked.
pub(crate) fn signer(path: &Path) -> Result<CheckedSigner, CliError> {
    SignerCertificate::check(&certificate(path)?).map_err(|error| CliError::input(path, error))
}

/// Read a private key in PEM. Its text is wiped from memory.
pub(crate) fn key(path: &Path) -> Result<KeySigner, CliError> {
    KeySigner::from_pem(&read_text(path)?).map_err(|error| CliError::input(path, error))
}
