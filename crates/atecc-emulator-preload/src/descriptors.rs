//! Which descriptors are connections to the emulator.
//!
//! A table of inode numbers, one for each descriptor, without locks: it may
//! be used in any thread, between `fork` and `exec`, and while another
//! thread holds anything. A descriptor can be closed behind our back (the C
//! library does not call its own `close` by name), so an entry counts only
//! while the descriptor is a socket with that inode.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FileType, fstat};

/// As many descriptors as the table has, half a megabyte that is only touched
/// where it is used. Linux allows a process 1024 unless told otherwise.
const CAPACITY: usize = 65_536;

/// Zero for no connection. No socket has that inode.
static INODES: [AtomicU64; CAPACITY] = [const { AtomicU64::new(0) }; CAPACITY];

fn entry(fd: RawFd) -> Option<&'static AtomicU64> {
    INODES.get(usize::try_from(fd).ok()?)
}

fn socket_inode(fd: BorrowedFd<'_>) -> Option<u64> {
    let stat = fstat(fd).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == FileType::Socket).then_some(stat.st_ino)
}

/// Whether the table has anything for `fd`. Cheap, and true too often: see
/// [`is_connection`].
pub(crate) fn may_be_connection(fd: RawFd) -> bool {
    entry(fd).is_some_and(|inode| inode.load(Ordering::Acquire) != 0)
}

/// Whether `fd` is a connection.
pub(crate) fn is_connection(fd: BorrowedFd<'_>) -> bool {
    let Some(entry) = entry(fd.as_raw_fd()) else {
        return false;
    };
    let inode = entry.load(Ordering::Acquire);
    inode != 0 && socket_inode(fd) == Some(inode)
}

/// Remember that `fd` is a connection. `false` when the table is too short.
pub(crate) fn remember(fd: impl AsFd) -> bool {
    let fd = fd.as_fd();
    match (entry(fd.as_raw_fd()), socket_inode(fd)) {
        (Some(entry), Some(inode)) => {
            entry.store(inode, Ordering::Release);
            true
        }
        _ => false,
    }
}

/// `fd` is no connection.
pub(crate) fn forget(fd: RawFd) {
    if let Some(entry) = entry(fd) {
        entry.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_while_the_inode_is_the_same() {
        let (connection, other) = UnixStream::pair().unwrap();
        assert!(!is_connection(connection.as_fd()));
        assert!(remember(&connection));
        assert!(is_connection(connection.as_fd()));
        assert!(!may_be_connection(other.as_raw_fd()));

        // Another file takes the number, and nobody told us.
        let copy = connection.try_clone().unwrap();
        let number = copy.as_raw_fd();
        assert!(remember(&copy));
        drop(copy);
        let file = std::fs::File::open("/dev/null").unwrap();
        if file.as_raw_fd() == number {
            assert!(!is_connection(file.as_fd()));
        }
        forget(connection.as_raw_fd());
        assert!(!is_connection(connection.as_fd()));
    }

    #[test]
    fn numbers_outside_the_table() {
        assert!(!may_be_connection(-1));
        assert!(!may_be_connection(RawFd::MAX));
        forget(-1);
    }
}
