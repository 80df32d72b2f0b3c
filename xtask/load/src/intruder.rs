//! `cargo xtask intruder-load`: processes that keep each other out by the lock
//! use one chip, and another program, which knows no lock, uses it besides.
//!
//! There are such programs in the field. What they do to a session cannot be
//! prevented; it has to be noticed. So every signature is verified, what is read
//! is compared with what the chip had before, each value of a counter is given
//! out once, and failures are counted by what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Chip, Clock};
use serde_json::json;

use super::other_program::{Manner, OtherProgram, Used};
use super::served;
use super::user::{Known, Report};
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// Options of `cargo xtask intruder-load`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Processes with the lock.
    #[arg(long, value_name = "N", default_value_t = 2)]
    processes: u32,
    /// Commands of each.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    commands: u32,
    /// How the other program uses the chip.
    #[arg(long, value_enum, default_value_t = Manner::Checking)]
    manner: Manner,
    /// It rests between its sessions, for this time on the average.
    #[arg(long, value_name = "MS", default_value_t = 100)]
    rest: u32,
    #[command(flatten)]
    destination: Destination,
}

/// A bus that nobody else on this machine has a lock for.
const BUS: u32 = 4012;
const CHIP: u8 = 0x60;

/// Run it.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(|error| Error::File {
        path: std::env::temp_dir(),
        error,
    })?;
    let failed = |error: &dyn std::fmt::Display| Error::Chip(error.to_string());
    let image = served::finished(directory.path(), CHIP)?;
    let bus = Bus::with_clock(Clock::real());
    bus.attach(Chip::open(image, None).map_err(|it| failed(&it))?);
    let socket = directory.path().join("socket");
    let server = Server::bind(&socket, [(BUS, bus)]).map_err(|it| failed(&it))?;
    let server = Arc::new(server);
    let running = Arc::clone(&server);
    let thread = std::thread::spawn(move || running.run(|_| {}));
    let result = load(options, directory.path(), &socket);
    server.stop();
    match thread.join() {
        Ok(ended) => ended.map_err(|it| failed(&it))?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    result
}

fn load(options: &Options, directory: &Path, socket: &Path) -> Result<(), Error> {
    let device = format!("unix:{}?bus={BUS}", socket.display());
    let known = Known::read(&device)?;
    let file = directory.join("known.json");
    let text = serde_json::to_string(&known)?;
    std::fs::write(&file, text).map_err(|error| Error::File {
        path: file.clone(),
        error,
    })?;
    let over = AtomicBool::new(false);
    let start = Instant::now();
    let (reports, used) = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut other = OtherProgram::new(socket, BUS, options.manner)?;
            Ok::<Used, Error>(other.run_until(&over, Duration::from_millis(options.rest.into())))
        });
        let reports = users(options, &device, &file);
        over.store(true, Ordering::Relaxed);
        let used = other
            .join()
            .unwrap_or_else(|it| std::panic::resume_unwind(it));
        (reports, used)
    });
    let took = start.elapsed();
    let after = Known::read(&device)?;
    report(
        options,
        &reports?,
        &used?,
        took,
        after.counter - known.counter,
    )
}

fn users(options: &Options, device: &str, known: &Path) -> Result<Vec<Report>, Error> {
    let this = std::env::current_exe().map_err(|error| Error::Start {
        command: "cargo xtask intruder-user".into(),
        error,
    })?;
    let children: Result<Vec<_>, Error> = (0..options.processes)
        .map(|number| {
            let mut command = Command::new(&this);
            command
                .args(["intruder-user", device])
                .arg(known)
                .args([number, options.commands].map(|it| it.to_string()))
                .stdout(Stdio::piped());
            let child = command.spawn().map_err(|error| Error::Start {
                command: run::line(&command),
                error,
            })?;
            Ok((command, child))
        })
        .collect();
    let ended = children?.into_iter().map(|(command, child)| {
        let output = child.wait_with_output().map_err(|error| Error::Start {
            command: run::line(&command),
            error,
        })?;
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout)?);
        }
        Err(Error::Command {
            command: run::line(&command),
            status: output.status,
            output: String::new(),
        })
    });
    ended.collect()
}

fn report(
    options: &Options,
    reports: &[Report],
    used: &Used,
    took: Duration,
    counted: u32,
) -> Result<(), Error> {
    let mut sum = Report::default();
    for report in reports {
        sum.add(report.clone());
    }
    let rows: Vec<_> = sum
        .kinds
        .iter()
        .map(|(kind, tally)| {
            let [right, wrong, failed] =
                [tally.right, tally.wrong, tally.failed].map(|it| it.to_string());
            [kind.clone(), right, wrong, failed]
        })
        .collect();
    table::print(["command", "right", "wrong", "failed"], &rows);
    println!();
    let said: Vec<_> = sum
        .failures
        .iter()
        .map(|(what, times)| [times.to_string(), what.clone()])
        .collect();
    table::print(["times", "what a failure says"], &said);
    println!(
        "\nthe other program: {} sessions, {} commands, {} of them answered, {} wakes that went \
         wrong; {:.1} s; slowest command {:.1} s",
        used.sessions,
        used.commands,
        used.answered,
        used.refused,
        took.as_secs_f64(),
        sum.slowest.as_secs_f64(),
    );
    options.destination.write(&json!({
        "processes": options.processes,
        "commands_of_each": options.commands,
        "rest_ms": options.rest,
        "result": sum,
        "seconds": took.as_secs_f64(),
    }))?;
    let mut findings = Vec::new();
    for (kind, tally) in &sum.kinds {
        if tally.wrong > 0 {
            findings.push(format!("{kind}: {} wrong", tally.wrong));
        }
    }
    findings.extend(sum.wrong.iter().cloned());
    let values: BTreeSet<_> = sum.increments.iter().collect();
    if values.len() != sum.increments.len() {
        findings.push("a value of the counter was given out twice".to_owned());
    }
    let most = sum.increments.len() as u64 + sum.uncertain;
    if !(sum.increments.len() as u64..=most).contains(&u64::from(counted)) {
        findings.push(format!(
            "the counter went on by {counted}: {} increments succeeded, {} perhaps",
            sum.increments.len(),
            sum.uncertain
        ));
    }
    Error::unless_empty("another program on the bus", findings)
}

/// A failure without the figures that differ each time.
pub(super) fn named(failure: &str) -> String {
    let mut text = String::new();
    let mut digits = String::new();
    for character in failure.chars().chain([' ']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        // Statuses and addresses are short.
        text.push_str(if digits.len() > 3 { "N" } else { &digits });
        digits.clear();
        text.push(character);
    }
    match (text.find('['), text.find(']')) {
        (Some(from), Some(to)) if from < to => text.replace_range(from..=to, "[..]"),
        _ => {}
    }
    text.trim_end().to_owned()
}

/// How often each is there.
pub(super) fn add(into: &mut BTreeMap<String, u64>, other: BTreeMap<String, u64>) {
    for (what, times) in other {
        *into.entry(what).or_default() += times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_named_without_figures() {
        assert_eq!(
            named("Sign: no answer within 2500123 us; 0x11, [43, 0A]"),
            "Sign: no answer within N us; 0x11, [..]"
        );
    }
}
