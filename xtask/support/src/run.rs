//! Running other programs, from the root of the workspace.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::Error;

/// The root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Where what is built lies.
#[must_use]
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this task.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root());
    command
}

/// Any program.
pub fn program<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Run to success; the user sees all of its output.
///
/// # Errors
/// [`Error::Start`], [`Error::Command`].
pub fn shown(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|error| start(command, error))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Command {
        command: line(command),
        status,
        output: String::new(),
    })
}

/// Run to success; the user sees all of its output, `each` gets every line of
/// its standard output.
///
/// # Errors
/// [`Error::Start`], [`Error::Command`].
pub fn watched(command: &mut Command, mut each: impl FnMut(&str)) -> Result<(), Error> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| start(command, error))?;
    for text in child
        .stdout
        .take()
        .into_iter()
        .map(BufReader::new)
        .flat_map(BufRead::lines)
    {
        let text = text.map_err(|error| start(command, error))?;
        println!("{text}");
        each(&text);
    }
    let status = child.wait().map_err(|error| start(command, error))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Command {
        command: line(command),
        status,
        output: String::new(),
    })
}

/// Run to success without showing anything; returns the standard output.
///
/// # Errors
/// [`Error::Start`], [`Error::Command`].
pub fn captured(command: &mut Command) -> Result<String, Error> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().map_err(|error| start(command, error))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(Error::Command {
        command: line(command),
        status,
        output: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// The triple of this machine.
///
/// # Errors
/// [`Error::Start`], [`Error::Command`].
pub fn host() -> Result<String, Error> {
    let version = captured(&mut program("rustc", ["-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Error::Findings {
        check: "the host in `rustc -vV`",
        findings: vec![version.clone()],
    })
}

/// As one would type it.
#[must_use]
pub fn line(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_stem();
    std::iter::once(name.unwrap_or(command.get_program()))
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn start(command: &Command, error: std::io::Error) -> Error {
    Error::Start {
        command: line(command),
        error,
    }
}
