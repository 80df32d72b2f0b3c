//! What goes to standard output and what to standard error.
//!
//! Results go to standard output: text, or with `--json` one document.
//! Everything else, progress and errors, goes to standard error.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::error::{CliError, Document};
use crate::files::{self, Readers};

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// The command's result: `text` for people, `document` for programs.
    pub(crate) fn result(self, text: &str, document: &Value) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        let written = if self.json {
            writeln!(stdout, "{document:#}")
        } else {
            writeln!(stdout, "{}", text.trim_end())
        };
        match written {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(CliError::failed),
        }
    }

    /// The command's result in a new file, or on standard output as `text` and
    /// `document`.
    pub(crate) fn file_or(
        self,
        file: Option<&Path>,
        (bytes, readers): (&[u8], Readers),
        text: &str,
        document: &Value,
    ) -> Result<(), CliError> {
        let Some(path) = file else {
            return self.result(text, document);
        };
        files::create(path, bytes, readers)?;
        let file = path.display().to_string();
        self.result(&file, &json!({ "file": file }))
    }

    /// For people only. A standard error that is gone is no reason to stop
    /// half-way.
    #[expect(clippy::unused_self, reason = "messages may get a level here")]
    pub(crate) fn message(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// The end of a command that failed.
    pub(crate) fn error(self, error: &CliError) {
        if self.json && error.document() == Document::Own {
            let document = json!({
                "error": error.to_string(),
                "exit_code": error.exit as u8,
            });
            let _ = writeln!(io::stdout().lock(), "{document:#}");
        }
        self.message(&format!("nerves-key: {error}"));
    }
}

/// A wrong usage, as a document.
pub(crate) fn usage_error(error: &clap::Error) {
    let document = json!({
        "error": error.to_string().trim_end(),
        "exit_code": error.exit_code(),
    });
    let _ = writeln!(io::stdout().lock(), "{document:#}");
}
