//! One module for each process, also after `fork`.
//!
//! A child has a copy of its parent's memory, with locks that were held by
//! threads that it does not have and descriptors that it shares. It may use
//! none of that. So what `C_Initialize` made is found by way of a page that the
//! kernel empties for a child (`MADV_WIPEONFORK`): a child starts with nothing,
//! and what it inherited is never touched again, nor freed.
//!
//! The process's number is compared, too, because kernels before 4.14 empty no
//! page. Alone it does not do: a process 1 that forks into a new namespace has a
//! child that is process 1 as well. `pthread_atfork` would do in a program that
//! forks by the C library, and leaves a handler behind in one that unloads the
//! module.

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
type Current = AtomicPtr<Process>;

/// Null, or a page with a [`Current`] at its beginning, mapped for ever.
static PAGE: AtomicPtr<Current> = AtomicPtr::new(ptr::null_mut());
/// In the place of the page where there is none to be had.
static NO_PAGE: Current = AtomicPtr::new(ptr::null_mut());

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
    let current = place();
    loop {
        let known = current.load(Ordering::Acquire);
        // SAFETY: it is null or a box that is never freed or mutated.
        if let Some(process) = unsafe { known.as_ref() }
            && process.id == id
        {
            return process;
        }
        let ours = Box::into_raw(Box::new(Process {
            id,
            module: Mutex::new(None),
        }));
        let swapped = current.compare_exchange(known, ours, Ordering::AcqRel, Ordering::Acquire);
        if swapped.is_err() {
            // Another thread of this process was first.
            // SAFETY: `ours` was made above and is in nobody else's hands.
            drop(unsafe { Box::from_raw(ours) });
        }
    }
}

/// Where the process's state is. A child forked at any moment finds what is whole.
fn place() -> &'static Current {
    let known = PAGE.load(Ordering::Acquire);
    // SAFETY: PAGE is null or the beginning of a page that is never unmapped, whose
    // zeroes are a null pointer.
    if let Some(place) = unsafe { known.as_ref() } {
        return place;
    }
    // SAFETY: takes a number.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    // SAFETY: a mapping of nothing else, wherever there is room.
    let page = unsafe {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(ptr::null_mut(), size, access, kind, -1, 0)
    };
    if page == libc::MAP_FAILED {
        return &NO_PAGE;
    }
    // An old kernel refuses, and the number has to do.
    // SAFETY: of the mapping made above.
    let _ = unsafe { libc::madvise(page, size, libc::MADV_WIPEONFORK) };
    let ours = page.cast::<Current>();
    match PAGE.compare_exchange(known, ours, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: as above.
        Ok(_) => unsafe { &*ours },
        Err(theirs) => {
            // SAFETY: it was made above and is in nobody else's hands.
            unsafe { libc::munmap(page, size) };
            // SAFETY: as above.
            unsafe { &*theirs }
        }
    }
}
