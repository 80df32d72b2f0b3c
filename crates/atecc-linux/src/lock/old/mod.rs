//! The lock of earlier releases: `flock` on a file in a shared directory.
//!
//! It is taken after the node's own, for one release more, so that a process of
//! an earlier one is kept out and keeps us out. It decides nothing else: where
//! there is no such file and none can be made, where something else has its
//! name, and where a stranger holds it, the node's lock is enough. Who is a
//! stranger is told in [`stranger`].

mod file;
mod stranger;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use atecc::BusAddress;
use rustix::fs::{FlockOperation, Stat, flock, fstat};

use super::descriptor::{Descriptor, Kind};
use super::wait::Wait;
use super::{LockError, RETRY, RETRY_TURN};
pub(super) use file::is_name;
use stranger::Holder;

/// For a holder of whom nothing is known. Longer than any session.
const UNKNOWN: Duration = Duration::from_secs(5);

/// The files of one chip.
#[derive(Clone, Debug)]
pub(super) struct OldLock {
    name: OsString,
    turn: OsString,
    directories: Vec<PathBuf>,
}

/// What came of waiting for one of the files.
enum Outcome {
    Locked(Descriptor),
    /// Nobody of ours is there.
    Passed,
    /// A process of an earlier release has it.
    Busy(LockError),
}

impl OldLock {
    pub(super) fn new(device: &Path, address: BusAddress) -> Self {
        let [name, turn] = file::names(device, address);
        Self {
            name,
            turn,
            directories: file::directories(),
        }
    }

    pub(super) fn in_directory(self, directory: PathBuf) -> Self {
        Self {
            directories: vec![directory],
            ..self
        }
    }

    /// Lock the file, when it is of any use, for a session on `node`.
    ///
    /// # Errors
    /// [`LockError::Busy`]: a process of an earlier release has it.
    pub(super) fn take(&self, node: &Stat, wait: Wait) -> Result<Option<Descriptor>, LockError> {
        let (_turn, wait) = match self.wait(&self.turn, node, wait, RETRY_TURN) {
            Outcome::Locked(turn) => (Some(turn), wait),
            Outcome::Passed => (None, wait),
            // Not who waits is of interest, but who has the chip.
            Outcome::Busy(_) => (None, wait.over()),
        };
        self.lock(node, wait)
    }

    /// As [`Self::take`], whoever waits for it.
    pub(super) fn try_take(
        &self,
        node: &Stat,
        wait: Wait,
    ) -> Result<Option<Descriptor>, LockError> {
        self.lock(node, wait.over())
    }

    fn lock(&self, node: &Stat, wait: Wait) -> Result<Option<Descriptor>, LockError> {
        match self.wait(&self.name, node, wait, RETRY) {
            Outcome::Locked(file) => Ok(Some(file)),
            Outcome::Passed => Ok(None),
            Outcome::Busy(error) => Err(error),
        }
    }

    fn wait(&self, name: &OsString, node: &Stat, wait: Wait, retry: Duration) -> Outcome {
        let unknown = wait.at_most(UNKNOWN);
        loop {
            let Some((file, path)) = file::open(&self.directories, name) else {
                return Outcome::Passed;
            };
            let Ok(stat) = fstat(&file) else {
                return Outcome::Passed;
            };
            let file = Descriptor::new(file, Kind::File);
            let locked = file.ask(|file| flock(file, FlockOperation::NonBlockingLockExclusive));
            if locked.is_ok() {
                if file::is_at(&stat, &path) {
                    return Outcome::Locked(file);
                }
                // Deleted meanwhile: once more, on the new one.
                if wait.sleep(retry) {
                    continue;
                }
                return Outcome::Passed;
            }
            let (holder, over) = match Holder::of(&stat, node) {
                Holder::Ours(process) => (Some(process), !wait.sleep(retry)),
                Holder::Stranger => return Outcome::Passed,
                Holder::Unknown if unknown.sleep(retry) => continue,
                // For longer than a session lasts.
                Holder::Unknown if unknown.elapsed() >= UNKNOWN => return Outcome::Passed,
                Holder::Unknown => (None, true),
            };
            if over {
                return Outcome::Busy(LockError::Busy {
                    file: path,
                    holder,
                    waited: wait.elapsed(),
                });
            }
        }
    }
}
