//! `nerves-key completions` and `nerves-key man`, made from the command line
//! itself.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use crate::cli::Cli;
use crate::error::CliError;
use crate::output::{Output, escape_path};

pub(super) fn completions(shell: Shell, output: Output) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nerves-key", &mut script);
    let script = String::from_utf8_lossy(&script);
    output.script(
        &script,
        &json!({ "shell": shell.to_string(), "script": script }),
    )
}

pub(super) fn man(directory: &Path, output: Output) -> Result<(), CliError> {
    clap_mangen::generate_to(Cli::command(), directory)
        .map_err(|error| CliError::output(directory, error))?;
    let document = json!({ "directory": directory.to_string_lossy() });
    output.result(&escape_path(directory), &document)
}
