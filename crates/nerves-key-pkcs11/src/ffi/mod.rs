//! The C interface: pointers in, slices on, results out.
//!
//! A caller promises what PKCS#11 asks of it: that a pointer is null or leads
//! to as many items as it says, for the length of the call, and that nobody
//! else changes them meanwhile. What can be checked of that is checked (null,
//! alignment, lengths beyond the address space); the rest is the contract of
//! every `unsafe extern "C"` function here, and each `SAFETY` line that says
//! "the caller's promise" means it.
//!
//! No panic crosses the edge: it becomes `CKR_GENERAL_ERROR`.
#![expect(non_snake_case, reason = "PKCS#11 names its functions")]

mod general;
mod interface;
mod objects;
mod operations;
mod pointer;
mod process;
mod sessions;
mod table;
mod unsupported;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cryptoki_sys::{CK_RV, CK_SESSION_HANDLE, CKR_OK};

pub use interface::{C_GetFunctionList, C_GetInterface, C_GetInterfaceList};

use crate::error::Error;
use crate::log::{Level, say};
use crate::module::Module;
use crate::session::Session;

/// Do `work` as the function `name` and say how it ended.
fn call(name: &str, work: impl FnOnce() -> Result<(), Error>) -> CK_RV {
    // What a panic leaves half done is in mutexes, whose users expect it.
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Panicked));
    match result {
        Ok(()) => {
            say(Level::Call, format_args!("{name}"));
            CKR_OK
        }
        Err(error) => {
            let rv = error.rv();
            say(Level::Error, format_args!("{name}: {error} ({rv:#x})"));
            rv
        }
    }
}

/// The same with the process's module.
fn with_module(name: &str, work: impl FnOnce(&Module) -> Result<(), Error>) -> CK_RV {
    call(name, || work(&*process::module()?))
}

/// The same with one of its sessions.
fn with_session(
    name: &str,
    handle: CK_SESSION_HANDLE,
    work: impl FnOnce(&Session) -> Result<(), Error>,
) -> CK_RV {
    with_module(name, |module| {
        let session: Arc<Session> = module.session(handle)?;
        work(&session)
    })
}
