//! Passphrases and PINs: from where they were put, or asked for without echo.
//!
//! Errors do not quote what `--passphrase` or `pin-source` says, unless it is a
//! `file:`: somebody may have put the secret itself there.

use std::env::VarError;
use std::io::ErrorKind;
use std::path::Path;
use std::str::Utf8Error;

use zeroize::Zeroizing;

use super::SecretName;
use crate::error::CliError;
use crate::files::{self, ReadError};
use crate::output::{escape_path, one_line};

/// Longer than any passphrase.
const LIMIT: u64 = 4096;

/// The secret that was named, or else what the user types for `what`.
pub(super) fn get(named: Option<&SecretName>, what: &str) -> Result<Zeroizing<String>, CliError> {
    match named {
        Some(SecretName::Variable(name)) => match std::env::var(name) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(VarError::NotPresent) => Err(CliError::refused(format!(
                "{what}: --passphrase env:NAME: environment variable not found"
            ))),
            Err(VarError::NotUnicode(_)) => Err(CliError::refused(format!(
                "{what}: --passphrase env:NAME: the variable is not UTF-8"
            ))),
        },
        Some(SecretName::File(path)) => {
            files::warn_of_readers(path, &escape_path(path), "a secret");
            first_line(path).map_err(|error| CliError::input(path, error))
        }
        Some(SecretName::Bare(path)) => read_unquoted("--passphrase", path),
        None => ask(what),
    }
}

/// The first line of the file that `option` names.
pub(super) fn read_unquoted(option: &str, path: &Path) -> Result<Zeroizing<String>, CliError> {
    files::warn_of_readers(path, &format!("the file that {option} names"), "a secret");
    first_line(path).map_err(|error| {
        CliError::refused(error)
            .about(format!("the file that {option} names"))
            .with_remark(" (it names a file, and is not the secret itself)")
    })
}

#[derive(Debug, thiserror::Error)]
enum SecretError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    NotText(#[from] Utf8Error),
}

fn first_line(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    let bytes = Zeroizing::new(files::bytes_at_most(path, LIMIT)?);
    let text = std::str::from_utf8(&bytes)?;
    // Some editors begin a file with a mark, which is part of no secret.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let line = text.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}

fn ask(what: &str) -> Result<Zeroizing<String>, CliError> {
    match rpassword::prompt_password(one_line(&format!("{what}: "))) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(CliError::refused(format!("{what}: nothing was typed")))
        }
        Err(error) => Err(CliError::refused(format!(
            "{what} is needed and there is no terminal to ask at ({error}): \
             give --passphrase env:NAME or file:PATH"
        ))),
    }
}
