//! What takes long to judge: recordings, the reference implementations'
//! vectors, provisioning under faults, certificates and terms by the million.
#![forbid(unsafe_code)]

mod certificates;
mod conformance;
mod fault_sweep;
mod hardware;
mod hosts;
mod recorded;
mod terms;
mod vectors;

use std::process::ExitCode;

use clap::Parser;

/// Judges of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Runs the vectors of the reference implementations.
    Vectors(vectors::Options),
    /// Judges codec, driver and emulator by recorded transcripts.
    Conformance(conformance::Options),
    /// Records what a chip says in the project's scenarios.
    RecordHardware(hardware::Options),
    /// Has programs for real chips sign with emulated ones, in real time.
    Hosts(hosts::Options),
    /// Compresses random certificates and rebuilds them.
    Certificates(certificates::Options),
    /// Rebuilds and verifies the certificates of recorded parts.
    RecordedCertificates(recorded::Options),
    /// Random settings as Erlang terms: read, written, read, written again.
    Terms(terms::Options),
    /// Disturbs provisioning at every bus transaction.
    Strand(fault_sweep::Options),
}

fn main() -> ExitCode {
    xtask_support::end(match Task::parse() {
        Task::Vectors(options) => vectors::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::RecordHardware(options) => hardware::run(&options),
        Task::Hosts(options) => hosts::run(&options),
        Task::Certificates(options) => certificates::run(&options),
        Task::RecordedCertificates(options) => recorded::run(&options),
        Task::Terms(options) => terms::run(&options),
        Task::Strand(options) => fault_sweep::run(&options),
    })
}
