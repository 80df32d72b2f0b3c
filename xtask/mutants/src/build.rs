//! Building the copy: what does not compile is found by the compiler's errors.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit};
use serde::Deserialize;

use super::copy::Copy;
use xtask_support::error::Error;
use xtask_support::run;

/// Processor time of one compiler; the longest needs some 60 s.
const COMPILER_SECONDS: u64 = 240;

/// A line of cargo's messages.
#[derive(Debug, Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    target: Option<Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Profile {
    test: bool,
}

/// An error of the compiler.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    level: String,
    pub(super) message: String,
    pub(super) code: Option<Code>,
    pub(super) spans: Vec<Place>,
    pub(super) rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Code {
    pub(super) code: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub(super) file_name: String,
    pub(super) byte_start: usize,
    pub(super) byte_end: usize,
    pub(super) is_primary: bool,
}

/// The tests in one executable.
#[derive(Clone, Debug)]
pub(super) struct Binary {
    /// The target's name; the library's own tests have the crate's.
    pub(super) name: String,
    /// The folder of its package, where cargo runs it.
    pub(super) folder: PathBuf,
    pub(super) executable: PathBuf,
}

/// What cargo came to.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// By package.
    pub(super) binaries: BTreeMap<String, Vec<Binary>>,
    pub(super) errors: Vec<Message>,
    pub(super) done: bool,
}

/// What of a package is checked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Library,
    /// The library too.
    Tests,
}

/// Check some packages.
pub(super) fn check<'a>(
    copy: &Copy,
    part: Part,
    packages: impl IntoIterator<Item = &'a str>,
) -> Result<Built, Error> {
    let mut command = copy.cargo(["check", "--lib", "--all-features", "--keep-going"]);
    if let Part::Tests = part {
        command.arg("--tests");
    }
    for package in packages {
        command.args(["--package", package]);
    }
    messages(&mut command)
}

/// Build the tests of some packages, of their libraries too where there are any.
pub(super) fn tests(copy: &Copy, packages: &BTreeSet<&str>) -> Result<Built, Error> {
    let mut command = copy.cargo(["test", "--no-run", "--tests", "--all-features"]);
    for package in packages {
        command.args(["--package", package]);
    }
    messages(&mut command)
}

/// Let no compiler that `cargo` starts run for ever, as it does where a mutant
/// is a loop that has no end and is evaluated at build time.
fn limit(cargo: &Child) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(COMPILER_SECONDS),
        maximum: Some(COMPILER_SECONDS),
    };
    rustix::process::prlimit(Some(Pid::from_child(cargo)), Resource::Cpu, limit)?;
    Ok(())
}

fn messages(command: &mut Command) -> Result<Built, Error> {
    let started = command
        .args(["--message-format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let output = started.and_then(|cargo| {
        limit(&cargo)?;
        cargo.wait_with_output()
    });
    let output = output.map_err(|error| Error::Start {
        command: run::line(command),
        error,
    })?;
    let mut built = Built {
        done: output.status.success(),
        ..Built::default()
    };
    for text in String::from_utf8_lossy(&output.stdout).lines() {
        // Build scripts may say anything.
        let Ok(line) = serde_json::from_str::<Line>(text) else {
            continue;
        };
        match (line.reason.as_str(), line.message) {
            ("compiler-message", Some(message)) if message.level == "error" => {
                built.errors.push(message);
            }
            ("compiler-artifact", _) => {
                let (Some(executable), Some(target), Some(manifest), Some(Profile { test: true })) = (
                    line.executable,
                    line.target,
                    line.manifest_path,
                    line.profile,
                ) else {
                    continue;
                };
                let Some(folder) = manifest.parent() else {
                    continue;
                };
                built
                    .binaries
                    .entry(package(&manifest)?)
                    .or_default()
                    .push(Binary {
                        name: target.name,
                        folder: folder.to_owned(),
                        executable,
                    });
            }
            _ => {}
        }
    }
    Ok(built)
}

/// The name in a manifest.
fn package(manifest: &std::path::Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(manifest).map_err(|error| Error::File {
        path: manifest.to_owned(),
        error,
    })?;
    let name = text.lines().find_map(|line| line.strip_prefix("name = "));
    Ok(name.unwrap_or_default().trim_matches('"').to_owned())
}
