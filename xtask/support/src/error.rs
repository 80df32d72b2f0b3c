//! Why a task failed.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A task failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program did not start.
    #[error("`{command}` cannot be started: {error}")]
    Start {
        /// As one would type it.
        command: String,
        /// What the operating system answered.
        error: io::Error,
    },
    /// A program failed.
    #[error("`{command}` failed ({status}){}", said(output))]
    Command {
        /// As one would type it.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error, when that was not shown.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the operating system answered, or what is no text or JSON.
        error: io::Error,
    },
    /// JSON that is none, or another.
    #[error("cargo's metadata: {0}")]
    Metadata(#[from] serde_json::Error),
    /// A check found something.
    #[error("{check}: {} found:\n{}", findings.len(), findings.join("\n"))]
    Findings {
        /// Its name.
        check: &'static str,
        /// A line for each.
        findings: Vec<String>,
    },
    /// A chip or its driver.
    #[error("chip: {0}")]
    Chip(String),
    /// A PKCS#11 module, as its client.
    #[cfg(feature = "pkcs11")]
    #[error("PKCS#11: {0}")]
    Pkcs11(#[from] cryptoki::error::Error),
    /// Programs that are not there.
    #[error("Debian packages missing: {0} (install them, or pass --skip-interop)")]
    Packages(String),
}

impl Error {
    /// Nothing found is success.
    ///
    /// # Errors
    /// [`Error::Findings`] with them.
    pub fn unless_empty(check: &'static str, findings: Vec<String>) -> Result<(), Self> {
        if findings.is_empty() {
            Ok(())
        } else {
            Err(Self::Findings { check, findings })
        }
    }
}

fn said(output: &str) -> String {
    if output.is_empty() {
        String::new()
    } else {
        format!(":\n{}", output.trim_end())
    }
}
