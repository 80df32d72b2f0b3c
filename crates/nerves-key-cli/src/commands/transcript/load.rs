//! A transcript in any of its forms.

use std::path::Path;

use atecc_transcript::Transcript;
use atecc_transcript::import::{self, Format, Unrecognized};

use crate::error::CliError;
use crate::files;

/// A day of traffic is far smaller.
pub(super) const LIMIT: u64 = 64 * 1024 * 1024;

/// Read a transcript as text or binary, or the JSON of a recording.
pub(super) fn load(path: &Path) -> Result<Transcript, CliError> {
    let bytes = files::read_at_most(path, LIMIT)?;
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return binary(path, &bytes);
    };
    match Format::detect(text) {
        Ok(Format::Transcript) => {
            Transcript::parse(text).map_err(|error| CliError::input(path, error))
        }
        Ok(Format::Recording) => {
            import::recording(text).map_err(|error| CliError::input(path, error))
        }
        // A frame of the binary form may be text by chance.
        Err(_) if bytes.contains(&0) => binary(path, &bytes),
        Err(Unrecognized::Unknown) => Err(CliError::input(path, "no transcript and no recording")),
        Ok(_) | Err(_) => Err(CliError::input(
            path,
            "a capture: make a transcript of it with nerves-key transcript import",
        )),
    }
}

fn binary(path: &Path, bytes: &[u8]) -> Result<Transcript, CliError> {
    Transcript::from_binary(bytes).map_err(|error| CliError::input(path, error))
}
