//! Locks on bytes of a file or a device node, held by the open file
//! description (`F_OFD_SETLK`, Linux 3.15).
//!
//! Unlike `flock` they have a range, so that one node has a lock for each chip.
//! Unlike the older locks of `fcntl` they exclude threads from each other, and
//! closing another descriptor of the same node, which any library may do, does
//! not end them. A lock for writing needs a descriptor open for writing; the
//! bus is opened so for transfers too, hence who may use it may lock it.
//! Source: `fcntl_locking(2)`, "Open file description locks (non-POSIX)".

use std::num::NonZero;
use std::os::fd::BorrowedFd;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, c_int, c_short, off_t};
use rustix::io::Errno;

/// Lock `byte` for nobody else unless another has it. Whether we have it now.
pub(super) fn try_lock(file: BorrowedFd<'_>, byte: u64) -> Result<bool, Errno> {
    try_range(file, &range(libc::F_WRLCK, byte, 1)?)
}

/// Lock `byte` for all who do the same.
pub(super) fn try_share(file: BorrowedFd<'_>, byte: u64) -> Result<bool, Errno> {
    try_range(file, &range(libc::F_RDLCK, byte, 1)?)
}

fn try_range(file: BorrowedFd<'_>, range: &libc::flock) -> Result<bool, Errno> {
    match set(file, range) {
        Ok(()) => Ok(true),
        // Linux never says EACCES of a lock that another has: that is a security
        // module which does not allow this one.
        Err(Errno::AGAIN) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Give `byte` back.
pub(super) fn unlock(file: BorrowedFd<'_>, byte: u64) -> Result<(), Errno> {
    set(file, &range(libc::F_UNLCK, byte, 1)?)
}

/// Give all bytes back.
pub(super) fn unlock_all(file: BorrowedFd<'_>) -> Result<(), Errno> {
    set(file, &range(libc::F_UNLCK, 0, 0)?)
}

/// The process that keeps us from `byte`, where it has an older lock of
/// `fcntl`. Those of descriptions have none, as the kernel sees it: it says -1.
/// A 0 is left where nobody has the byte, and told of a process that cannot be
/// seen from our namespace.
pub(super) fn process(file: BorrowedFd<'_>, byte: u64) -> Option<u32> {
    let mut lock = range(libc::F_WRLCK, byte, 1).ok()?;
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock)).ok()?;
    let process = NonZero::new(u32::try_from(lock.l_pid).ok()?)?;
    Some(process.get())
}

fn set(file: BorrowedFd<'_>, lock: &libc::flock) -> Result<(), Errno> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(lock)) {
        Ok(_) => Ok(()),
        Err(errno) => Err(Errno::from_raw_os_error(errno as i32)),
    }
}

/// `length` bytes from `start` on; to the end of the file when it is 0.
fn range(kind: c_int, start: u64, length: off_t) -> Result<libc::flock, Errno> {
    let short = |value| c_short::try_from(value).or(Err(Errno::INVAL));
    Ok(libc::flock {
        l_type: short(kind)?,
        l_whence: short(libc::SEEK_SET)?,
        l_start: off_t::try_from(start).or(Err(Errno::OVERFLOW))?,
        l_len: length,
        // Has to be.
        l_pid: 0,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd as _;

    use super::*;

    const BYTE: u64 = 0x60;

    fn open(file: &tempfile::NamedTempFile) -> File {
        let mut options = File::options();
        options.read(true).write(true).open(file.path()).unwrap()
    }

    /// The older lock of `fcntl` keeps descriptions out, those of its own
    /// process included.
    #[test]
    fn the_process_that_has_an_older_lock() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = open(&file);
        assert_eq!(process(other.as_fd(), BYTE), None);
        let older = range(libc::F_WRLCK, BYTE, 1).unwrap();
        fcntl(file.as_file(), FcntlArg::F_SETLK(&older)).unwrap();
        assert_eq!(process(other.as_fd(), BYTE), Some(std::process::id()));
        assert_eq!(process(other.as_fd(), BYTE + 1), None);
    }

    #[test]
    fn the_lock_of_a_description_names_no_process() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = open(&file);
        assert_eq!(try_lock(file.as_file().as_fd(), BYTE), Ok(true));
        assert_eq!(try_lock(other.as_fd(), BYTE), Ok(false));
        assert_eq!(process(other.as_fd(), BYTE), None);
    }
}
