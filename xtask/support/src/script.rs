//! The scripts of `tests/interop`.

use std::path::PathBuf;

use crate::error::Error;
use crate::{metadata, run};

/// What scripts are given: the command, and what preloads an emulated bus.
const PROGRAMS: [&str; 2] = ["nerves-key-cli", "atecc-emulator-preload"];

/// What `tests/interop/pkcs11.sh` is given: the module, what serves it a chip, and
/// what preloads one.
pub const PKCS11: [&str; 3] = [
    "nerves-key-cli",
    "nerves-key-pkcs11",
    "atecc-emulator-preload",
];
/// With them: its module reaches the chip by the emulator's socket.
pub const PKCS11_FEATURES: [&str; 1] = ["nerves-key-pkcs11/emulator"];

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
    let target = build(packages, features)?;
    let mut script = run::program("sh", [path]);
    script.arg(target.join("debug")).arg(target.join("interop"));
    run::shown(script.args(more))
}

/// Build these packages with these of their features. The folder of what is built:
/// programs are in its `debug`, and scripts keep things in its `interop`.
///
/// # Errors
/// [`Error`] of the build.
pub fn build(packages: &[&str], features: &[&str]) -> Result<PathBuf, Error> {
    let packages = packages.iter().flat_map(|name| ["--package", name]);
    let features = features.iter().flat_map(|name| ["--features", name]);
    let mut build = run::cargo(["build", "--quiet"]);
    run::shown(build.args(packages).args(features))?;
    Ok(metadata::workspace()?.target_directory)
}

/// `tests/interop/libraries.sh`: so many signatures by libraries that we did not
/// write, on each chip.
///
/// # Errors
/// As [`run()`].
pub fn libraries(signatures: u32) -> Result<(), Error> {
    run("tests/interop/libraries.sh", &[signatures.to_string()])
}
