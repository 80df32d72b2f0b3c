//! The PKCS#11 module under load and against the clock, on chips that the
//! `nerves-key` command serves, and the driver beside a program without its
//! lock.

#![forbid(unsafe_code)]

mod holder;
mod intruder;
mod latency;
mod load;
mod other_program;
mod served;
mod slot_list;
mod system_calls;
mod user;
mod worker;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};

use xtask_support::error::Error;

/// Load on chips that are served.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Many processes sign with two chips by the PKCS#11 module, while holders
    /// of a chip are killed.
    Pkcs11Load(load::Options),
    /// Measures one signature by the PKCS#11 module, by the command, and with
    /// a wake for each command of the chip.
    Pkcs11Latency(latency::Options),
    /// What one signature by the PKCS#11 module asks of the kernel.
    Pkcs11SystemCalls(system_calls::Options),
    /// Measures how long the PKCS#11 module takes to list its slots, with silent,
    /// stuck and busy buses.
    Pkcs11SlotList(slot_list::Options),
    /// Processes use one chip while a program without their lock does, too.
    IntruderLoad(intruder::Options),
    /// One of the processes of pkcs11-load.
    #[command(hide = true)]
    Pkcs11Worker(worker::Options),
    /// The process of pkcs11-system-calls that is counted.
    #[command(hide = true)]
    Pkcs11Signer(system_calls::Signer),
    /// One of the processes of intruder-load.
    #[command(hide = true)]
    IntruderUser(user::Options),
}

fn main() -> ExitCode {
    xtask_support::end(match Task::parse() {
        Task::Pkcs11Load(options) => load::run(&options),
        Task::Pkcs11Latency(options) => latency::run(&options),
        Task::Pkcs11SystemCalls(options) => system_calls::run(&options),
        Task::Pkcs11Signer(options) => system_calls::sign(&options),
        Task::Pkcs11SlotList(options) => slot_list::run(&options),
        Task::IntruderLoad(options) => intruder::run(&options),
        Task::Pkcs11Worker(options) => worker::run(&options),
        Task::IntruderUser(options) => user::run(&options),
    })
}

/// The module, loaded as a client does it.
fn client(module: &Path) -> Result<Pkcs11, Error> {
    let client = Pkcs11::new(module)?;
    client.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    Ok(client)
}
