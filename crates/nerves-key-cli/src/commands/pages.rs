//! `nerves-key completions` and `nerves-key man`, made from the command line
//! itself.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use serde_json::json;

use crate::cli::{Cli, examples};
use crate::error::{CliError, EXIT_CODES};
use crate::output::{Output, escape_path};

pub(super) fn completions(shell: Shell, output: Output) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::with_examples(), "nerves-key", &mut script);
    let script = String::from_utf8_lossy(&script);
    output.script(
        &script,
        &json!({ "shell": shell.to_string(), "script": script }),
    )
}

pub(super) fn man(directory: &Path, output: Output) -> Result<(), CliError> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    write_pages(directory, &command, "")?;
    let document = json!({ "directory": directory.to_string_lossy() });
    output.result(&escape_path(directory), &document)
}

/// The page of `command` and those of the commands below it.
fn write_pages(directory: &Path, command: &clap::Command, path: &str) -> Result<(), CliError> {
    for below in command.get_subcommands() {
        let path = format!("{path} {}", below.get_name());
        write_pages(directory, below, path.trim())?;
    }
    let man = Man::new(command.clone());
    let file = directory.join(man.get_filename());
    let mut page = Vec::new();
    let written = man
        .render(&mut page)
        .and_then(|()| sections(path).to_writer(&mut page))
        .and_then(|()| fs::write(&file, &page));
    written.map_err(|error| CliError::output(&file, error))
}

/// What the arguments do not say.
fn sections(path: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, when) in EXIT_CODES {
        roff.control("TP", []).text([roman(code.to_string())]);
        roff.text([roman(when)]);
    }
    let mut examples = examples::of(path).peekable();
    if examples.peek().is_some() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for example in examples {
        roff.control("PP", []).text([roman(example)]);
    }
    roff
}
