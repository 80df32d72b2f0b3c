//! `nerves-key pkcs11`: how programs name this machine's chips, and whether
//! they can use them.

mod check;
mod module;
mod token;
mod uri;

use crate::cli::pkcs11::Pkcs11;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(command: &Pkcs11, output: Output) -> Result<(), CliError> {
    match command {
        Pkcs11::Uri(chip) => uri::run(chip, output),
        Pkcs11::Check(arguments) => check::run(arguments, output),
    }
}
