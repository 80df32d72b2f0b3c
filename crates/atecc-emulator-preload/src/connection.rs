//! From a name in `/dev` to a connection.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atecc_emulator::client::{ClientError, ConnectError, call, connect_to};
use atecc_emulator::protocol::{Request, errno};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{SocketAddrUnix, getpeername};
use rustix::time::{ClockId, clock_gettime};

use crate::descriptors;

/// Names the server's socket.
const SOCKET: &str = "ATECC_EMULATOR_SOCKET";

/// After a server that said nothing, which may have been stopped, no bus of it is
/// asked for so long. A program that looks for buses asks for one after the other.
const SILENCE: Duration = Duration::from_secs(1);

/// When that ends, in milliseconds of the monotonic clock; 0 for never.
static SILENT_UNTIL: AtomicU64 = AtomicU64::new(0);

fn now_ms() -> u64 {
    let now = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Descriptors that a program may inherit from the one that started it.
const INHERITED: i32 = 256;

/// What becomes of a name that is to be opened.
pub(crate) enum Opened {
    /// It is not ours.
    Elsewhere,
    /// A connection, or why there is none.
    Emulated(Result<OwnedFd, Errno>),
}

/// The number of a bus in `/dev/i2c-N`.
fn bus_number(name: &[u8]) -> Option<u32> {
    let digits = name.strip_prefix(b"/dev/i2c-")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn server() -> Option<OsString> {
    std::env::var_os(SOCKET).filter(|path| !path.is_empty())
}

/// Open `name` if it is a bus of the server. Where there is no server to ask,
/// the bus is not opened at all: a real chip must not be taken for an
/// emulated one.
pub(crate) fn open(name: &[u8], flags: i32) -> Opened {
    let (Some(bus), Some(server)) = (bus_number(name), server()) else {
        return Opened::Elsewhere;
    };
    if now_ms() < SILENT_UNTIL.load(Ordering::Relaxed) {
        return Opened::Emulated(Err(Errno::NXIO));
    }
    let (connection, hello) = match connect_to(Path::new(&server), Some(bus)) {
        Ok(connected) => connected,
        Err(error) => {
            if error.is_silence() {
                let silence = u64::try_from(SILENCE.as_millis()).unwrap_or(u64::MAX);
                SILENT_UNTIL.store(now_ms().saturating_add(silence), Ordering::Relaxed);
            }
            eprintln!("atecc-emulator-preload: {error}");
            return Opened::Emulated(Err(cause(&error)));
        }
    };
    if !hello.buses.contains(&bus) {
        return Opened::Elsewhere;
    }
    Opened::Emulated(begin(connection, flags))
}

fn begin(connection: OwnedFd, flags: i32) -> Result<OwnedFd, Errno> {
    if flags & libc::O_DIRECTORY != 0 {
        return Err(Errno::NOTDIR);
    }
    if flags & libc::O_CLOEXEC == 0 {
        fcntl_setfd(&connection, FdFlags::empty())?;
    }
    if descriptors::remember(&connection) {
        Ok(connection)
    } else {
        Err(Errno::MFILE)
    }
}

/// Send a request on a connection.
pub(crate) fn ask(connection: BorrowedFd<'_>, request: &Request) -> Result<Vec<u8>, Errno> {
    call(connection, request, 0).map_err(|error| match error {
        ClientError::Nack(_) => number(errno::EREMOTEIO),
        ClientError::Refused(errno) => number(errno),
        ClientError::Request(_) => Errno::INVAL,
        ClientError::Socket(error) => Errno::from_io_error(&error).unwrap_or(Errno::PIPE),
        ClientError::Reply(_) | ClientError::Length { .. } => Errno::PROTO,
    })
}

fn number(errno: u32) -> Errno {
    i32::try_from(errno).map_or(Errno::PROTO, Errno::from_raw_os_error)
}

/// An adapter whose server cannot be used has gone. But what the process has
/// run out of is said as it is.
fn cause(error: &ConnectError) -> Errno {
    match error {
        ConnectError::Socket { error, .. } => match Errno::from_io_error(error) {
            Some(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM)) => errno,
            _ => Errno::NXIO,
        },
        _ => Errno::NXIO,
    }
}

/// Remember the connections that came with the process, through `exec`.
pub(crate) fn recognise_inherited(borrow: impl Fn(i32) -> BorrowedFd<'static>) {
    let Some(server) = server() else { return };
    for number in 0..INHERITED {
        let fd = borrow(number);
        let peer = getpeername(fd).ok().flatten();
        let peer = peer.and_then(|peer| SocketAddrUnix::try_from(peer).ok());
        let path = peer.as_ref().and_then(SocketAddrUnix::path_bytes);
        if path == Some(server.as_bytes()) {
            descriptors::remember(fd);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buses() {
        for (name, bus) in [
            ("/dev/i2c-1", Some(1)),
            ("/dev/i2c-4294967295", Some(u32::MAX)),
            ("/dev/i2c-4294967296", None),
            ("/dev/i2c-", None),
            ("/dev/i2c-+1", None),
            ("/dev/i2c-1x", None),
            ("/dev/i2c/1", None),
            ("i2c-1", None),
            ("/dev/null", None),
        ] {
            assert_eq!(bus_number(name.as_bytes()), bus, "{name}");
        }
    }
}
