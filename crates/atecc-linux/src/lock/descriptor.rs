//! Descriptors that carry locks, and what a child of `fork` does with them.
//!
//! A lock belongs to an open file description, which everybody shares who has
//! a copy of its descriptor. A child that was forked while a thread held a chip
//! has such a copy. While the parent lives that is no harm: it gives the lock
//! back by name and not by closing. But when the parent ends within its
//! session, the lock stays with the child, who then waits for itself, and so
//! does everybody else.
//!
//! So all of them are in one list with the process that opened them, and the
//! first call in a child closes those of others. The list is not behind one
//! lock, since a thread that the child does not have may have had it: each
//! place has its own, is never waited for by others than its owner, and is
//! passed over where it is taken. Left open in a child is only what a thread of
//! its parent was just asking the kernel about, for the microsecond that this
//! takes.
//!
//! A child may also have closed everything by number and opened other files
//! since, as daemons do. What is not the file that was opened here is left
//! alone.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use rustix::fs::{FlockOperation, OFlags, fcntl_getfl, flock, fstat};
use rustix::io::Errno;

use super::bytes;

/// More than a process has sessions and threads that wait for one. Beyond it
/// everything works but the closing in a child.
const PLACES: usize = 256;

static LIST: [Mutex<Option<Entry>>; PLACES] = [const { Mutex::new(None) }; PLACES];

/// Whose list it is.
static PROCESS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
struct Entry {
    process: u32,
    file: OwnedFd,
    /// Device and inode.
    identity: Option<(u64, u64)>,
}

/// What kind of lock a descriptor is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Bytes of the description.
    Bytes,
    /// `flock`, of the whole file.
    File,
}

/// A descriptor in the list, unlocked and closed when this is dropped by the
/// process that made it.
#[derive(Debug)]
pub(super) struct Descriptor {
    process: u32,
    kind: Kind,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Listed(&'static Mutex<Option<Entry>>),
    /// The list was full.
    Own(OwnedFd),
}

impl Descriptor {
    /// `file` has to be opened with `O_NONBLOCK`, which no other descriptor of
    /// a bus is: the mark of ours.
    pub(super) fn new(file: OwnedFd, kind: Kind) -> Self {
        let process = std::process::id();
        let free = LIST
            .iter()
            .find_map(|place| Some((place, place.try_lock().ok().filter(|it| it.is_none())?)));
        let place = match free {
            Some((place, mut entry)) => {
                *entry = Some(Entry {
                    process,
                    identity: identity(file.as_fd()),
                    file,
                });
                Place::Listed(place)
            }
            None => Place::Own(file),
        };
        Self {
            process,
            kind,
            place,
        }
    }

    /// Whether this came by `fork`: it is the parent's.
    pub(super) fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }

    /// What `ask` says of the file.
    pub(super) fn ask<T>(
        &self,
        ask: impl FnOnce(BorrowedFd<'_>) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        if self.is_inherited() {
            return Err(Errno::BADF);
        }
        match &self.place {
            Place::Own(file) => ask(file.as_fd()),
            Place::Listed(place) => {
                let entry = place.lock().unwrap_or_else(PoisonError::into_inner);
                entry
                    .as_ref()
                    .map_or(Err(Errno::BADF), |it| ask(it.file.as_fd()))
            }
        }
    }
}

impl Drop for Descriptor {
    /// A process that was forked meanwhile has a copy, and closing ours would
    /// leave the lock with it; so it is unlocked. For the same reason a child
    /// only closes: unlocking would end its parent's session.
    fn drop(&mut self) {
        if self.is_inherited() {
            return close_inherited();
        }
        // Without it the lock goes when the last copy is closed.
        let _ = self.ask(|file| match self.kind {
            Kind::Bytes => bytes::unlock_all(file),
            Kind::File => flock(file, FlockOperation::Unlock),
        });
        if let Place::Listed(place) = self.place {
            drop(place.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

impl Entry {
    fn close(self) {
        let ours = identity(self.file.as_fd()) == self.identity
            && fcntl_getfl(&self.file).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK));
        if !ours {
            let _another_file = self.file.into_raw_fd();
        }
    }
}

/// Close what the parent had, once in each process.
pub(super) fn close_inherited() {
    let process = std::process::id();
    if PROCESS.swap(process, Ordering::AcqRel) == process {
        return;
    }
    for place in &LIST {
        let mut entry = match place.try_lock() {
            Ok(entry) => entry,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // A thread of ours is at its own, or one of the parent was.
            Err(TryLockError::WouldBlock) => continue,
        };
        if let Some(inherited) = entry.take_if(|entry| entry.process != process) {
            inherited.close();
        }
    }
}

fn identity(file: BorrowedFd<'_>) -> Option<(u64, u64)> {
    let stat = fstat(file).ok()?;
    Some((stat.st_dev, stat.st_ino))
}
