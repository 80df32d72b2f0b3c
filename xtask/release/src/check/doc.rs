//! `doc`: the documentation, as docs.rs builds it, without a warning.

use xtask_support::error::Error;
use xtask_support::{metadata, run};

use super::Outcome;
use crate::tools::cargo_apart;

/// Libraries, then programs: the command `nerves-key` and the crate of that
/// name would be one file.
const PARTS: [&[&str]; 2] = [
    &["--workspace", "--lib"],
    &["--package", "nerves-key-cli", "--bins"],
];

pub(super) fn run() -> Result<Outcome, Error> {
    for part in PARTS {
        let mut command = cargo_apart(["doc", "--quiet", "--no-deps", "--all-features"]);
        run::shown(command.args(part).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    let packages = metadata::workspace()?.packages.len();
    Ok(Outcome::Passed(format!("{packages} packages, no warning")))
}
