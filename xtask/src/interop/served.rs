//! Programs that we did not write, against a served emulator:
//! `tests/interop/served.sh`.

use crate::error::Error;
use crate::{metadata, run};

/// Build what is served and preloaded, and run the script.
pub(crate) fn run() -> Result<(), Error> {
    let packages = [
        "--package",
        "nerves-key-cli",
        "--package",
        "atecc-emulator-preload",
    ];
    run::shown(run::cargo(["build", "--quiet"]).args(packages))?;
    let target = metadata::workspace()?.target_directory;
    let mut script = run::program("sh", ["tests/interop/served.sh"]);
    run::shown(script.arg(target.join("debug")).arg(target.join("interop")))
}
