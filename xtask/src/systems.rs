//! `cargo xtask systems`: the command is checked for systems that it is not built
//! on: one where a C `long` has 32 bits, and two without Linux's buses and sockets.

use xtask_support::error::Error;
use xtask_support::{run, table, thumb};

const TARGETS: [&str; 3] = [
    "armv7-unknown-linux-gnueabihf",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-gnu",
];

/// Check it for each, which needs no linker.
pub(crate) fn run() -> Result<(), Error> {
    thumb::add_targets(&TARGETS)?;
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for target in TARGETS {
        let mut command = run::cargo(["check", "--quiet", "--package", "nerves-key-cli"]);
        let checked = run::captured(command.args(["--target", target]));
        let result = if checked.is_ok() {
            "compiles"
        } else {
            "FAILED"
        };
        rows.push([target, result].map(str::to_owned));
        findings.extend(checked.err().map(|error| error.to_string()));
    }
    table::print(["target", "nerves-key-cli"], &rows);
    Error::unless_empty("builds for other systems", findings)
}
