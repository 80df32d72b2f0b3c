//! Why a task failed.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A task failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{command}` cannot be started: {error}")]
    Start { command: String, error: io::Error },
    #[error("`{command}` failed ({status}){}", said(output))]
    Command {
        command: String,
        status: ExitStatus,
        /// What it wrote to standard error, when that was not shown.
        output: String,
    },
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("cargo's metadata: {0}")]
    Metadata(#[from] serde_json::Error),
    #[error("{check}: {} found:\n{}", findings.len(), findings.join("\n"))]
    Findings {
        check: &'static str,
        findings: Vec<String>,
    },
    #[error("chip: {0}")]
    Chip(String),
    #[error("PKCS#11: {0}")]
    Pkcs11(#[from] cryptoki::error::Error),
    #[error("Debian packages missing: {0} (install them, or pass --skip-interop)")]
    Packages(String),
}

impl Error {
    /// Nothing found is success.
    pub(crate) fn unless_empty(check: &'static str, findings: Vec<String>) -> Result<(), Self> {
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
