//! Descriptors that carry locks, and what a child of `fork` does with them.
//!
//! A lock belongs to an open file description, which everybody shares who has
//! a copy of its descriptor. A child that was forked while a thread held a chip
//! has such a copy. While the parent lives that is no harm: it gives the lock
//! back by name and not by closing. But when the parent ends within its
//! session, the lock stays with the child, who then waits for itself, and so
//! does everybody else.
//!
//! So a child closes what it got of its parent: at its first call, and whenever
//! it finds a chip taken. It cannot go by what it has in memory, since the
//! parent's thread may have been anywhere, as between opening a node and noting
//! the number. It goes by what the kernel says of its descriptors, in
//! `/proc/self/fdinfo`. There an `flock` has the number of the process that took
//! it, and a lock on a byte is made to have it: with the chip's byte goes a lock
//! for reading, which excludes nobody, on the byte that the process's number
//! gives ([`mark`]). Source: `proc_pid_fdinfo(5)`.
//!
//! Nobody else closes them: the thread that would have does not exist in the
//! child, and what it has of the parent's guards lets go of them.

use std::fs::{metadata, read_dir, read_link, read_to_string};
use std::os::fd::{AsFd as _, BorrowedFd, IntoRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{bytes, holder, old, place};

/// The process whose first call was made.
static PROCESS: AtomicU64 = AtomicU64::new(0);
/// The process of which a thread is closing, 0 for none. One that was forked
/// meanwhile finds its parent.
static CLOSING: AtomicU64 = AtomicU64::new(0);

/// The first byte that is nobody's chip. The kernel has numbers of processes up
/// to 2^22.
const MARKS: u64 = 256;
/// And the first one beyond them.
pub(super) const BEYOND_MARKS: u64 = 1 << 23;

/// What kind of lock a descriptor is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Bytes of the description.
    Bytes,
    /// `flock`, of the whole file.
    File,
}

/// A descriptor, unlocked and closed when this is dropped by the process that
/// made it.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) process: u64,
    kind: Kind,
    file: Option<OwnedFd>,
}

impl Descriptor {
    pub(super) fn new(file: OwnedFd, kind: Kind) -> Self {
        Self {
            process: this_process(),
            kind,
            file: Some(file),
        }
    }

    /// Whether this came by `fork`: it is the parent's.
    pub(super) fn is_inherited(&self) -> bool {
        is_another(self.process, this_process())
    }

    /// What `ask` says of the file. Whoever keeps a descriptor from one call to
    /// another sees first that it is not the parent's.
    pub(super) fn ask<T>(
        &self,
        ask: impl FnOnce(BorrowedFd<'_>) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        match &self.file {
            Some(file) => ask(file.as_fd()),
            None => Err(Errno::BADF),
        }
    }
}

impl Drop for Descriptor {
    /// A process that was forked meanwhile has a copy, and closing ours would
    /// leave the lock with it; so it is unlocked. For the same reason a child
    /// only closes: unlocking would end its parent's session.
    fn drop(&mut self) {
        if self.is_inherited() {
            // It may be another file's number by now.
            let _number = self.file.take().map(OwnedFd::into_raw_fd);
            close_inherited();
            return;
        }
        // Without it the lock goes when the last copy is closed.
        let _ = self.ask(|file| match self.kind {
            Kind::Bytes => bytes::unlock_all(file),
            Kind::File => flock(file, FlockOperation::Unlock),
        });
    }
}

/// What no process has in common with the one that forked it: its number, and the
/// namespace that it is of, 0 where there is no `/proc`. A process 1 that forks into a
/// new namespace has a child that is process 1 as well. Marks do not tell the two
/// apart: a child of the same number, at whatever depth of namespaces, takes a copy
/// of its parent's lock for its own and leaves it be, which holds the chip's users
/// up only where the parent ends within its session before the child does.
fn this_process() -> u64 {
    let namespace = rustix::fs::stat("/proc/self/ns/pid").map_or(0, |it| it.st_ino);
    namespace << 32 | u64::from(std::process::id())
}

