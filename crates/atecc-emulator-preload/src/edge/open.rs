//! `open` and its relatives.

use std::ffi::{CStr, c_char, c_int};
use std::os::fd::{IntoRawFd, RawFd};

use libc::mode_t;

use super::{fail, next};
use crate::connection::{self, Opened};

/// The descriptor of an emulated bus, -1 with `errno` set, or `None` when the
/// name is not ours.
///
/// # Safety
/// `path` is a C string or null.
unsafe fn emulated(path: *const c_char, flags: c_int) -> Option<RawFd> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, and a C string by the caller's contract.
    let name = unsafe { CStr::from_ptr(path) };
    match connection::open(name.to_bytes(), flags) {
        Opened::Elsewhere => None,
        Opened::Emulated(Ok(connection)) => Some(connection.into_raw_fd()),
        Opened::Emulated(Err(error)) => Some(fail(error).into()),
    }
}

type Open = unsafe extern "C" fn(*const c_char, c_int, ...) -> c_int;
type OpenAt = unsafe extern "C" fn(c_int, *const c_char, c_int, ...) -> c_int;
type OpenFortified = unsafe extern "C" fn(*const c_char, c_int) -> c_int;
type OpenAtFortified = unsafe extern "C" fn(c_int, *const c_char, c_int) -> c_int;

/// Define `$name` like `open`.
macro_rules! open {
    ($name:ident, $symbol:literal) => {
        /// # Safety
        /// As the C library's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
            // SAFETY: a C string, as for the C library.
            match unsafe { emulated(path, flags) } {
                Some(result) => result,
                None => next!($symbol, Open, path, flags, mode),
            }
        }
    };
}

/// Define `$name` like `openat`.
macro_rules! openat {
    ($name:ident, $symbol:literal) => {
        /// # Safety
        /// As the C library's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(
            directory: c_int,
            path: *const c_char,
            flags: c_int,
            mode: mode_t,
        ) -> c_int {
            // SAFETY: a C string, as for the C library.
            match unsafe { emulated(path, flags) } {
                Some(result) => result,
                None => next!($symbol, OpenAt, directory, path, flags, mode),
            }
        }
    };
}

/// Define `$name` like `__open_2`, which fortified programs call.
macro_rules! fortified {
    ($name:ident, $symbol:literal) => {
        /// # Safety
        /// As the C library's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(path: *const c_char, flags: c_int) -> c_int {
            // SAFETY: a C string, as for the C library.
            match unsafe { emulated(path, flags) } {
                Some(result) => result,
                None => next!($symbol, OpenFortified, path, flags),
            }
        }
    };
}

/// Define `$name` like `__openat_2`, which fortified programs call.
macro_rules! fortified_at {
    ($name:ident, $symbol:literal) => {
        /// # Safety
        /// As the C library's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(directory: c_int, path: *const c_char, flags: c_int) -> c_int {
            // SAFETY: a C string, as for the C library.
            match unsafe { emulated(path, flags) } {
                Some(result) => result,
                None => next!($symbol, OpenAtFortified, directory, path, flags),
            }
        }
    };
}

open!(open, c"open");
open!(open64, c"open64");
openat!(openat, c"openat");
openat!(openat64, c"openat64");
fortified!(__open_2, c"__open_2");
fortified!(__open64_2, c"__open64_2");
fortified_at!(__openat_2, c"__openat_2");
fortified_at!(__openat64_2, c"__openat64_2");
