#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod causes;
mod certificate;
mod chip;
mod cli;
mod commands;
mod confirm;
mod counted;
mod error;
mod files;
mod finding;
mod hex;
mod interrupt;
mod json_object;
mod missing_part;
mod output;
mod paint;
mod paragraph;
mod pending_chip;
mod progress;
mod redact;
mod report;
mod signing;
mod slot_keys;
mod system;
mod used_serials;

use std::process::ExitCode;

use crate::cli::Cli;
use crate::error::Exit;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = output::Output::new(cli.json, cli.quiet);
    match commands::run(cli, output) {
        Ok(()) if interrupt::has_come() => {
            output.message("interrupted: what was begun is done all the same");
            Exit::Interrupted.into()
        }
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            error.exit.into()
        }
    }
}

/// Help and version go to standard output; a wrong usage is a document too
/// where `--json` asks for one.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let json = std::env::args_os().any(|argument| argument == "--json");
        output::usage_error(json, error);
    } else if let Err(error) = output::help(error) {
        output::message(&format!("nerves-key: {error}"));
        return error.exit.into();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
