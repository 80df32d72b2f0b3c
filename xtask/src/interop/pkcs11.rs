//! PKCS#11 clients that we did not write: `tests/interop/pkcs11.sh`.

use xtask_support::error::Error;
use xtask_support::script;

/// The module and what serves it a chip.
const PROGRAMS: [&str; 3] = [
    "nerves-key-cli",
    "nerves-key-pkcs11",
    "atecc-emulator-preload",
];

/// The module reaches the chip by the emulator's socket.
const FEATURES: [&str; 1] = ["nerves-key-pkcs11/emulator"];

/// Build them, and run the script.
pub(crate) fn run() -> Result<(), Error> {
    script::run_with("tests/interop/pkcs11.sh", &PROGRAMS, &FEATURES, &[])
}