/// Whether these are two processes. One that has moved where there is no `/proc` is
/// the same as before: what it holds is its own, and is unlocked. Of a process 1 that is
/// not believed: a child that is the first of its namespace has its number too, and
/// would unlock its parent's. So a process 1 that loses or gets sight of `/proc` within a
/// session keeps its lock until it ends.
fn is_another(one: u64, other: u64) -> bool {
    let [namespace, of_other] = [one, other].map(|process| process >> 32);
    let are_known = namespace != 0 && of_other != 0;
    let is_other_number = (one ^ other) & u64::from(u32::MAX) != 0;
    let is_first = one & u64::from(u32::MAX) == 1;
    is_other_number || (are_known || is_first) && namespace != of_other
}

/// The byte that says which process has a description locked.
pub(super) fn mark() -> u64 {
    MARKS + u64::from(std::process::id())
}

/// Close what the parent had, at the first call in each process.
pub(super) fn close_inherited_once() {
    let process = this_process();
    if is_another(PROCESS.swap(process, Ordering::AcqRel), process) {
        close_inherited();
    }
}

/// Close what the parent had. Whether there was anything.
pub(super) fn close_inherited() -> bool {
    let this = this_process();
    let own = [Some(Locker::Marked(std::process::id())), Locker::as_shown()];
    if CLOSING.swap(this, Ordering::AcqRel) == this {
        // Another thread is at it, and twice would be another's file.
        return false;
    }
    let directory = Path::new("/proc/self/fd");
    let numbers: Vec<RawFd> = read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let mut closed = false;
    for number in numbers {
        let name = number.to_string();
        let info = read_to_string(Path::new("/proc/self/fdinfo").join(&name));
        let is_inherited = info.is_ok_and(|info| {
            let link = directory.join(&name);
            let by = locked_by(&info, || Target::of(&link));
            by.is_some() && !own.contains(&by)
        });
        if is_inherited {
            closed |= nix::unistd::close(number).is_ok();
        }
    }
    CLOSING.store(0, Ordering::Release);
    closed
}

/// What a descriptor leads to. A program may have files of its own with locks
/// that look like ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Target {
    /// A node, or a lock file of a served bus.
    Bytes,
    /// A lock file of earlier releases.
    File,
    Other,
}

impl Target {
    /// `link` is in `/proc/self/fd`.
    fn of(link: &Path) -> Self {
        let path = read_link(link).unwrap_or_default();
        let is_node = || metadata(link).is_ok_and(|it| it.file_type().is_char_device());
        if old::is_name(&path) {
            Self::File
        } else if place::is_name(&path) || is_node() {
            Self::Bytes
        } else {
            Self::Other
        }
    }
}

/// The process that locked a description.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Locker {
    /// By its own mark, in the numbers of its namespace.
    Marked(u32),
    /// As the kernel says, in those of the namespace whose `/proc` is mounted.
    Shown(u32),
}

impl Locker {
    /// This process.
    fn as_shown() -> Option<Self> {
        let link = read_link("/proc/self").ok()?;
        link.to_str()?.parse().ok().map(Self::Shown)
    }
}

