//! `cargo xtask mutants named`: which layers of tests notice a planted fault.
//!
//! Each fault of `named.json` is planted in a copy of the last commit, below
//! the target directory, and each layer of tests is run on it. A fault that
//! fewer than two layers notice is a gap. Takes minutes, so that
//! `cargo xtask test` leaves it out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;

use xtask_support::error::Error;
use xtask_support::{run, table};

/// Each fault must be noticed by as many layers.
const LAYERS: usize = 2;

/// Options of `cargo xtask mutants named`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only faults whose name contains this.
    filter: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Mutant {
    name: String,
    /// Where it is planted.
    #[serde(rename = "crate")]
    package: String,
    edits: Vec<Edit>,
}

/// One change of a file; what is replaced is there once.
#[derive(Debug, Deserialize)]
pub(super) struct Edit {
    pub(super) file: PathBuf,
    pub(super) from: String,
    pub(super) to: String,
}

/// What files held before they were edited.
pub(super) type Originals = Vec<(PathBuf, String)>;

/// A layer of tests: its name and cargo's arguments. `None` stands for the
/// crate with the fault.
const TESTS: [(&str, Option<&[&str]>); 5] = [
    ("own tests", None),
    (
        "tests across crates",
        Some(&[
            "-p",
            "nerves-key-tests",
            "--test",
            "roundtrip",
            "--test",
            "provision",
            "--test",
            "recorded_macs",
            "--test",
            "cross_check",
        ]),
    ),
    (
        "vectors",
        Some(&["-p", "nerves-key-tests", "--test", "vectors"]),
    ),
    (
        "conformance",
        Some(&["-p", "atecc-conformance", "--test", "project"]),
    ),
    ("judge", Some(&["-p", "atecc-judge"])),
];

/// Plant each fault in turn.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let mutants: Vec<Mutant> = serde_json::from_str(include_str!("named.json"))?;
    let filter = options.filter.as_deref().unwrap_or_default();
    let copy = Copy::make()?;
    let mut gaps = Vec::new();
    let mut rows = Vec::new();
    for layer in &TESTS {
        // A layer that fails without a fault notices nothing.
        for package in ["atecc", "atecc-emulator"] {
            if copy.notices(layer.1, package)? {
                gaps.push(format!("{} of {package} fail without a fault", layer.0));
            }
        }
    }
    for mutant in mutants.iter().filter(|mutant| mutant.name.contains(filter)) {
        println!("==> {}", mutant.name);
        let originals = copy.plant(&mutant.edits)?;
        let mut noticed = Vec::new();
        for (_, arguments) in &TESTS {
            noticed.push(copy.notices(*arguments, &mutant.package)?);
        }
        Copy::restore(&originals)?;
        let count = noticed.iter().filter(|noticed| **noticed).count();
        if count < LAYERS {
            gaps.push(format!(
                "{}: noticed by {count} of {} layers",
                mutant.name,
                TESTS.len()
            ));
        }
        let cell = |at: usize| if noticed[at] { "noticed" } else { "-" }.to_owned();
        rows.push([
            mutant.name.clone(),
            cell(0),
            cell(1),
            cell(2),
            cell(3),
            cell(4),
        ]);
    }
    println!();
    table::print(
        [
            "fault", TESTS[0].0, TESTS[1].0, TESTS[2].0, TESTS[3].0, TESTS[4].0,
        ],
        &rows,
    );
    Error::unless_empty("planted faults", gaps)
}

/// A worktree of the last commit.
pub(super) struct Copy {
    path: PathBuf,
}

impl Copy {
    pub(super) fn make() -> Result<Self, Error> {
        let path = run::target().join("planted");
        let copy = Self { path };
        copy.remove();
        let path = copy.path.to_string_lossy();
        run::shown(&mut run::program(
            "git",
            ["worktree", "add", "--detach", "--force", &path],
        ))?;
        Ok(copy)
    }

    /// What is left of it is in nobody's way.
    fn remove(&self) {
        let path = self.path.to_string_lossy();
        let mut command = run::program("git", ["worktree", "remove", "--force", &path]);
        let _ = command.stderr(std::process::Stdio::null()).status();
    }

    /// Edit the files; what they held before.
    pub(super) fn plant(&self, edits: &[Edit]) -> Result<Originals, Error> {
        let mut originals = Originals::new();
        for edit in edits {
            let path = self.path.join(&edit.file);
            let text = fs::read_to_string(&path).map_err(|error| Error::File {
                path: path.clone(),
                error,
            })?;
            if text.matches(&edit.from).count() != 1 {
                return Err(Error::Findings {
                    check: "planted faults",
                    findings: vec![format!(
                        "{}: {:?} is not once in it",
                        path.display(),
                        edit.from
                    )],
                });
            }
            write(&path, &text.replace(&edit.from, &edit.to))?;
            if !originals.iter().any(|(known, _)| *known == path) {
                originals.push((path, text));
            }
        }
        Ok(originals)
    }

    /// Undo [`Copy::plant`].
    pub(super) fn restore(originals: &Originals) -> Result<(), Error> {
        let mut files = originals.iter();
        files.try_for_each(|(path, text)| write(path, text))
    }

    /// Run `command` in the copy.
    pub(super) fn run(&self, command: &mut Command) -> Result<Output, Error> {
        let output = in_folder(command, &self.path).output();
        output.map_err(|error| Error::Start {
            command: "cargo test".to_owned(),
            error,
        })
    }

    /// Whether a layer of tests fails. What does not compile is noticed too.
    fn notices(&self, arguments: Option<&[&str]>, package: &str) -> Result<bool, Error> {
        let own = ["-p", package, "--all-features"];
        let mut command = run::cargo(["test", "--quiet"]);
        command.args(arguments.unwrap_or(&own));
        Ok(!self.run(&mut command)?.status.success())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}

fn in_folder<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.with_extension("target"))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each edit still finds its place, exactly once.
    #[test]
    fn faults_can_be_planted() {
        let mutants: Vec<Mutant> = serde_json::from_str(include_str!("named.json")).unwrap();
        assert_eq!(mutants.len(), 20);
        for edit in mutants.iter().flat_map(|mutant| &mutant.edits) {
            let text = fs::read_to_string(run::root().join(&edit.file)).unwrap();
            assert_eq!(text.matches(&edit.from).count(), 1, "{edit:?}");
            assert_ne!(edit.from, edit.to);
        }
    }
}
