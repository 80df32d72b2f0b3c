//! One module for each process, also after `fork`.
//!
//! A child has a copy of its parent's memory, with locks that were held by
//! threads that it does not have and descriptors that it shares. It may use
//! none of that. So what `C_Initialize` made is kept under the process's id:
//! a child finds an id that is not its own and starts with nothing, and what
//! it inherited is never touched again, nor freed.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{process, ptr};

use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::module::Module;
use nerves_key_pkcs11_core::settings::Environment;

struct Process {
    id: u32,
    module: Mutex<Option<Arc<Module>>>,
}

/// Null, or a leaked box: it is valid for ever.
static CURRENT: AtomicPtr<Process> = AtomicPtr::new(ptr::null_mut());

/// The module of this process.
pub(crate) fn module() -> Result<Arc<Module>, Error> {
    state().clone().ok_or(Error::NotInitialized)
}

pub(crate) fn initialize(module: impl FnOnce() -> Module) -> Result<(), Error> {
    let mut state = state();
    if state.is_some() {
        return Err(Error::AlreadyInitialized);
    }
    *state = Some(Arc::new(module()));
    Ok(())
}

/// Calls of other threads that are under way end in peace.
pub(crate) fn finalize() -> Result<(), Error> {
    state().take().map(drop).ok_or(Error::NotInitialized)
}

fn state() -> MutexGuard<'static, Option<Arc<Module>>> {
    let process = current();
    process
        .module
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// The kernel says when a program has rights that its caller does not have.
pub(crate) fn environment() -> Environment {
    // SAFETY: takes and returns a number.
    match unsafe { libc::getauxval(libc::AT_SECURE) } {
        0 => Environment::Trusted,
        _ => Environment::Ignored,
    }
}

/// No lock and no `Once` here: a thread of the parent could have been in it.
fn current() -> &'static Process {
    let id = process::id();
    loop {
        let known = CURRENT.load(Ordering::Acquire);
        // SAFETY: CURRENT is null or a box that is never freed or mutated.
        if let Some(process) = unsafe { known.as_ref() }
            && process.id == id
        {
            return process;
        }
        let ours = Box::into_raw(Box::new(Process {
            id,
            module: Mutex::new(None),
        }));
        let swapped = CURRENT.compare_exchange(known, ours, Ordering::AcqRel, Ordering::Acquire);
        if swapped.is_err() {
            // Another thread of this process was first.
            // SAFETY: `ours` was made above and is in nobody else's hands.
            drop(unsafe { Box::from_raw(ours) });
        }
    }
}
