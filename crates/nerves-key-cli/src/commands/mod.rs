//! One file, one command.

mod auxiliary;
mod cert;
mod config;
#[cfg(feature = "connect")]
mod connect;
mod csr;
mod demo;
mod device;
mod doctor;
mod ecdh;
mod emulator;
mod harden;
mod info;
mod jwt;
#[cfg(feature = "line")]
mod line;
mod otp;
mod pages;
mod pkcs11;
mod provision;
mod random;
mod scan;
mod settings;
mod sign;
mod signer;
mod transcript;
mod verify;
mod volatile;

use crate::cli::{Cli, Command};
use crate::error::CliError;
use crate::output::Output;

/// Run what the command line asks for.
pub(crate) fn run(cli: Cli, output: Output) -> Result<(), CliError> {
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments, output),
        Command::Info(arguments) => info::run(&arguments, output),
        Command::Doctor(arguments) => doctor::run(&arguments, output),
        Command::Scan(arguments) => scan::run(&arguments, output),
        Command::Otp(command) => otp::run(&command, output),
        Command::Provision(arguments) => provision::run(&arguments, output),
        Command::Harden(arguments) => harden::run(&arguments, output),
        Command::Signer(command) => signer::run(&command, output),
        Command::Device(command) => device::run(&command, output),
        Command::Cert(command) => cert::run(&command, output),
        Command::Aux(command) => auxiliary::run(&command, output),
        Command::Settings(command) => settings::run(&command, output),
        Command::Volatile(command) => volatile::run(&command, output),
        Command::Config(command) => config::run(&command, output),
        Command::Sign(arguments) => sign::run(&arguments, output),
        Command::Verify(arguments) => verify::run(&arguments, output),
        Command::Jwt(arguments) => jwt::run(&arguments, output),
        Command::Csr(arguments) => csr::run(&arguments, output),
        #[cfg(feature = "connect")]
        Command::Connect(arguments) => connect::run(&arguments, output),
        Command::Ecdh(arguments) => ecdh::run(&arguments, output),
        Command::Random(arguments) => random::run(&arguments, output),
        #[cfg(feature = "line")]
        Command::Line(command) => line::run(&command, output),
        Command::Pkcs11(command) => pkcs11::run(&command, output),
        Command::Emulator(command) => emulator::run(&command, output),
        Command::Transcript(command) => transcript::run(&command, output),
        Command::Completions { shell } => pages::completions(shell, output),
        Command::Man { directory } => pages::man(&directory, output),
    }
}
