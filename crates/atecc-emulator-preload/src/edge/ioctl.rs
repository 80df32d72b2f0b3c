//! `ioctl`.

use std::ffi::{c_int, c_ulong, c_void};
use std::os::fd::BorrowedFd;

use atecc_emulator::protocol::Operation;
use rustix::io::Errno;

use super::{connection, next, status};
use crate::bus::{set_address, transfer};
use crate::ioctl::{
    Direction, FUNCTIONS, I2C_FUNCS, I2C_PEC, I2C_RDWR, I2C_RETRIES, I2C_SLAVE, I2C_SLAVE_FORCE,
    I2C_SMBUS, I2C_TENBIT, I2C_TIMEOUT, MAX_MESSAGES, RawMessage, RawSmbus, RawTransfer,
};
use crate::smbus::{Given, SmbusSize, checked};

type Ioctl = unsafe extern "C" fn(c_int, c_ulong, ...) -> c_int;

/// # Safety
/// As the C library's: `argument` is what `request` wants.
#[unsafe(no_mangle)]
unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
    if let Some(connection) = connection(fd) {
        // The kernel, too, looks at 32 bits only.
        let request = u32::try_from(request & 0xFFFF_FFFF).unwrap_or(0);
        // SAFETY: `argument` is what `request` wants.
        if let Some(result) = unsafe { emulated(connection, request, argument) } {
            return status(result);
        }
    }
    next!(c"ioctl", Ioctl, fd, request, argument)
}

/// The requests of i2c-dev. `None` for others, which are for any descriptor.
///
/// # Safety
/// `argument` is what `request` wants.
unsafe fn emulated(
    connection: BorrowedFd<'_>,
    request: u32,
    argument: *mut c_void,
) -> Option<Result<c_int, Errno>> {
    let number = argument.addr();
    Some(match request {
        I2C_SLAVE | I2C_SLAVE_FORCE => set_address(connection, number).map(|()| 0),
        // The emulator never arbitrates nor hangs.
        I2C_RETRIES | I2C_TIMEOUT => Ok(0),
        I2C_TENBIT | I2C_PEC if number == 0 => Ok(0),
        I2C_TENBIT | I2C_PEC => Err(Errno::INVAL),
        I2C_FUNCS | I2C_RDWR | I2C_SMBUS if argument.is_null() => Err(Errno::FAULT),
        I2C_FUNCS => {
            // SAFETY: not null, and the caller has a place for a long there.
            unsafe { argument.cast::<c_ulong>().write_unaligned(FUNCTIONS) };
            Ok(0)
        }
        I2C_RDWR => {
            // SAFETY: not null, and the caller has the structure there.
            let asked = unsafe { argument.cast::<RawTransfer>().read_unaligned() };
            // SAFETY: the structure is the caller's.
            unsafe { combined(connection, asked) }
        }
        I2C_SMBUS => {
            // SAFETY: not null, and the caller has the structure there.
            let asked = unsafe { argument.cast::<RawSmbus>().read_unaligned() };
            // SAFETY: the structure is the caller's.
            unsafe { smbus(connection, asked) }
        }
        _ => return None,
    })
}

/// # Safety
/// `asked` has as many messages as it says, each with a buffer of its length.
unsafe fn combined(connection: BorrowedFd<'_>, asked: RawTransfer) -> Result<c_int, Errno> {
    if asked.messages.is_null() || asked.count == 0 || asked.count > MAX_MESSAGES {
        return Err(Errno::INVAL);
    }
    let count = usize::try_from(asked.count).unwrap_or(0);
    let raw: Vec<RawMessage> = (0..count)
        // SAFETY: not null, and there are `count` of them.
        .map(|index| unsafe { asked.messages.add(index).read_unaligned() })
        .collect();
    let messages: Result<Vec<_>, Errno> = raw
        .iter()
        .map(|raw| {
            let length = raw.length;
            let operation = match raw.direction()? {
                _ if raw.buffer.is_null() && length > 0 => return Err(Errno::FAULT),
                Direction::Read => Operation::Read(length),
                Direction::Write => {
                    let mut bytes = vec![0; length.into()];
                    // SAFETY: `length` bytes are there, or none are wanted.
                    unsafe { bytes.as_mut_ptr().copy_from(raw.buffer, length.into()) };
                    Operation::Write(bytes)
                }
            };
            Ok(raw.message(operation))
        })
        .collect();
    let bytes = transfer(connection, messages?)?;
    let mut rest = bytes.as_slice();
    for raw in &raw {
        if raw.direction()? == Direction::Read {
            let (here, later) = rest
                .split_at_checked(raw.length.into())
                .ok_or(Errno::PROTO)?;
            // SAFETY: there is room for `length` bytes, or none are copied.
            unsafe { raw.buffer.copy_from(here.as_ptr(), here.len()) };
            rest = later;
        }
    }
    Ok(c_int::try_from(asked.count).unwrap_or(0))
}

/// # Safety
/// `asked.data` has room for what its size says.
unsafe fn smbus(connection: BorrowedFd<'_>, asked: RawSmbus) -> Result<c_int, Errno> {
    let size = SmbusSize::new(asked.size)?;
    let direction = match asked.read_write {
        0 => Direction::Write,
        1 => Direction::Read,
        _ => return Err(Errno::INVAL),
    };
    if asked.data.is_null() && !size.is_bare(direction) {
        return Err(Errno::INVAL);
    }
    let length = match size.given(direction) {
        Given::Bytes(length) => length,
        Given::Block => {
            // SAFETY: not null, and the caller's block begins with its length.
            let length = unsafe { asked.data.read() };
            usize::from(checked(length)?) + 1
        }
    };
    let mut given = vec![0; length];
    // SAFETY: `length` bytes are there, or none are wanted.
    unsafe { given.as_mut_ptr().copy_from(asked.data, length) };
    if size.is_word() {
        swap_word(&mut given);
    }
    let mut taken = size.perform(connection, direction, asked.command, &given)?;
    if size.is_word() {
        swap_word(&mut taken);
    }
    // SAFETY: there is room for what the size returns, or nothing is copied.
    unsafe { asked.data.copy_from(taken.as_ptr(), taken.len()) };
    Ok(0)
}

/// Between this machine's order and the little-endian order of the bus.
fn swap_word(data: &mut [u8]) {
    if let [low, high] = data {
        [*low, *high] = u16::from_ne_bytes([*low, *high]).to_le_bytes();
    }
}
