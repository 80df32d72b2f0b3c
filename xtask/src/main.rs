//! Checks and measurements of this repository: `cargo xtask COMMAND`.
//!
//! What CI runs is `cargo xtask test`; the other checks are its parts. What
//! needs more than cargo and a table is a package of its own, below this one,
//! and is built when it is called.
#![forbid(unsafe_code)]

mod arrows;
mod fuzz;
mod interop;
mod msrv;
mod no_std;
mod systems;
mod test;
mod tool;
mod valgrind;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use tool::{
    API, Arguments, BENCH, BUS_TIME, COMMANDS, JUDGES, LOAD, LONG_JUDGES, LONG_LINE, MUTANTS,
    RELEASE, SIZE,
};

/// Checks and measurements of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Door {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that CI runs.
    Test(test::Options),
    /// What is checked before a release, and takes long or needs more tools.
    ReleaseCheck(Arguments),
    /// Programs, PKCS#11 module and Debian packages of a release.
    Dist(Arguments),
    /// Which crate may depend on which.
    Arrows,
    /// Builds without std, and without alloc where it is promised.
    NoStd,
    /// Checks the command for other systems than this one.
    Systems,
    /// Whether every dependency supports the workspace's Rust version.
    Msrv,
    /// Runs the vectors of the reference implementations.
    Vectors(Arguments),
    /// Writes the public items of the crates that others build on, docs/api.
    Api(Arguments),
    /// Writes the table of every command mode, docs/commands.md.
    Commands(Arguments),
    /// Judges codec, driver and emulator by recorded transcripts.
    Conformance(Arguments),
    /// Records what a chip says to the project's scenarios.
    RecordHardware(Arguments),
    /// Has programs for real chips sign with emulated ones, in real time.
    Hosts(Arguments),
    /// Plants faults: do tests notice them?
    Mutants(Arguments),
    /// Compresses random certificates and rebuilds them.
    Certificates(Arguments),
    /// Rebuilds and verifies the certificates of recorded parts.
    RecordedCertificates(Arguments),
    /// Random settings as Erlang terms: read, written, read, written again.
    Terms(Arguments),
    /// Measures how long each operation keeps a bus, beside what its chip needs.
    BusTime(Arguments),
    /// Measures the flash and stack that `atecc` takes.
    Size(Arguments),
    /// Counts the instructions of operations on certificates, by callgrind.
    Instructions(Arguments),
    /// Commands a second of an emulated chip on its simulated clock.
    EmulatorRate(Arguments),
    /// Counts the emulator's symbols in the PKCS#11 module: none.
    NoEmulator(Arguments),
    /// Disturbs provisioning at every bus transaction.
    Strand(Arguments),
    /// Fuzzes the parsers of both sides.
    Fuzz(fuzz::Options),
    /// Many processes sign with two chips by the PKCS#11 module, while holders
    /// of a chip are killed.
    Pkcs11Load(Arguments),
    /// Measures one signature by the PKCS#11 module, by the command, and with
    /// a wake for each command of the chip.
    Pkcs11Latency(Arguments),
    /// Measures how long the PKCS#11 module takes to list its slots, with silent,
    /// stuck and busy buses.
    Pkcs11SlotList(Arguments),
    /// What one signature by the PKCS#11 module asks of the kernel.
    Pkcs11SystemCalls(Arguments),
    /// The cases of the PKCS#11 C interface under valgrind.
    Valgrind,
    /// Stations of a line make units of one serial pool, undisturbed and then
    /// killed, without their server and with one that ends.
    LineRace(Arguments),
    /// Processes use one chip while a program without their lock does, too.
    IntruderLoad(Arguments),
}

fn main() -> ExitCode {
    let result = match Door::parse().task {
        Task::Test(options) => return test::run(&options),
        Task::ReleaseCheck(arguments) => return RELEASE.run(Some("release-check"), &arguments),
        Task::Dist(arguments) => return RELEASE.run(Some("dist"), &arguments),
        Task::Arrows => arrows::run(),
        Task::NoStd => no_std::run(),
        Task::Systems => systems::run(),
        Task::Msrv => msrv::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Valgrind => valgrind::run(),
        Task::Api(arguments) => return API.run(None, &arguments),
        Task::Commands(arguments) => return COMMANDS.run(None, &arguments),
        Task::BusTime(arguments) => return BUS_TIME.run(None, &arguments),
        Task::Size(arguments) => return SIZE.run(Some("size"), &arguments),
        Task::Instructions(arguments) => return BENCH.run(Some("instructions"), &arguments),
        Task::EmulatorRate(arguments) => return BENCH.run(Some("emulator-rate"), &arguments),
        Task::NoEmulator(arguments) => return SIZE.run(Some("no-emulator"), &arguments),
        Task::Mutants(arguments) => return MUTANTS.run(None, &arguments),
        Task::Vectors(arguments) => return JUDGES.run(Some("vectors"), &arguments),
        Task::Conformance(arguments) => return JUDGES.run(Some("conformance"), &arguments),
        Task::RecordHardware(arguments) => {
            return JUDGES.run(Some("record-hardware"), &arguments);
        }
        Task::Hosts(arguments) => return JUDGES.run(Some("hosts"), &arguments),
        Task::RecordedCertificates(arguments) => {
            return JUDGES.run(Some("recorded-certificates"), &arguments);
        }
        Task::Certificates(arguments) => return LONG_JUDGES.run(Some("certificates"), &arguments),
        Task::Terms(arguments) => return LONG_JUDGES.run(Some("terms"), &arguments),
        Task::Strand(arguments) => return LONG_JUDGES.run(Some("strand"), &arguments),
        Task::Pkcs11Load(arguments) => return LOAD.run(Some("pkcs11-load"), &arguments),
        Task::Pkcs11Latency(arguments) => return LOAD.run(Some("pkcs11-latency"), &arguments),
        Task::Pkcs11SlotList(arguments) => return LOAD.run(Some("pkcs11-slot-list"), &arguments),
        Task::Pkcs11SystemCalls(arguments) => {
            return LOAD.run(Some("pkcs11-system-calls"), &arguments);
        }
        Task::LineRace(arguments) => return LONG_LINE.run(Some("line-race"), &arguments),
        Task::IntruderLoad(arguments) => return LOAD.run(Some("intruder-load"), &arguments),
    };
    xtask_support::end(result)
}
