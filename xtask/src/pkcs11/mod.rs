//! The PKCS#11 module under load and against the clock, on chips that the
//! `nerves-key` command serves, and the driver beside a program without its
//! lock.

mod holder;
pub(crate) mod intruder;
pub(crate) mod latency;
pub(crate) mod load;
mod other_program;
mod served;
pub(crate) mod user;
pub(crate) mod valgrind;
pub(crate) mod worker;

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};

use crate::error::Error;

/// The module, loaded as a client does it.
fn client(module: &Path) -> Result<Pkcs11, Error> {
    let client = Pkcs11::new(module)?;
    client.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    Ok(client)
}
