//! What the tasks of this repository share: running programs, tables, results
//! as JSON, the parts of `cargo metadata` that they read.
#![forbid(unsafe_code)]

pub mod error;
pub mod measurement;
pub mod metadata;
pub mod run;
pub mod script;
pub mod table;
pub mod thumb;

use std::process::ExitCode;

use error::Error;

/// The end of a task: an error is said.
#[must_use]
pub fn end(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
