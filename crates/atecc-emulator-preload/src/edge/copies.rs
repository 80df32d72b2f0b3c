//! Descriptors that come and go: `close`, `dup` and its relatives.
//!
//! A copy is the same connection, whose state is the server's.

use std::ffi::c_int;
use std::os::fd::BorrowedFd;

use super::{connection, next};
use crate::descriptors;

/// `copy` is what the system made of `original`, which was looked at before:
/// it may have been the same number.
fn copied(original: Original, copy: c_int) -> c_int {
    match original {
        _ if copy < 0 => {}
        Original::Connection => {
            // SAFETY: not negative, and open: it is the caller's new copy.
            descriptors::remember(unsafe { BorrowedFd::borrow_raw(copy) });
        }
        Original::Other => descriptors::forget(copy),
    }
    copy
}

#[derive(Clone, Copy)]
enum Original {
    Connection,
    Other,
}

fn original(fd: c_int) -> Original {
    if connection(fd).is_some() {
        Original::Connection
    } else {
        Original::Other
    }
}

type Close = unsafe extern "C" fn(c_int) -> c_int;
type Dup2 = unsafe extern "C" fn(c_int, c_int) -> c_int;
type Dup3 = unsafe extern "C" fn(c_int, c_int, c_int) -> c_int;
type Fcntl = unsafe extern "C" fn(c_int, c_int, ...) -> c_int;

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn close(fd: c_int) -> c_int {
    descriptors::forget(fd);
    next!(c"close", Close, fd)
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn dup(fd: c_int) -> c_int {
    let original = original(fd);
    copied(original, next!(c"dup", Close, fd))
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn dup2(fd: c_int, to: c_int) -> c_int {
    let original = original(fd);
    copied(original, next!(c"dup2", Dup2, fd, to))
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn dup3(fd: c_int, to: c_int, flags: c_int) -> c_int {
    let original = original(fd);
    copied(original, next!(c"dup3", Dup3, fd, to, flags))
}

/// Define `$name` like `fcntl`, whose third argument is a number or a
/// pointer.
macro_rules! fcntl {
    ($name:ident, $symbol:literal) => {
        /// # Safety
        /// As the C library's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(fd: c_int, command: c_int, argument: usize) -> c_int {
            let original = original(fd);
            let result = next!($symbol, Fcntl, fd, command, argument);
            match command {
                libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => copied(original, result),
                _ => result,
            }
        }
    };
}

fcntl!(fcntl, c"fcntl");
fcntl!(fcntl64, c"fcntl64");
