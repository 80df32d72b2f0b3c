//! `cargo xtask release-check`: what is looked at before a release, and takes
//! too long or needs too much for `cargo xtask test`.
#![forbid(unsafe_code)]

mod check;
mod tools;

use std::process::ExitCode;

use clap::Parser;

/// What a release needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Checks what is to be released, step by step.
    ReleaseCheck(check::Options),
}

fn main() -> ExitCode {
    match Task::parse() {
        Task::ReleaseCheck(options) => check::run(&options),
    }
}
