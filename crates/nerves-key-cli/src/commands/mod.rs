//! One file, one command.

mod cert;
mod demo;
mod device;
mod emulator;
mod info;
mod pkcs11;
mod provision;
mod sign;
mod signer;
mod transcript;

use crate::cli::{Cli, Command};
use crate::error::CliError;
use crate::output::Output;

/// Run what the command line asks for.
pub(crate) fn run(cli: Cli, output: Output) -> Result<(), CliError> {
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments, output),
        Command::Info(chip) => info::run(&chip, output),
        Command::Provision(arguments) => provision::run(&arguments, output),
        Command::Signer(command) => signer::run(&command, output),
        Command::Device(command) => device::run(&command, output),
        Command::Cert(command) => cert::run(&command, output),
        Command::Sign(arguments) => sign::run(&arguments, output),
        Command::Pkcs11(command) => pkcs11::run(&command, output),
        Command::Emulator(command) => emulator::run(&command, output),
        Command::Transcript(command) => transcript::run(&command, output),
    }
}
