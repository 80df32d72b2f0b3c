//! `settings import --raw`: bytes as they are, or in hex as `export --raw` prints
//! them.

use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use nerves_key::settings::{Area, Settings};

use crate::error::CliError;
use crate::files;

/// The bytes in `file`. Neither form of settings consists of hex digits alone.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = files::read(file)?;
    if bytes.trim_ascii().is_empty() {
        return Err(CliError::input(
            file,
            "empty: nerves-key settings clear removes all settings",
        ));
    }
    let bytes = HEXLOWER_PERMISSIVE
        .decode(bytes.trim_ascii())
        .unwrap_or(bytes);
    // No chip holds more, whichever it is.
    match Settings::from_bytes(Area::NervesKey, &bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(CliError::input(file, error)),
    }
}

/// What to say where no program will be able to read what replaces `before`.
pub(super) fn warning(before: &Settings, after: &Settings) -> Option<String> {
    let error = after.value().err()?;
    let replaced = match before.value() {
        Ok(Some(_)) => ", and settings that can be read are replaced",
        Ok(None) | Err(_) => "",
    };
    Some(format!(
        "no program can read these bytes: {error}{replaced}"
    ))
}
