//! PKCS#11 clients that we did not write: `tests/interop/pkcs11.sh`.

use crate::error::Error;
use crate::{metadata, run};

/// Build the module and what serves it a chip, and run the script.
pub(crate) fn run() -> Result<(), Error> {
    let packages = [
        "--package",
        "nerves-key-cli",
        "--package",
        "nerves-key-pkcs11",
        "--package",
        "atecc-emulator-preload",
    ];
    run::shown(run::cargo(["build", "--quiet"]).args(packages))?;
    let target = metadata::workspace()?.target_directory;
    let mut script = run::program("sh", ["tests/interop/pkcs11.sh"]);
    run::shown(script.arg(target.join("debug")).arg(target.join("interop")))
}
