//! What is in files that were linked: the flash and stack of firmware, the
//! symbols of the PKCS#11 module.
#![forbid(unsafe_code)]

mod depth;
mod image;
mod no_emulator;
mod probe;
mod size;
mod thumb;

use std::process::ExitCode;

use clap::Parser;

/// Measures what was linked.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Measures the flash and stack that `atecc` takes.
    Size(size::Options),
    /// Builds the PKCS#11 module as it is installed: without the emulator.
    NoEmulator(no_emulator::Options),
}

fn main() -> ExitCode {
    xtask_support::end(match Task::parse() {
        Task::Size(options) => size::run(&options),
        Task::NoEmulator(options) => no_emulator::run(&options),
    })
}
