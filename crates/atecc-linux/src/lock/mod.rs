//! The lock between processes: `flock` on a file named after device and
//! address.
//!
//! - Every opening of the file is its own holder, so two devices within one
//!   process exclude each other as well.
//! - The kernel gives the lock back when its holder ends, however it ends.
//! - Who waits takes his turn first, which is a lock of its own. Without it the
//!   process that gives a chip back and wants it again at once would have it
//!   again: the others try a few times in each of its sessions. With it there
//!   is one who waits for the chip, and the last holder is among those who wait
//!   for the turn.
//! - A file that was deleted meanwhile (by a cleaner of temporary files) locks
//!   nobody out; so the file is looked up again once it is locked.

mod error;
mod file;
mod holder;

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atecc::BusAddress;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

pub use error::LockError;

/// Between two tries for the chip. `flock` itself waits for ever or not at all.
const RETRY: Duration = Duration::from_millis(1);
/// Between two tries for the turn. Longer than the chip is free between two
/// sessions, so that who had the chip is not first.
const RETRY_TURN: Duration = Duration::from_millis(5);

/// The lock of one chip.
#[derive(Clone, Debug)]
pub struct SessionLock {
    address: BusAddress,
    name: OsString,
    turn: OsString,
    directories: Vec<PathBuf>,
    patience: Duration,
}

/// The lock, held until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the lock back"]
pub struct SessionGuard {
    file: OwnedFd,
    path: PathBuf,
}

impl SessionLock {
    /// How long [`Self::take`] waits: a session lasts seconds at most.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// The lock of the chip at `address` on the bus `device`, as every program
    /// of this project names it: `atecc-dev-i2c-1-0x60.lock` for `/dev/i2c-1`
    /// and 0x60, whatever link the device was named by.
    ///
    /// It is in `/run/lock`, or else `$XDG_RUNTIME_DIR`, or else the temporary
    /// directory: the first that has the file or lets it be made. Where
    /// `/run/lock` is for root alone, processes of root and of other users
    /// only meet if root's came first.
    #[must_use]
    pub fn new(device: impl AsRef<Path>, address: BusAddress) -> Self {
        let [name, turn] = file::names(device.as_ref(), address);
        Self {
            address,
            name,
            turn,
            directories: file::directories(),
            patience: Self::PATIENCE,
        }
    }

    /// The same lock in `directory` and nowhere else.
    #[must_use]
    pub fn in_directory(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            directories: vec![directory.into()],
            ..self
        }
    }

    /// Wait for `patience` instead of [`Self::PATIENCE`].
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The chip's address.
    #[must_use]
    pub const fn address(&self) -> BusAddress {
        self.address
    }

    /// Take the lock, waiting while another has it.
    ///
    /// # Errors
    /// [`LockError::Busy`] when it was not free in time, the others when there
    /// is no usable lock file.
    pub fn take(&self) -> Result<SessionGuard, LockError> {
        let start = Instant::now();
        match self.wait(&self.turn, start, self.patience, RETRY_TURN) {
            Ok(_turn) => self.wait(&self.name, start, self.patience, RETRY),
            // Not who waits is of interest, but who has the chip.
            Err(LockError::Busy { .. }) => self.wait(&self.name, start, Duration::ZERO, RETRY),
            Err(error) => Err(error),
        }
    }

    /// Take the lock if it is free, whoever waits for it.
    ///
    /// # Errors
    /// As [`Self::take`], without the wait.
    pub fn try_take(&self) -> Result<SessionGuard, LockError> {
        self.wait(&self.name, Instant::now(), Duration::ZERO, RETRY)
    }

    /// Lock the file `name`, for `patience` from `start` on.
    fn wait(
        &self,
        name: &OsStr,
        start: Instant,
        patience: Duration,
        retry: Duration,
    ) -> Result<SessionGuard, LockError> {
        loop {
            let (file, path) = file::open(&self.directories, name)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if file::is_at(&file, &path) => {
                    return Ok(SessionGuard { file, path });
                }
                Ok(()) | Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(errno) => {
                    return Err(LockError::Unusable {
                        file: path,
                        error: errno.into(),
                    });
                }
            }
            let waited = start.elapsed();
            if waited >= patience {
                return Err(LockError::Busy {
                    holder: holder::of(&file),
                    file: path,
                    waited,
                });
            }
            std::thread::sleep(retry.min(patience.saturating_sub(waited)));
        }
    }
}

impl SessionGuard {
    /// The file that is locked.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SessionGuard {
    /// A process that was forked meanwhile has a copy of the descriptor, and
    /// closing ours would leave the lock with it.
    fn drop(&mut self) {
        // Without it the lock goes when the last copy is closed.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let lock = SessionLock::new("/dev/i2c-1", BusAddress::DEFAULT);
        let lock = lock.in_directory(directory.path());
        let guard = lock.try_take().unwrap();
        let _as_in_a_child = guard.file.try_clone().unwrap();
        assert!(lock.try_take().is_err());
        drop(guard);
        assert!(lock.try_take().is_ok());
    }
}
