//! PKCS#11 clients that we did not write: `tests/interop/pkcs11.sh`.

use xtask_support::error::Error;
use xtask_support::script::{self, PKCS11, PKCS11_FEATURES};

/// Build what it is given, and run the script.
pub(crate) fn run() -> Result<(), Error> {
    script::run_with("tests/interop/pkcs11.sh", &PKCS11, &PKCS11_FEATURES, &[])
}
