//! Programs and libraries that we did not write, against a served emulator,
//! signers that we did not write, and a browser: the scripts of `tests/interop`.

use crate::error::Error;
use crate::{metadata, run};

/// `tests/interop/served.sh`, with what is served and preloaded.
pub(crate) fn served() -> Result<(), Error> {
    script("tests/interop/served.sh")
}

/// `tests/interop/libraries.sh`, with a few signatures.
pub(crate) fn libraries_short() -> Result<(), Error> {
    libraries(5)
}

/// `tests/interop/libraries.sh`: so many signatures by libraries that we did not
/// write, on each chip.
pub(crate) fn libraries(signatures: u32) -> Result<(), Error> {
    script_with("tests/interop/libraries.sh", &[signatures.to_string()])
}

/// `tests/interop/signers.sh`.
pub(crate) fn signers() -> Result<(), Error> {
    script("tests/interop/signers.sh")
}

/// `tests/interop/hardware.sh`: recorded as from hardware, and judged.
pub(crate) fn hardware() -> Result<(), Error> {
    script("tests/interop/hardware.sh")
}

/// `tests/interop/timeline.sh`: the timeline of a provisioning, rendered.
pub(crate) fn timeline() -> Result<(), Error> {
    script("tests/interop/timeline.sh")
}

/// `tests/interop/use.sh`: what the key makes, before others.
pub(crate) fn key_use() -> Result<(), Error> {
    script("tests/interop/use.sh")
}

fn script(path: &str) -> Result<(), Error> {
    script_with(path, &[])
}

/// Build the programs and run a script with them.
fn script_with(path: &str, more: &[String]) -> Result<(), Error> {
    let packages = [
        "--package",
        "nerves-key-cli",
        "--package",
        "atecc-emulator-preload",
    ];
    run::shown(run::cargo(["build", "--quiet"]).args(packages))?;
    let target = metadata::workspace()?.target_directory;
    let mut script = run::program("sh", [path]);
    script.arg(target.join("debug")).arg(target.join("interop"));
    run::shown(script.args(more))
}
