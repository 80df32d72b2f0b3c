//! Checks and measurements of this repository: `cargo xtask COMMAND`.
//!
//! What CI runs is `cargo xtask test`; the other checks are its parts.
#![forbid(unsafe_code)]

mod arrows;
mod certificates;
mod commands;
mod conformance;
mod error;
mod fuzz;
mod hardware;
mod hosts;
mod interop;
mod measurement;
mod metadata;
mod msrv;
mod mutants;
mod no_std;
mod pkcs11;
mod recorded;
mod run;
mod size;
mod strand;
mod table;
mod terms;
mod test;
mod vectors;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks and measurements of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that CI runs.
    Test(test::Options),
    /// Which crate may depend on which.
    Arrows,
    /// Builds without std, and without alloc where it is promised.
    NoStd,
    /// Whether every dependency supports the workspace's Rust version.
    Msrv,
    /// Runs the vectors of the reference implementations.
    Vectors(vectors::Options),
    /// Writes the table of every command mode, docs/commands.md.
    Commands(commands::Options),
    /// Judges codec, driver and emulator by recorded transcripts.
    Conformance(conformance::Options),
    /// Records what a chip says to the project's stories.
    RecordHardware(hardware::Options),
    /// Has programs for real chips sign with emulated ones, in real time.
    Hosts(hosts::Options),
    /// Plants faults: do tests notice them?
    #[command(subcommand)]
    Mutants(mutants::Task),
    /// Compresses random certificates and rebuilds them.
    Certificates(certificates::Options),
    /// Rebuilds and verifies the certificates of recorded parts.
    RecordedCertificates(recorded::Options),
    /// Random settings as Erlang terms: read, written, read, written again.
    Terms(terms::Options),
    /// Measures the flash and stack that `atecc` takes.
    Size(size::Options),
    /// Disturbs provisioning at every bus transaction.
    Strand(strand::Options),
    /// Fuzzes the parsers of both sides.
    Fuzz(fuzz::Options),
    /// Many processes sign with two chips by the PKCS#11 module, while holders
    /// of a chip are killed.
    Pkcs11Load(pkcs11::load::Options),
    /// Measures one signature by the PKCS#11 module, by the command, and with
    /// a wake for each command of the chip.
    Pkcs11Latency(pkcs11::latency::Options),
    /// The cases of the PKCS#11 C interface under valgrind.
    Valgrind,
    /// Processes use one chip while a program without their lock does, too.
    IntruderLoad(pkcs11::intruder::Options),
    /// One of the processes of pkcs11-load.
    #[command(hide = true)]
    Pkcs11Worker(pkcs11::worker::Options),
    /// One of the processes of intruder-load.
    #[command(hide = true)]
    IntruderUser(pkcs11::user::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Test(options) => return test::run(&options),
        Task::Arrows => arrows::run(),
        Task::NoStd => no_std::run(),
        Task::Msrv => msrv::run(),
        Task::Vectors(options) => vectors::run(&options),
        Task::Commands(options) => commands::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::RecordHardware(options) => hardware::run(&options),
        Task::Hosts(options) => hosts::run(&options),
        Task::Mutants(task) => mutants::run(&task),
        Task::Certificates(options) => certificates::run(&options),
        Task::RecordedCertificates(options) => recorded::run(&options),
        Task::Terms(options) => terms::run(&options),
        Task::Size(options) => size::run(&options),
        Task::Strand(options) => strand::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Pkcs11Load(options) => pkcs11::load::run(&options),
        Task::Pkcs11Latency(options) => pkcs11::latency::run(&options),
        Task::Valgrind => pkcs11::valgrind::run(),
        Task::IntruderLoad(options) => pkcs11::intruder::run(&options),
        Task::IntruderUser(options) => pkcs11::user::run(&options),
        Task::Pkcs11Worker(options) => pkcs11::worker::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
