//! The `nerves-key` command: provision and use NervesKeys.
#![forbid(unsafe_code)]

mod certificate;
mod cli;
mod commands;
mod confirm;
mod device;
mod error;
mod files;
mod output;
mod progress;
mod system;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = output::Output::new(cli.json);
    match commands::run(cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            error.exit.into()
        }
    }
}
