//! `read` and `write`.

use std::ffi::{c_int, c_void};

use libc::{size_t, ssize_t};
use rustix::io::Errno;

use super::{connection, fail, next};
use crate::bus;

/// # Safety
/// `buffer` is null or has room for `count` bytes.
unsafe fn emulated(fd: c_int, buffer: *mut c_void, count: size_t) -> Option<ssize_t> {
    let connection = connection(fd)?;
    if buffer.is_null() && count > 0 {
        return Some(fail(Errno::FAULT).into());
    }
    Some(match bus::read(connection, count) {
        Ok(bytes) => {
            // SAFETY: `bus::read` gives `count` bytes at most, which there is
            // room for; nothing overlaps a new vector.
            unsafe { buffer.cast::<u8>().copy_from(bytes.as_ptr(), bytes.len()) };
            length(bytes.len())
        }
        Err(error) => fail(error).into(),
    })
}

/// i2c-dev moves 8192 bytes at most.
fn length(bytes: usize) -> ssize_t {
    ssize_t::try_from(bytes).unwrap_or(ssize_t::MAX)
}

type Read = unsafe extern "C" fn(c_int, *mut c_void, size_t) -> ssize_t;
type ReadFortified = unsafe extern "C" fn(c_int, *mut c_void, size_t, size_t) -> ssize_t;
type Write = unsafe extern "C" fn(c_int, *const c_void, size_t) -> ssize_t;

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, count: size_t) -> ssize_t {
    // SAFETY: there is room for `count` bytes, as for the C library.
    if let Some(result) = unsafe { emulated(fd, buffer, count) } {
        return result;
    }
    next!(c"read", Read, fd, buffer, count)
}

/// What fortified programs call. `room` is the size of the buffer; the C
/// library ends a program that asks for more.
///
/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn __read_chk(
    fd: c_int,
    buffer: *mut c_void,
    count: size_t,
    room: size_t,
) -> ssize_t {
    if count <= room {
        // SAFETY: there is room for `count` bytes.
        if let Some(result) = unsafe { emulated(fd, buffer, count) } {
            return result;
        }
    }
    next!(c"__read_chk", ReadFortified, fd, buffer, count, room)
}

/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, count: size_t) -> ssize_t {
    let Some(connection) = connection(fd) else {
        return next!(c"write", Write, fd, buffer, count);
    };
    let bytes: &[u8] = if count == 0 {
        &[]
    } else if buffer.is_null() {
        return fail(Errno::FAULT).into();
    } else {
        // SAFETY: not null, and `count` bytes are there, as for the C library.
        unsafe { std::slice::from_raw_parts(buffer.cast(), count) }
    };
    match bus::write(connection, bytes) {
        Ok(written) => length(written),
        Err(error) => fail(error).into(),
    }
}
