//! `cargo xtask release-check`: what is looked at before a release, and takes
//! too long or needs too much for `cargo xtask test`. `cargo xtask dist`: what a
//! release is made of.
#![forbid(unsafe_code)]

mod check;
mod dist;
mod tools;

use std::process::ExitCode;

use clap::Parser;

/// What a release needs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Checks what is to be released, step by step.
    ReleaseCheck(check::Options),
    /// Builds programs, module and Debian packages, with their sums and parts.
    Dist(dist::Options),
}

fn main() -> ExitCode {
    match Task::parse() {
        Task::ReleaseCheck(options) => check::run(&options),
        Task::Dist(options) => xtask_support::end(dist::run(&options)),
    }
}
