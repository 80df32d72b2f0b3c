//! What goes to standard output and what to standard error.
//!
//! Results go to standard output: text, or with `--json` one document.
//! Everything else, progress and errors, goes to standard error.
//!
//! All of it passes here. Text from chips, files and tokens is
//! [`atecc_text::Shown`] where it is put into a line, so that it cannot
//! make lines of its own; whatever was forgotten is escaped here, so that no
//! control, bidirectional or invisible character reaches the terminal. What is
//! written to files stays as it is, and so does one value that a script asks for.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use atecc_text::{JsonText, Lines, Shown};
use serde_json::{Value, json};

use crate::error::{CliError, Document};
use crate::files::{self, Readers};
#[cfg(feature = "line")]
use crate::paint::Tone;
use crate::paint::{Ink, Painted};
use crate::redact::{redact, usage};

/// What became of a chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg(feature = "line")]
pub(crate) enum Verdict {
    Pass,
    Fail,
    /// Nothing was done.
    Skip,
}

#[cfg(feature = "line")]
impl Verdict {
    const fn word(self) -> (&'static str, Tone) {
        match self {
            Self::Pass => ("PASS", Tone::Good),
            Self::Fail => ("FAIL", Tone::Bad),
            Self::Skip => ("SKIP", Tone::Warning),
        }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) const fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// The command's result: `text` for people, `document` for programs.
    pub(crate) fn result(self, text: &str, document: &Value) -> Result<(), CliError> {
        if self.json {
            document_to_stdout(document)
        } else {
            to_stdout(&Lines(text.trim_end()).to_string())
        }
    }

    /// The same, some of whose words stand out.
    pub(crate) fn painted(self, text: &Painted, document: &Value) -> Result<(), CliError> {
        if self.json {
            document_to_stdout(document)
        } else {
            to_stdout(&text.render(Ink::of(&io::stdout())))
        }
    }

    /// A result whose text is JSON of its own, for people and programs.
    pub(crate) fn json_text(self, text: &str, document: &Value) -> Result<(), CliError> {
        if self.json {
            document_to_stdout(document)
        } else {
            to_stdout(&JsonText(text.trim_end()).to_string())
        }
    }

    /// One value: `text` for people, `bytes` as they are where standard output is no
    /// terminal, which cannot be harmed by them.
    pub(crate) fn value(self, text: &str, bytes: &[u8], document: &Value) -> Result<(), CliError> {
        if self.json || io::stdout().is_terminal() {
            self.result(text, document)
        } else {
            bytes_to_stdout(bytes)
        }
    }

    /// A text of this program's own for a shell, with tabs.
    pub(crate) fn script(self, text: &str, document: &Value) -> Result<(), CliError> {
        if self.json {
            document_to_stdout(document)
        } else {
            to_stdout(text.trim_end())
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
        match file {
            Some(path) => self.file(path, (bytes, readers)),
            None => self.result(text, document),
        }
    }

    /// The command's result in a new file.
    pub(crate) fn file(
        self,
        path: &Path,
        (bytes, readers): (&[u8], Readers),
    ) -> Result<(), CliError> {
        files::create(path, bytes, readers)?;
        let file = path.to_string_lossy();
        self.result(&escape(&file), &json!({ "file": file }))
    }

    /// How far it is, for people only who have not asked for quiet.
    pub(crate) fn progress(self, text: &str) {
        if !self.quiet {
            message(text);
        }
    }

    /// For people only. A standard error that is gone is no reason to stop
    /// half-way.
    #[expect(clippy::unused_self, reason = "messages may get a level here")]
    pub(crate) fn message(self, text: &str) {
        message(text);
    }

    /// The end of a command that failed.
    pub(crate) fn error(self, error: &CliError) {
        if self.json && error.document() == Document::Own {
            error_document(&error.to_string(), error.exit as i32);
        }
        self.message(&format!("nerves-key: {error}"));
    }
}

/// A line that begins with a verdict.
#[cfg(feature = "line")]
pub(crate) fn verdict(verdict: Verdict, text: &str) -> Result<(), CliError> {
    let (word, tone) = verdict.word();
    let line = Painted::default().then(tone, word);
    let line = line.then(None, format!("  {text}"));
    to_stdout(&line.render(Ink::of(&io::stdout())))
}

/// Ring the bell of the terminal, if there is one.
#[cfg(feature = "line")]
pub(crate) fn ring(times: usize) {
    let mut stderr = io::stderr().lock();
    if stderr.is_terminal() {
        let _ = stderr.write_all(&vec![0x07; times]);
    }
}

/// A value in a line of text.
pub(crate) fn escape(value: &str) -> String {
    Shown(value).to_string()
}

/// A line that quotes values, whatever they are. Unlike [`escape`] it leaves
/// backslashes alone, so that what was shown before stays as it is.
pub(crate) fn one_line(text: &str) -> String {
    Lines(text).to_string().replace('\n', "\\n")
}

/// The name of a file in a line of text.
pub(crate) fn escape_path(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// A line on standard error, where no [`Output`] is at hand.
pub(crate) fn message(text: &str) {
    let text = Painted::led(&redact(text)).render(Ink::of(&io::stderr()));
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A wrong usage; with `--json` a document too.
pub(crate) fn usage_error(json: bool, error: &clap::Error) {
    let text = usage(error);
    if json {
        error_document(text.trim_end(), error.exit_code());
    }
    message(&text);
}

/// What help and version say.
pub(crate) fn help(error: &clap::Error) -> Result<(), CliError> {
    let text = Painted::help(&error.to_string());
    to_stdout(&text.render(Ink::of(&io::stdout())))
}

/// On one line, so that who reads documents line by line can read it, too.
fn error_document(error: &str, exit_code: i32) {
    let document = json!({ "error": redact(error), "exit_code": exit_code });
    // Nor here.
    let _ = to_stdout(&JsonText(&document.to_string()).to_string());
}

fn document_to_stdout(document: &Value) -> Result<(), CliError> {
    to_stdout(&JsonText(&format!("{document:#}")).to_string())
}

fn to_stdout(text: &str) -> Result<(), CliError> {
    bytes_to_stdout(text.as_bytes())
}

/// With a newline behind them.
fn bytes_to_stdout(bytes: &[u8]) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(bytes)
        .and_then(|()| stdout.write_all(b"\n"));
    match written.and_then(|()| stdout.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| CliError::failed(error).about("standard output")),
    }
}
