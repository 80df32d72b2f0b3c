#![doc = include_str!("../README.md")]
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
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::log::{Level, log};
use nerves_key_pkcs11_core::module::Module;
use nerves_key_pkcs11_core::operation::OperationKind;
use nerves_key_pkcs11_core::session::Session;

pub use interface::{C_GetFunctionList, C_GetInterface, C_GetInterfaceList};

/// Do `work` as the function `name` and say how it ended.
fn call(name: &str, work: impl FnOnce() -> Result<(), Error>) -> CK_RV {
    // What a panic leaves half done is in mutexes, whose users expect it.
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Panicked));
    match result {
        Ok(()) => {
            log(Level::Call, format_args!("{name}"));
            CKR_OK
        }
        Err(error) => {
            let rv = error.rv();
            log(
                Level::Error,
                format_args!("{name}: {} ({rv:#x})", error.explained()),
            );
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

/// The same as a step of an operation of that session, its arguments included.
fn with_operation(
    name: &str,
    handle: CK_SESSION_HANDLE,
    kind: OperationKind,
    work: impl FnOnce(&Session) -> Result<(), Error>,
) -> CK_RV {
    with_session(name, handle, |session| session.step(kind, work))
}
