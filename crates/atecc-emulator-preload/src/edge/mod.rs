//! The functions of the C library that are replaced: pointers in, `errno` out.

mod copies;
mod io;
mod ioctl;
mod open;
mod start;

use std::ffi::{CStr, c_int, c_void};
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::atomic::{AtomicPtr, Ordering};

use rustix::io::Errno;

use crate::descriptors;

/// A function of the next library in line, found when first used.
pub(crate) struct Next {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self {
            name,
            found: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Its address; null when no library has it.
    pub(crate) fn address(&self) -> *mut c_void {
        let known = self.found.load(Ordering::Acquire);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name is a C string; RTLD_NEXT is looked up from here.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.found.store(found, Ordering::Release);
        found
    }
}

/// Call the next library's function `$name`, of type `$type`.
macro_rules! next {
    ($name:literal, $type:ty, $($argument:expr),*) => {{
        static NEXT: $crate::edge::Next = $crate::edge::Next::new($name);
        let address = NEXT.address();
        if address.is_null() {
            $crate::edge::fail(rustix::io::Errno::NOSYS).into()
        } else {
            // SAFETY: the function of that name has that type, and the
            // arguments are the caller's own.
            unsafe { std::mem::transmute::<*mut std::ffi::c_void, $type>(address)($($argument),*) }
        }
    }};
}
pub(crate) use next;

/// Set `errno` and return what says so.
pub(crate) fn fail(error: Errno) -> i8 {
    // SAFETY: the C library gives each thread a place for its errno.
    unsafe { *libc::__errno_location() = error.raw_os_error() };
    -1
}

/// `result` as C has it.
pub(crate) fn status<T: TryInto<c_int>>(result: Result<T, Errno>) -> c_int {
    match result {
        Ok(value) => value.try_into().unwrap_or(0),
        Err(error) => fail(error).into(),
    }
}

/// `fd`, when it is a connection to the emulator.
pub(crate) fn connection(fd: RawFd) -> Option<BorrowedFd<'static>> {
    if !descriptors::may_be_connection(fd) {
        return None;
    }
    // SAFETY: the table has no entry for -1. The caller of the C function
    // keeps the descriptor open while it runs; one that does not is told of
    // an error by the system, as it would be without us.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    descriptors::is_connection(fd).then_some(fd)
}
