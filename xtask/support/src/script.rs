//! The scripts of `tests/interop`.

use crate::error::Error;
use crate::{metadata, run};

/// What scripts are given: the command, and what preloads an emulated bus.
const PROGRAMS: [&str; 2] = ["nerves-key-cli", "atecc-emulator-preload"];

/// Build the programs and run a script with them: it is given the folder of
/// the programs, one for what it keeps, and `more`.
///
/// # Errors
/// [`Error`] of the build or of the script.
pub fn run(path: &str, more: &[String]) -> Result<(), Error> {
    run_with(path, &PROGRAMS, &[], more)
}

/// The same, with these packages, built with these of their features.
///
/// # Errors
/// As [`run()`].
pub fn run_with(
    path: &str,
    packages: &[&str],
    features: &[&str],
    more: &[String],
) -> Result<(), Error> {
    let packages = packages.iter().flat_map(|name| ["--package", name]);
    let features = features.iter().flat_map(|name| ["--features", name]);
    let mut build = run::cargo(["build", "--quiet"]);
    run::shown(build.args(packages).args(features))?;
    let target = metadata::workspace()?.target_directory;
    let mut script = run::program("sh", [path]);
    script.arg(target.join("debug")).arg(target.join("interop"));
    run::shown(script.args(more))
}

/// `tests/interop/libraries.sh`: so many signatures by libraries that we did not
/// write, on each chip.
///
/// # Errors
/// As [`run()`].
pub fn libraries(signatures: u32) -> Result<(), Error> {
    run("tests/interop/libraries.sh", &[signatures.to_string()])
}