/// The process that locked a description as it is done here, from what the
/// kernel tells of its descriptor.
fn locked_by(info: &str, target: impl Fn() -> Target) -> Option<Locker> {
    holder::locks(info).find_map(|lock| match lock.kind {
        "OFDLCK" if lock.access == "READ" && lock.first == lock.last => {
            let marks = MARKS..BEYOND_MARKS;
            let number = marks.contains(&lock.first).then(|| lock.first - MARKS)?;
            let number = u32::try_from(number).ok()?;
            (target() == Target::Bytes).then_some(Locker::Marked(number))
        }
        "FLOCK" if target() == Target::File => lock.process.parse().ok().map(Locker::Shown),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{Mode, OFlags};

    use super::*;

    /// Of one file, the second as another process has it.
    fn two_descriptions() -> (OwnedFd, OwnedFd) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let other = rustix::fs::open(file.path(), flags, Mode::empty()).unwrap();
        (file.into_file().into(), other)
    }

    fn lock(kind: Kind, file: BorrowedFd<'_>) -> Result<bool, Errno> {
        match kind {
            Kind::Bytes => bytes::try_lock(file, 0x60),
            Kind::File => {
                Ok(flock(file, FlockOperation::NonBlockingLockExclusive) != Err(Errno::AGAIN))
            }
        }
    }

    #[test]
    fn a_process_is_told_by_number_and_namespace_where_both_are_known() {
        let process = |namespace: u64, number: u64| namespace << 32 | number;
        let this = process(7, 5);
        for (other, is_it) in [
            (process(7, 5), false),
            (process(7, 6), true),
            (process(8, 5), true),
            (process(0, 5), false),
            (process(0, 6), true),
        ] {
            assert_eq!(is_another(this, other), is_it, "{other:x}");
            assert_eq!(is_another(other, this), is_it, "{other:x}");
        }
        for (other, is_it) in [(process(7, 1), false), (process(0, 1), true)] {
            assert_eq!(is_another(process(7, 1), other), is_it, "{other:x}");
            assert_eq!(is_another(other, process(7, 1)), is_it, "{other:x}");
        }
    }

    /// A child that was forked meanwhile has a copy; its parent's lock ends all
    /// the same.
    #[test]
    fn a_lock_ends_where_copies_are_left() {
        for kind in [Kind::Bytes, Kind::File] {
            let (file, other) = two_descriptions();
            let _copy = file.try_clone().unwrap();
            let descriptor = Descriptor::new(file, kind);
            assert_eq!(descriptor.ask(|file| lock(kind, file)), Ok(true));
            assert_eq!(lock(kind, other.as_fd()), Ok(false), "{kind:?}");
            drop(descriptor);
            assert_eq!(lock(kind, other.as_fd()), Ok(true), "{kind:?}");
        }
    }

    /// What came by `fork` is the parent's, and is not unlocked.
    #[test]
    fn a_child_does_not_end_the_parents_lock() {
        for kind in [Kind::Bytes, Kind::File] {
            let (file, other) = two_descriptions();
            let mut descriptor = Descriptor::new(file, kind);
            assert_eq!(descriptor.ask(|file| lock(kind, file)), Ok(true));
            descriptor.process += 1;
            assert!(descriptor.is_inherited());
            drop(descriptor);
            assert_eq!(lock(kind, other.as_fd()), Ok(false), "{kind:?}");
        }
    }

    /// By the table of `docs/bus-lock.md`.
    #[test]
    fn the_mark_is_256_and_the_process() {
        let (file, _) = two_descriptions();
        assert_eq!(bytes::try_share(file.as_fd(), mark()), Ok(true));
        let number = file.as_raw_fd();
        let info = read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
        let locks: Vec<_> = holder::locks(&info)
            .map(|lock| (lock.kind, lock.access, lock.first, lock.last))
            .collect();
        let byte = 256 + u64::from(std::process::id());
        assert_eq!(locks, [("OFDLCK", "READ", byte, byte)]);
    }

    #[test]
    fn who_locked_what() {
        let own = "pos:\t0\nflags:\t02104002\n\
            lock:\t1: OFDLCK ADVISORY  READ -1 00:05:87 4577 4577\n\
            lock:\t2: OFDLCK ADVISORY  WRITE -1 00:05:87 96 96\n";
        let marked = Some(Locker::Marked(4321));
        assert_eq!(locked_by(own, || Target::Bytes), marked);
        let old = "lock:\t1: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF\n";
        let shown = Some(Locker::Shown(4321));
        assert_eq!(locked_by(old, || Target::File), shown);
        for others in [
            "lock:\t1: OFDLCK ADVISORY  READ -1 00:05:87 0 EOF\n",
            "lock:\t1: OFDLCK ADVISORY  WRITE -1 00:05:87 4577 4577\n",
            "lock:\t1: OFDLCK ADVISORY  READ -1 00:05:87 96 96\n",
            "lock:\t1: POSIX  ADVISORY  READ 4321 00:05:87 4577 4577\n",
            "pos:\t0\n",
        ] {
            assert_eq!(locked_by(others, || Target::Bytes), None, "{others}");
        }
        assert_eq!(locked_by(old, || Target::Bytes), None);
        assert_eq!(locked_by(own, || Target::File), None);
        assert_eq!(locked_by(own, || Target::Other), None);
    }
}
