//! Programs of the line's owner.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::CliError;
use crate::output::escape_path;

/// Run `program` with `unit` as JSON on its standard input.
///
/// # Errors
/// Exit code 1 when it cannot be started or does not succeed.
pub(super) fn run(program: &Path, unit: &Value) -> Result<(), CliError> {
    let wrong = |error: std::io::Error| CliError::failed(error).about(escape_path(program));
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        // Standard output is the line's own.
        .stdout(Stdio::null())
        .spawn()
        .map_err(wrong)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read needs not be told.
        let _ = writeln!(stdin, "{unit}");
    }
    let status = child.wait().map_err(wrong)?;
    if status.success() {
        return Ok(());
    }
    Err(CliError::failed(format!("it ended with {status}")).about(escape_path(program)))
}
