//! The mutants that `cargo mutants` lists.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::subject::Subject;
use xtask_support::error::Error;
use xtask_support::run;

/// The version whose list the results are of.
const VERSION: &str = "27.1.0";

/// One mutant, as `cargo mutants --list --json` has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) genre: String,
    pub(super) replacement: String,
    pub(super) span: Span,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Span {
    pub(super) start: Position,
    pub(super) end: Position,
}

/// Both from 1; columns are characters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// All mutants of a subject.
pub(super) fn list(subject: &Subject) -> Result<Vec<Listed>, Error> {
    let tool = install()?;
    let mut command = Command::new(tool);
    command.current_dir(run::root()).args([
        "mutants",
        "--list",
        "--json",
        "--package",
        subject.package,
    ]);
    let mut mutants: Vec<Listed> = serde_json::from_str(&run::captured(&mut command)?)?;
    mutants.retain(|mutant| subject.has(&mutant.file));
    Ok(mutants)
}

/// The tool in the target directory, which cargo puts there once.
fn install() -> Result<PathBuf, Error> {
    let root = run::target().join("tools").join(VERSION);
    let tool = root.join("bin").join("cargo-mutants");
    if !tool.exists() {
        let mut command =
            run::cargo(["install", "cargo-mutants", "--locked", "--version", VERSION]);
        run::shown(command.arg("--root").arg(&root))?;
    }
    Ok(tool)
}
