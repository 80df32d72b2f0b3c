//! Passphrases and PINs: from where they were put, or asked for without echo.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::SecretName;
use crate::error::CliError;

/// Longer than any passphrase.
const LIMIT: u64 = 4096;
/// That much, and what tells that there is no more.
const CAPACITY: usize = 4096 + 64;

/// The secret that was named, or else what the user types for `what`.
pub(super) fn get(named: Option<&SecretName>, what: &str) -> Result<Zeroizing<String>, CliError> {
    match named {
        Some(SecretName::Variable(name)) => match std::env::var(name) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) => Err(CliError::refused(format_args!(
                "{what}: env:{name}: {error}"
            ))),
        },
        Some(SecretName::File(path)) => file(path),
        None => ask(what),
    }
}

/// The first line of a file.
pub(super) fn file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    // One that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(CAPACITY));
    File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_string(&mut text))
        .map_err(|error| CliError::input(path, error))?;
    let line = text.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}

fn ask(what: &str) -> Result<Zeroizing<String>, CliError> {
    match rpassword::prompt_password(format!("{what}: ")) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(CliError::refused(format_args!("{what}: nothing was typed")))
        }
        Err(error) => Err(CliError::refused(format_args!(
            "{what} is needed and there is no terminal to ask at ({error}): \
             give --passphrase env:NAME or file:PATH"
        ))),
    }
}
