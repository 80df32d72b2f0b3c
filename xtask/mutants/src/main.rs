//! `cargo xtask mutants`: do tests notice faults?
//!
//! `named` plants a few faults that were thought of, and counts the layers of
//! tests that notice each. `run` plants every mutant that `cargo mutants`
//! lists, and keeps what became of it in `tests/mutants`; `report` counts
//! them. `sample` plants some of those that were caught again.
//!
//! `cargo mutants` itself would build the tests for each of some four thousand
//! mutants, which takes days, and it runs the tests of a mutant by one command.
//! So only its list is used; the mutants of all crates are planted at once and
//! woken one by one (`plant`).
#![forbid(unsafe_code)]

mod build;
mod change;
mod constants;
mod copy;
mod finder;
mod judge;
mod list;
mod named;
mod plant;
mod planted;
mod region;
mod report;
mod results;
mod safety;
mod sample;
mod source;
mod subject;
mod work;

use std::process::ExitCode;

use clap::Parser;

/// Plants faults: do tests notice them?
#[derive(Debug, Parser)]
#[command(name = "cargo xtask mutants", bin_name = "cargo xtask mutants")]
enum Task {
    /// Plants faults by name: which layers of tests notice each?
    Named(named::Options),
    /// Leaves out each check of a provisioning in turn: which test notices?
    Safety(safety::Options),
    /// Tests the mutants that are not tested yet.
    Run(work::Options),
    /// Counts what was caught; fails where it is too little.
    Report,
    /// Tests some of those that were caught again.
    Sample,
}

fn main() -> ExitCode {
    xtask_support::end(match Task::parse() {
        Task::Named(options) => named::run(&options),
        Task::Safety(options) => safety::run(&options),
        Task::Run(options) => work::run(&options),
        Task::Report => report::run(),
        Task::Sample => sample::run(),
    })
}
