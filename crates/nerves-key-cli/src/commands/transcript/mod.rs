//! `nerves-key transcript`: what passed on a bus.

mod decode;
mod diff;
mod import;
mod load;
mod show;
mod slots;

use crate::cli::transcript::Transcript;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(command: &Transcript, output: Output) -> Result<(), CliError> {
    match command {
        Transcript::Import(arguments) => import::run(arguments, output),
        Transcript::Show(arguments) => show::run(arguments, output),
        Transcript::Decode { file, hex, slots } => {
            decode::run(file.as_deref(), hex.as_deref(), *slots, output)
        }
        Transcript::Diff { a, b } => diff::run(a, b, output),
    }
}
