//! How long each operation keeps a bus: the time, beside the least that its
//! chip needs (`docs/bus-time.md`).
#![forbid(unsafe_code)]

mod bench;
mod buses;
mod chart;
mod document;
mod floor;
mod judge;
mod measure;
mod operations;
mod report;
mod setting;
mod wall;
mod wire;
mod work;

use std::process::ExitCode;

use atecc_emulator::ExecutionTime;
use clap::Parser;
use serde_json::json;
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::table;

use buses::Buses;
use report::{HEAD, line};
use setting::Part;
use wall::Wall;

/// Measure each operation in virtual time, on each chip, beside the least that
/// the chip itself needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bus-time", bin_name = "cargo xtask bus-time")]
struct Options {
    /// Runs of each, with other execution times and keys. Models that always take
    /// the same time are run once.
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Only operations with this in their names.
    #[arg(long, value_name = "TEXT", default_value = "")]
    operation: String,
    /// Only chips with this in their names, such as `508A` or `608B M2`.
    #[arg(long, value_name = "TEXT", default_value = "")]
    chip: String,
    /// Only this model of execution times: typical, uniform, longest or fast.
    #[arg(long, value_name = "MODEL")]
    model: Option<ExecutionTime>,
    /// Only this clock: 100, 400 or 1000.
    #[arg(long, value_name = "KHZ")]
    clock: Option<u32>,
    /// Write the figures and charts into docs/bus-time.md as well. Needs all
    /// operations, chips, models and clocks.
    #[arg(long)]
    write: bool,
    /// On a served emulator in the machine's own time, beside the virtual time;
    /// say --runs as well, since it takes as long as chips do.
    #[arg(long, conflicts_with = "write")]
    wall: bool,
    /// Signatures on so many served buses at once, beside those on one.
    #[arg(long, value_name = "N", conflicts_with_all = ["write", "wall"])]
    buses: Option<u32>,
    #[command(flatten)]
    destination: Destination,
}

fn main() -> ExitCode {
    xtask_support::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<(), Error> {
    if let Some(number) = options.buses {
        return together(options, number).map_err(|error| Error::Chip(error.to_string()));
    }
    if options.wall {
        return on_the_wall(options).map_err(|error| Error::Chip(error.to_string()));
    }
    let rows = work::rows(options).map_err(|error| Error::Chip(error.to_string()))?;
    let lines: Vec<_> = rows.iter().map(line).collect();
    table::print(HEAD, &lines);
    if options.write {
        document::write(&rows)?;
    }
    let rows: Vec<_> = rows.iter().map(report::json).collect();
    options
        .destination
        .write(&json!({ "runs": options.runs, "rows": rows }))
}

/// One after the other: nothing else shall keep the machine busy.
fn on_the_wall(options: &Options) -> Result<(), operations::Error> {
    let mut walls = Vec::new();
    for task in work::tasks(options)? {
        walls.push(Wall::new(
            task.operation,
            &task.image,
            task.setting,
            options.runs,
        )?);
    }
    let lines: Vec<_> = walls.iter().map(report::wall).collect();
    table::print(report::WALL, &lines);
    let rows: Vec<_> = walls.iter().map(report::wall_json).collect();
    let result = json!({ "runs": options.runs, "rows": rows });
    Ok(options.destination.write(&result)?)
}

/// Of each kind of chip that is asked for.
fn together(options: &Options, number: u32) -> Result<(), operations::Error> {
    let parts = Part::ALL.into_iter();
    let parts = parts.filter(|part| part.to_string().contains(&options.chip));
    let many = parts.map(|part| Buses::new(part, number));
    let many = many.collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<_> = many.iter().map(report::buses).collect();
    table::print(report::BUSES, &lines);
    let rows: Vec<_> = many.iter().map(report::buses_json).collect();
    let result = json!({ "buses": number, "rows": rows });
    Ok(options.destination.write(&result)?)
}
