//! A transcript in any of its forms.

use std::path::Path;

use atecc_transcript::Transcript;
use atecc_transcript::import::{self, Format, Unrecognized};

use crate::error::CliError;
use crate::files;
use crate::output::{escape_path, message};

/// A day of traffic is far smaller.
pub(super) const LIMIT: u64 = 64 * 1024 * 1024;

/// Read a transcript as text or binary, or the JSON of a recording.
pub(super) fn load(path: &Path) -> Result<Transcript, CliError> {
    let bytes = files::read_at_most(path, LIMIT)?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) if bytes.starts_with(BEGIN) => {
            return Err(CliError::input(path, no_text(&bytes, error.valid_up_to())));
        }
        Err(_) => return binary(path, &bytes),
    };
    match Format::detect(text) {
        Ok(Format::Transcript) => parse(path, text),
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

/// How the text form begins.
const BEGIN: &[u8] = b"atecc-transcript ";

/// Where a text has a byte that none has.
fn no_text(bytes: &[u8], at: usize) -> String {
    let (before, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    let line = before.split(|byte| *byte == b'\n').count();
    let byte = rest.first().copied().unwrap_or_default();
    format!("line {line}: the byte {byte:02X} is no text (UTF-8): the file is damaged there")
}

/// A recording that was interrupted, by a full disk or a loss of power, ends in the
/// middle of a line: what is before that line is whole.
fn parse(path: &Path, text: &str) -> Result<Transcript, CliError> {
    let error = match Transcript::parse(text) {
        Ok(transcript) => {
            if !text.ends_with('\n') {
                message(&format!(
                    "warning: {}: the last line has no end: it may be cut off",
                    escape_path(path)
                ));
            }
            return Ok(transcript);
        }
        Err(error) => error,
    };
    let last = text.lines().count();
    let whole = text.rfind('\n').and_then(|end| text.get(..=end));
    let cut_off = error.line == last && !text.ends_with('\n');
    match whole.filter(|_| cut_off).map(Transcript::parse) {
        Some(Ok(transcript)) => {
            message(&format!(
                "warning: {}: line {last} is cut off, and left out: the recording is not complete",
                escape_path(path)
            ));
            Ok(transcript)
        }
        _ => Err(CliError::input(path, error)),
    }
}

fn binary(path: &Path, bytes: &[u8]) -> Result<Transcript, CliError> {
    Transcript::from_binary(bytes).map_err(|error| CliError::input(path, error))
}
