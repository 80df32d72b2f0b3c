//! `cargo xtask instructions` and `cargo xtask emulator-rate`.
#![forbid(unsafe_code)]

mod instructions;

use std::process::ExitCode;

use clap::Parser;
use xtask_bench::emulator;
use xtask_bench::operation::{Bench, Operation, Problem};
use xtask_support::error::Error;

/// What the processor does.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Counts the instructions of operations on certificates, by callgrind.
    Instructions(instructions::Options),
    /// Commands a second of an emulated chip on its simulated clock.
    EmulatorRate(Rate),
    /// What is counted: an operation so many times.
    #[command(hide = true)]
    Operation {
        /// Its name.
        #[arg(value_parser = instructions::operation)]
        name: Operation,
        /// How often.
        times: u32,
    },
}

#[derive(Debug, clap::Args)]
struct Rate {
    /// How many commands are sent.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    commands: u32,
}

fn main() -> ExitCode {
    xtask_support::end(match Task::parse() {
        Task::Instructions(options) => instructions::run(&options),
        Task::EmulatorRate(rate) => rate.show(),
        Task::Operation { name, times } => repeat(name, times),
    })
}

impl Rate {
    fn show(&self) -> Result<(), Error> {
        let time = emulator::time(self.commands).map_err(failed)?;
        let a_second = f64::from(self.commands) / time.as_secs_f64();
        println!(
            "{} commands (Info, Read, Nonce, Random) in {:.2} s: {a_second:.0} a second",
            self.commands,
            time.as_secs_f64()
        );
        Ok(())
    }
}

fn repeat(operation: Operation, times: u32) -> Result<(), Error> {
    let bench = Bench::new().map_err(failed)?;
    for _ in 0..times {
        bench.run(operation).map_err(failed)?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(problem: Problem) -> Error {
    Error::Findings {
        check: "what is measured",
        findings: vec![problem.to_string()],
    }
}
