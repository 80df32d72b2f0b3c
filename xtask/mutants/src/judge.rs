//! Running the tests with one mutant awake.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::build::Binary;
use super::results::Outcome;
use super::subject::{Subject, Tests};
use xtask_support::error::Error;
use xtask_support::run;

/// More than this beside five times its usual time, and a test hangs. Other
/// work on the machine makes tests slower by less.
const PATIENCE: Duration = Duration::from_secs(20);

/// An executable that was run without a mutant.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) binary: Binary,
    package: String,
    usual: Duration,
    /// The mutants that it comes by.
    reached: BTreeSet<u32>,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Passed,
    Failed,
    Hung,
}

/// Run everything once without a mutant: what takes how long, and what it
/// comes by. What fails now cannot judge.
pub(super) fn judges(
    binaries: &BTreeMap<String, Vec<Binary>>,
    (subjects, tests): (&[&Subject], Tests),
    folder: &Path,
) -> Result<Vec<Judge>, Error> {
    let mut judges = Vec::new();
    let mut findings = Vec::new();
    let notes = folder.join("reached");
    for (package, binaries) in binaries {
        for binary in binaries {
            let name = &binary.name;
            if !subjects
                .iter()
                .any(|subject| subject.needs(package, name, tests))
            {
                continue;
            }
            let _ = fs::remove_file(&notes);
            let start = Instant::now();
            let mut command = command(binary);
            command.env("MUTANTS_REACHED", &notes);
            let verdict = watch(&mut command, Duration::from_secs(1200))?;
            let usual = start.elapsed();
            if verdict != Verdict::Passed {
                findings.push(format!(
                    "{package} {} without a mutant: {verdict:?}",
                    binary.name
                ));
            }
            let reached = fs::read_to_string(&notes).unwrap_or_default();
            let reached: BTreeSet<u32> = reached.lines().filter_map(|id| id.parse().ok()).collect();
            println!(
                "{package} {}: {:.1} s, {} mutants reached",
                binary.name,
                usual.as_secs_f64(),
                reached.len()
            );
            judges.push(Judge {
                binary: binary.clone(),
                package: package.clone(),
                usual,
                reached,
            });
        }
    }
    judges.sort_by_key(|judge| judge.usual);
    Error::unless_empty("tests without a mutant", findings)?;
    Ok(judges)
}

/// Wake a mutant; its own crate's tests come first, the quick ones of others
/// next.
pub(super) fn judge(
    id: u32,
    judges: &[Judge],
    (subject, tests): (&Subject, Tests),
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::Unreached;
    let (own, others): (Vec<_>, Vec<_>) = judges
        .iter()
        .partition(|judge| judge.package == subject.package);
    for judge in own.into_iter().chain(others) {
        if !judge.reached.contains(&id) || !subject.needs(&judge.package, &judge.binary.name, tests)
        {
            continue;
        }
        let mut command = command(&judge.binary);
        command.env("MUTANT", id.to_string());
        match watch(&mut command, PATIENCE + judge.usual * 5)? {
            Verdict::Passed => outcome = Outcome::Missed,
            Verdict::Failed => return Ok(Outcome::Caught(judge.binary.name.clone())),
            Verdict::Hung => return Ok(Outcome::Timeout),
        }
    }
    Ok(outcome)
}

/// Wake a mutant for some executables that come by it.
pub(super) fn wake<'b>(
    id: u32,
    binaries: impl Iterator<Item = &'b Binary>,
) -> Result<Outcome, Error> {
    for binary in binaries {
        let mut command = command(binary);
        command.env("MUTANT", id.to_string());
        match watch(&mut command, 3 * PATIENCE)? {
            Verdict::Passed => {}
            Verdict::Failed => return Ok(Outcome::Caught(binary.name.clone())),
            Verdict::Hung => return Ok(Outcome::Timeout),
        }
    }
    Ok(Outcome::Missed)
}

/// Whether tests of these executables fail, whatever is in them.
pub(super) fn fails<'b>(
    binaries: impl Iterator<Item = &'b Binary>,
) -> Result<Option<Outcome>, Error> {
    for binary in binaries {
        match watch(&mut command(binary), Duration::from_secs(300))? {
            Verdict::Passed => {}
            Verdict::Failed => return Ok(Some(Outcome::Caught(binary.name.clone()))),
            Verdict::Hung => return Ok(Some(Outcome::Timeout)),
        }
    }
    Ok(None)
}

fn command(binary: &Binary) -> Command {
    let mut command = Command::new(&binary.executable);
    command
        .current_dir(&binary.folder)
        .env("CARGO_MANIFEST_DIR", &binary.folder)
        // What a mutant makes fail is no regression to keep.
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true")
        .env_remove("MUTANT")
        .env_remove("MUTANTS_REACHED");
    command
}

/// Up to the first failure, or until patience ends.
fn watch(command: &mut Command, patience: Duration) -> Result<Verdict, Error> {
    let end = Instant::now() + patience;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Error::Start {
            command: run::line(command),
            error,
        })?;
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
            for line in lines {
                if line.ends_with(b" ... FAILED") && sender.send(()).is_err() {
                    break;
                }
            }
        });
    }
    let left = end.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(left) {
        Ok(()) => stop(child).map(|()| Verdict::Failed),
        Err(mpsc::RecvTimeoutError::Timeout) => stop(child).map(|()| Verdict::Hung),
        // The end of the output ends the wait too.
        Err(mpsc::RecvTimeoutError::Disconnected) => match child.wait() {
            Ok(status) if status.success() => Ok(Verdict::Passed),
            _ => Ok(Verdict::Failed),
        },
    }
}

fn stop(mut child: Child) -> Result<(), Error> {
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().map(drop).map_err(|error| Error::Start {
        command: "the end of a test".to_owned(),
        error,
    })
}
