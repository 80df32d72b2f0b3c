//! `cargo xtask pkcs11-load`: processes with threads sign with two chips on one
//! bus, and every signature is verified over its caller's own digest.
//!
//! Other processes do the same only to be killed (SIGKILL) at random moments
//! while they hold a chip: each is stopped, looked at, and killed where the
//! kernel says that it has a lock, else let go on.

use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::holder;
use super::served::{LOCKS, Pace, Served};
use super::worker::Report;
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// Options of `cargo xtask pkcs11-load`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Processes.
    #[arg(long, value_name = "N", default_value_t = 8)]
    processes: u32,
    /// Threads of each.
    #[arg(long, value_name = "N", default_value_t = 4)]
    threads: u32,
    /// Signatures of each thread.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    signatures: u32,
    /// Processes besides that sign and are killed.
    #[arg(long, value_name = "N", default_value_t = 2)]
    victims: u32,
    /// In real time instead of as fast as possible: about 50 ms a signature.
    #[arg(long)]
    real_time: bool,
    #[command(flatten)]
    destination: Destination,
}

/// Victims have numbers from here on.
const FIRST_VICTIM: u32 = 1_000_000;
/// A victim lives for this long or longer, and dies at its next session.
const LIFE: Duration = Duration::from_millis(150);
/// Between two looks at a victim.
const LOOK: Duration = Duration::from_micros(300);

/// Run it.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let served = Served::start(if options.real_time {
        Pace::Real
    } else {
        Pace::Fast
    })?;
    let over = AtomicBool::new(false);
    let start = Instant::now();
    let (reports, killed) = std::thread::scope(|scope| {
        let killers: Vec<_> = (0..options.victims)
            .map(|number| FIRST_VICTIM * (number + 1))
            .map(|number| {
                let (over, served) = (&over, &served);
                scope.spawn(move || kill_until(over, number, served))
            })
            .collect();
        let reports = workers(options, &served);
        over.store(true, Ordering::Relaxed);
        let killed: Result<Vec<u64>, Error> = killers
            .into_iter()
            .map(|killer| {
                killer
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect();
        (reports, killed)
    });
    report(&reports?, killed?.iter().sum(), start.elapsed(), options)
}

/// All processes at once, to their end.
fn workers(options: &Options, served: &Served) -> Result<Vec<Report>, Error> {
    let children: Result<Vec<_>, Error> = (0..options.processes)
        .map(|number| {
            let mut command = worker(served, number, options.threads, options.signatures)?;
            let child = command
                .spawn()
                .map_err(|error| start_error(&command, error))?;
            Ok((command, child))
        })
        .collect();
    let ended = children?.into_iter().map(|(command, child)| {
        let output = child.wait_with_output();
        let output = output.map_err(|error| start_error(&command, error))?;
        read(&command, &output)
    });
    ended.collect()
}

/// One process with one thread: how long each of its signatures took.
pub(super) fn alone(served: &Served, signatures: u32) -> Result<Vec<Duration>, Error> {
    let mut command = worker(served, 0, 1, signatures)?;
    let output = command
        .output()
        .map_err(|error| start_error(&command, error))?;
    let report = read(&command, &output)?;
    Error::unless_empty("signatures", report.failures)?;
    Ok(report.each)
}

fn read(command: &Command, output: &Output) -> Result<Report, Error> {
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout)?);
    }
    Err(Error::Command {
        command: run::line(command),
        status: output.status,
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn worker(served: &Served, number: u32, threads: u32, signatures: u32) -> Result<Command, Error> {
    let this = std::env::current_exe().map_err(|error| Error::Start {
        command: "cargo xtask pkcs11-worker".into(),
        error,
    })?;
    let mut command = Command::new(this);
    command
        .arg("pkcs11-worker")
        .arg(served.module())
        .args([number, threads, signatures].map(|it| it.to_string()))
        .env("NERVES_KEY_PKCS11_CONF", served.configuration())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// Have victims sign and die, one after the other: how many died with a chip
/// in their hands.
fn kill_until(over: &AtomicBool, first: u32, served: &Served) -> Result<u64, Error> {
    let mut killed = 0;
    for number in first.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let mut command = worker(served, number, 2, u32::MAX)?;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command
            .spawn()
            .map_err(|error| start_error(&command, error))?;
        std::thread::sleep(LIFE);
        let holds = wait_until_it_holds(&child, over, LOCKS);
        killed += u64::from(holds);
        // SIGKILL, which a stopped process does not survive either.
        let ended = child.kill().and_then(|()| child.wait());
        ended.map_err(|error| start_error(&command, error))?;
    }
    Ok(killed)
}

/// Leaves it stopped where it holds a chip.
fn wait_until_it_holds(child: &Child, over: &AtomicBool, lock: &str) -> bool {
    let id = Pid::from_child(child);
    while !over.load(Ordering::Relaxed) {
        let stopped = kill_process(id, Signal::STOP).is_ok();
        if stopped && holder::holds(child.id(), lock) {
            return true;
        }
        if kill_process(id, Signal::CONT).is_err() {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    false
}

fn start_error(command: &Command, error: std::io::Error) -> Error {
    Error::Start {
        command: run::line(command),
        error,
    }
}

fn report(reports: &[Report], killed: u64, took: Duration, options: &Options) -> Result<(), Error> {
    let mut sum = Report::default();
    for report in reports {
        sum.add(report.clone());
    }
    sum.each.sort_unstable();
    let at = |place: usize| sum.each.get(place).copied().unwrap_or_default();
    let (median, slowest) = (at(sum.each.len() / 2), at(sum.each.len().saturating_sub(1)));
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let wanted = [options.processes, options.threads, options.signatures];
    let wanted: u64 = wanted.into_iter().map(u64::from).product();
    let quickest = reports.iter().map(|report| report.took).min();
    let quickest = quickest.unwrap_or_default();
    let rows = [
        ("signatures verified", sum.verified.to_string()),
        ("of", wanted.to_string()),
        ("over another digest", sum.wrong.to_string()),
        ("calls that failed", sum.failures.len().to_string()),
        ("holders killed", killed.to_string()),
        ("took", format!("{:.1} s", took.as_secs_f64())),
        (
            "first and last process ended after",
            format!(
                "{:.1} s, {:.1} s",
                quickest.as_secs_f64(),
                sum.took.as_secs_f64()
            ),
        ),
        (
            "a signature, median and slowest",
            format!("{:.0} ms, {:.0} ms", ms(median), ms(slowest)),
        ),
    ]
    .map(|(what, figure)| [what.to_owned(), figure]);
    table::print(["pkcs11-load", "figure"], &rows);
    options.destination.write(&json!({
        "processes": options.processes,
        "threads": options.threads,
        "signatures_of_each_thread": options.signatures,
        "verified": sum.verified,
        "wrong": sum.wrong,
        "failures": sum.failures,
        "holders_killed": killed,
        "seconds": took.as_secs_f64(),
        "first_process_seconds": quickest.as_secs_f64(),
        "last_process_seconds": sum.took.as_secs_f64(),
        "median_signature_ms": ms(median),
        "slowest_signature_ms": ms(slowest),
    }))?;
    let mut findings = sum.failures;
    if sum.verified != wanted {
        findings.push(format!("{} of {wanted} signatures verify", sum.verified));
    }
    if options.victims > 0 && killed == 0 {
        findings.push("nobody was killed while it held a chip".into());
    }
    Error::unless_empty("signatures under load", findings)
}
