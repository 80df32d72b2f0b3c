//! Programs of the line's owner.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::CliError;
use crate::output::escape_path;

/// How long a program may take: the chip waits.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

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
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().map_err(wrong)? {
            Some(status) => break status,
            None if begin.elapsed() < PATIENCE => thread::sleep(PAUSE),
            None => {
                child.kill().and_then(|()| child.wait()).map_err(wrong)?;
                let said = format!("it did not end within {} s", PATIENCE.as_secs());
                return Err(CliError::failed(said).about(escape_path(program)));
            }
        }
    };
    if status.success() {
        return Ok(());
    }
    Err(CliError::failed(format!("it ended with {status}")).about(escape_path(program)))
}
