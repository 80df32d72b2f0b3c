//! Stations of a manufacturing line: many at once on one ledger, killed and cut
//! off from it, and against the clock.

#![forbid(unsafe_code)]

mod bench;
mod costs;
mod outcome;
mod race;
mod station;
mod throughput;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use xtask_support::error::Error;

/// Stations of a manufacturing line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Stations make units of one serial pool, undisturbed and then killed,
    /// without their server and with a server that ends.
    LineRace(Options),
}

/// Options of `cargo xtask line-race`.
#[derive(Debug, clap::Args)]
struct Options {
    /// Units, undisturbed and again disturbed.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    units: u32,
    /// Stations.
    #[arg(long, value_name = "N", default_value_t = 8)]
    stations: usize,
    /// Devices of each.
    #[arg(long, value_name = "N", default_value_t = 2)]
    devices: usize,
    /// How long the server's socket is away.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    away: u64,
    /// Between two kills.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    kill_every: u64,
    /// With the command as it is built for tests.
    #[arg(long)]
    debug: bool,
    /// Measure instead: one station with four buses in real time against one,
    /// and what a unit costs in each ledger.
    #[arg(long)]
    throughput: bool,
}

fn main() -> ExitCode {
    let Task::LineRace(options) = Task::parse();
    xtask_support::end(run(&options))
}

fn run(options: &Options) -> Result<(), Error> {
    let program = bench::build(options.debug)?;
    if options.throughput {
        throughput::run(&program)?;
        return costs::run();
    }
    race::run(
        &program,
        &race::Plan {
            units: options.units,
            stations: options.stations,
            devices: options.devices,
            away: Duration::from_secs(options.away),
            kill_every: Duration::from_millis(options.kill_every),
        },
    )
}
