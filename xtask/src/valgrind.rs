//! `cargo xtask valgrind`: the cases of the C interface, and its state machines in
//! short, under valgrind, whose findings (bad reads and writes, values that were never
//! set, memory that was lost) fail the run, in the children that some of them fork
//! as well.

use xtask_support::error::Error;
use xtask_support::run;

const OPTIONS: &str = "--quiet --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite --show-leak-kinds=definite";
const KNOWN: &str = "crates/nerves-key-pkcs11/tests/valgrind.supp";

/// Run them.
pub(crate) fn run() -> Result<(), Error> {
    let known = run::root().join(KNOWN);
    let runner = format!("valgrind {OPTIONS} --suppressions={}", known.display());
    let host = run::host()?.to_uppercase().replace('-', "_");
    let mut test = run::cargo(["test", "--package", "nerves-key-pkcs11"]);
    test.args(["--test", "c_interface", "--test", "states"])
        .args(["--", "--nocapture", "every_"])
        .env("NERVES_KEY_PKCS11_STATES", "1")
        .env(format!("CARGO_TARGET_{host}_RUNNER"), runner);
    run::shown(&mut test)
}
