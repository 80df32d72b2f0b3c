//! Builds for microcontrollers.

use std::path::Path;

use crate::error::Error;
use crate::run;

/// Cortex-M0 and Cortex-M4, the smallest and the most common target of the
/// field's boards.
pub const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabi"];

/// Write a file, and the folders that it is in.
///
/// # Errors
/// [`Error::File`].
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    let directory = path.parent().unwrap_or(path);
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Error::File {
            path: path.to_owned(),
            error,
        })
}

/// Install `targets`. Where there is no rustup, the builds tell what is missing.
///
/// # Errors
/// [`Error`] of rustup.
pub fn add_targets(targets: &[&str]) -> Result<(), Error> {
    let Ok(installed) = run::captured(&mut run::program(
        "rustup",
        ["target", "list", "--installed"],
    )) else {
        return Ok(());
    };
    for target in targets {
        if !installed.lines().any(|line| line == *target) {
            run::shown(&mut run::program("rustup", ["target", "add", target]))?;
        }
    }
    Ok(())
}
