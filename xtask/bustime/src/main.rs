//! How long each operation keeps a bus: the time, beside the least that its
//! chip needs.
#![forbid(unsafe_code)]

mod bench;
mod floor;
mod judge;
mod measure;
mod operations;
mod setting;

use std::process::ExitCode;

use atecc_emulator::ExecutionTime;
use clap::Parser;
use xtask_support::error::Error;
use xtask_support::table;

use judge::{Row, ms};
use setting::{MODELS, Part, Setting};

/// Measure each operation in virtual time, on each chip, beside the least that
/// the chip itself needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bus-time", bin_name = "cargo xtask bus-time")]
struct Options {
    /// Runs of each, with other execution times and keys.
    #[arg(long, value_name = "N", default_value_t = 200)]
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
}

fn main() -> ExitCode {
    xtask_support::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<(), Error> {
    let rows = rows(options).map_err(|error| Error::Chip(error.to_string()))?;
    let lines: Vec<_> = rows.iter().map(line).collect();
    table::print(HEAD, &lines);
    Ok(())
}

const HEAD: [&str; 13] = [
    "operation",
    "chip",
    "kHz",
    "times",
    "ms",
    "floor",
    "ratio",
    "99 %",
    "wakes",
    "commands",
    "transactions",
    "bytes",
    "polls",
];

fn rows(options: &Options) -> Result<Vec<Row>, operations::Error> {
    let mut rows = Vec::new();
    let named = |operation: &&operations::Operation| operation.name.contains(&options.operation);
    for operation in operations::ALL.iter().filter(named) {
        let parts = Part::ALL
            .into_iter()
            .filter(|part| operation.is_for(*part) && part.to_string().contains(&options.chip));
        for part in parts {
            let image = operation.starts_from.image(part)?;
            for scl_khz in operation.clocks.iter().copied() {
                for model in MODELS {
                    if options.clock.is_some_and(|only| only != scl_khz)
                        || options.model.is_some_and(|only| only != model)
                    {
                        continue;
                    }
                    let setting = Setting {
                        part,
                        model,
                        scl_khz,
                    };
                    rows.push(Row::new(operation, &image, setting, options.runs)?);
                }
            }
        }
    }
    Ok(rows)
}

fn line(row: &Row) -> [String; 13] {
    let run = row.median();
    let above = |count: u64, least: u64| format!("{count} ({least})");
    [
        row.operation.to_owned(),
        row.setting.part.to_string(),
        row.setting.scl_khz.to_string(),
        row.setting.model.to_string(),
        ms(run.counts.time),
        ms(run.floor.time),
        format!("{:.3}", run.ratio()),
        format!("{:.3}", row.percentile_99()),
        above(run.counts.wakes, run.floor.wakes),
        above(run.counts.commands, run.floor.commands),
        above(run.counts.transactions, run.floor.transactions),
        above(run.counts.bytes, run.floor.bytes),
        run.counts.polls.to_string(),
    ]
}
