//! The timeline of a provisioning, rendered: `tests/interop/timeline.sh`.

use crate::error::Error;
use crate::{metadata, run};

/// Build what is recorded, and run the script.
pub(crate) fn run() -> Result<(), Error> {
    run::shown(run::cargo(["build", "--quiet"]).args(["--package", "nerves-key-cli"]))?;
    let target = metadata::workspace()?.target_directory;
    let mut script = run::program("sh", ["tests/interop/timeline.sh"]);
    run::shown(script.arg(target.join("debug")).arg(target.join("interop")))
}
