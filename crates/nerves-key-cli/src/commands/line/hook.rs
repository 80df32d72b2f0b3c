//! Programs of the line's owner.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::CliError;
use crate::output::escape_path;

/// How long a program may take: the chip waits.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
/// How long what it has said may take to arrive when it has ended. What it left
/// running may keep its standard error open for longer.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Of a line, which is two lines when it is longer.
const LIMIT: u64 = 4096;
/// Lines between two looks whether it has ended.
const AT_ONCE: usize = 100;

/// That `program` can be run, before there is a chip that waits for it.
///
/// # Errors
/// Exit code 5.
pub(super) fn check(option: &str, program: &Path) -> Result<(), CliError> {
    let is_found = if program.components().count() > 1 {
        is_program(program)
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = std::env::split_paths(&folders);
        folders.any(|folder| is_program(&folder.join(program)))
    };
    if is_found {
        return Ok(());
    }
    let cause = "there is no such program, or it may not be run";
    Err(CliError::refused(cause).about(format!("{option} {}", escape_path(program))))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const ANYBODY: u32 = 0o111;
    let metadata = path.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & ANYBODY != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    // Names there may lack an ending.
    path.is_file() || path.extension().is_none()
}

/// Run `program` with `unit` as JSON on its standard input. Each line of its
/// standard error goes to `tell`, as it is.
///
/// # Errors
/// Exit code 1 when it cannot be started or does not succeed.
pub(super) fn run(program: &Path, unit: &Value, tell: &dyn Fn(String)) -> Result<(), CliError> {
    let wrong = |error: io::Error| CliError::failed(error).about(escape_path(program));
    let mut command = Command::new(program);
    command
        .stdin(Stdio::piped())
        // Standard output is the line's own.
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    leave_foreground(&mut command);
    let mut child = command.spawn().map_err(wrong)?;
    // Who says more than is shown waits.
    let (line, lines) = mpsc::sync_channel(AT_ONCE);
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || read_lines(stderr, &line));
    }
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read needs not be told.
        let _ = writeln!(stdin, "{unit}");
    }
    let begin = Instant::now();
    let status = loop {
        lines.try_iter().take(AT_ONCE).for_each(tell);
        match child.try_wait().map_err(wrong)? {
            Some(status) => break Some(status),
            None if begin.elapsed() < PATIENCE => thread::sleep(PAUSE),
            None => {
                child.kill().and_then(|()| child.wait()).map_err(wrong)?;
                break None;
            }
        }
    };
    let end = Instant::now();
    while end.elapsed() < LAST_WORDS
        && let Ok(line) = lines.recv_timeout(LAST_WORDS.saturating_sub(end.elapsed()))
    {
        tell(line);
    }
    let cause = match status {
        Some(status) if status.success() => return Ok(()),
        Some(status) => format!("it ended with {status}"),
        None => format!("it did not end within {} s", PATIENCE.as_secs()),
    };
    Err(CliError::failed(cause).about(escape_path(program)))
}

/// A terminal's Ctrl-C goes to every process of its foreground, and stops the
/// line after the chips in hand: what is done about those chips is part of that.
#[cfg(unix)]
fn leave_foreground(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn leave_foreground(_: &mut Command) {}

fn read_lines(stderr: ChildStderr, tell: &SyncSender<String>) {
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        let read = stderr.by_ref().take(LIMIT).read_until(b'\n', &mut line);
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        if !matches!(read, Ok(1..)) || tell.send(text).is_err() {
            return;
        }
    }
}

/// The programs that `arguments` name, each with its option.
pub(super) fn programs(
    arguments: &crate::cli::line::Run,
) -> impl Iterator<Item = (&'static str, &PathBuf)> {
    let programs = [
        ("--on-start", &arguments.on_start),
        ("--on-pass", &arguments.on_pass),
        ("--on-fail", &arguments.on_fail),
    ];
    programs
        .into_iter()
        .filter_map(|(option, program)| Some((option, program.as_ref()?)))
}
