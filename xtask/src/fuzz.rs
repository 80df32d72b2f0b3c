//! `cargo xtask fuzz`: every target of `fuzz/` for some seconds each, as many
//! at once as there are processors.
//!
//! The targets are libFuzzer programs; `cargo fuzz` runs them as well. Here
//! they are built by the stable toolchain: the coverage that libFuzzer needs is
//! a pass of LLVM, the sanitizers that a nightly one would add look for faults
//! that safe Rust does not have. `pkcs11`, the only unsafe code here, watches
//! the ends of the buffers that it gives, and its cases run under valgrind. libFuzzer itself needs a C++ compiler.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::Path;

use serde_json::json;

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{metadata, run, table};

/// The targets, by the names of their programs.
const TARGETS: [&str; 8] = [
    "response",
    "frames",
    "certificate",
    "image",
    "otp_config",
    "settings",
    "transcript",
    "pkcs11",
];

/// What `cargo fuzz --sanitizer none` passes to rustc.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// Options of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For how long each target runs.
    #[arg(long, value_name = "N", default_value_t = SECONDS)]
    seconds: u32,
    /// This target alone.
    #[arg(long, value_name = "NAME", value_parser = TARGETS)]
    target: Option<String>,
    #[command(flatten)]
    destination: Destination,
}

/// By default.
const SECONDS: u32 = 30;

/// What came of one target.
struct Outcome {
    target: &'static str,
    executions: u64,
    crash: Option<String>,
}

/// Build and run all targets.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let directory = metadata::workspace()?.target_directory.join("fuzz");
    let host = run::host()?;
    // With a target named, build scripts and macros are not instrumented.
    let mut build = run::cargo(["build", "--release", "--locked", "--target", &host]);
    build.args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"]);
    run::shown(build.arg(&directory).env("RUSTFLAGS", FLAGS))?;
    let programs = directory.join(host).join("release");
    let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut outcomes = Vec::new();
    let wanted = |target: &&str| options.target.as_deref().is_none_or(|it| it == *target);
    let wanted: Vec<_> = TARGETS.into_iter().filter(wanted).collect();
    for targets in wanted.chunks(at_once) {
        println!("{}: {} s", targets.join(", "), options.seconds);
        let one = |target| fuzz(target, &programs, &directory, options.seconds);
        outcomes.extend(std::thread::scope(|scope| {
            let running: Vec<_> = targets
                .iter()
                .map(|target| scope.spawn(|| one(*target)))
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect::<Result<Vec<_>, _>>()
        })?);
    }
    report(&outcomes, options)
}

/// As in CI.
pub(crate) fn short() -> Result<(), Error> {
    run(&Options {
        seconds: SECONDS,
        target: None,
        destination: Destination::default(),
    })
}

/// What is found goes to the target directory, the seeds stay as they are.
fn fuzz(
    target: &'static str,
    programs: &Path,
    directory: &Path,
    seconds: u32,
) -> Result<Outcome, Error> {
    let corpus = directory.join("corpus").join(target);
    std::fs::create_dir_all(&corpus).map_err(|error| Error::File {
        path: corpus.clone(),
        error,
    })?;
    let artifacts = format!("{}/{target}-", directory.display());
    let mut command = run::program(&programs.join(target).display().to_string(), []);
    command
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={artifacts}"))
        .arg(&corpus)
        .arg(run::root().join("fuzz/corpus").join(target));
    let output = command.output().map_err(|error| Error::Start {
        command: run::line(&command),
        error,
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Outcome {
        target,
        executions: executions(&said).unwrap_or(0),
        crash: (!output.status.success()).then(|| end(&said)),
    })
}

fn executions(said: &str) -> Option<u64> {
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

/// The panic and the file with the input.
fn end(said: &str) -> String {
    let wanted = |line: &&str| {
        [
            "panicked at",
            "assertion",
            "ERROR: libFuzzer",
            "Test unit written",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    said.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

fn report(outcomes: &[Outcome], options: &Options) -> Result<(), Error> {
    let row = |outcome: &Outcome| {
        let crashes = if outcome.crash.is_some() { "1" } else { "0" };
        [
            outcome.target.to_owned(),
            outcome.executions.to_string(),
            crashes.to_owned(),
        ]
    };
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    table::print(["target", "executions", "crashes"], &rows);
    let findings: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some(format!("{}: {}", outcome.target, outcome.crash.as_ref()?)))
        .chain(
            outcomes
                .iter()
                .filter(|outcome| outcome.crash.is_none() && outcome.executions == 0)
                .map(|outcome| format!("{}: nothing was executed", outcome.target)),
        )
        .collect();
    let targets = outcomes.iter().map(|outcome| {
        json!({
            "target": outcome.target,
            "executions": outcome.executions,
            "crashes": u32::from(outcome.crash.is_some()),
        })
    });
    options.destination.write(&json!({
        "seconds": options.seconds,
        "targets": targets.collect::<Vec<_>>(),
    }))?;
    Error::unless_empty("fuzzing", findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_read() {
        let said = "INFO: seed\nstat::number_of_executed_units: 464210\nstat::x: 1\n";
        assert_eq!(executions(said), Some(464_210));
        assert_eq!(executions("no statistics"), None);
    }

    /// Each target that is run exists, and each that exists is run.
    #[test]
    fn targets_are_those_of_the_manifest() {
        let manifest = include_str!("../../fuzz/Cargo.toml");
        let names: Vec<_> = manifest
            .split("[[bin]]")
            .skip(1)
            .filter_map(|bin| bin.split('"').nth(1))
            .collect();
        assert_eq!(names, TARGETS);
    }
}
