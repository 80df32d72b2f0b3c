//! The lock between processes: a byte of the bus's own node, held by an open
//! file description.
//!
//! - Who may use the bus may lock it, and nobody else: no directory that all
//!   may write to is involved, and users that differ meet at the one node.
//! - Every opening of the node is its own holder, so two devices within one
//!   process exclude each other as well.
//! - The kernel gives the lock back when its holder ends, however it ends. What
//!   `fork` does to that, and what is done about it, is told in [`descriptor`].
//! - Who waits takes his turn first, which is a lock of its own. Without it the
//!   process that gives a chip back and wants it again at once would have it
//!   again: the others try a few times in each of its sessions. With it there
//!   is one who waits for the chip, and the last holder is among those who wait
//!   for the turn.
//! - A node or file that was replaced meanwhile (an adapter that was plugged in
//!   again, a cleaner of temporary files) locks nobody out; so its name is
//!   looked up again once it is locked.
//!
//! Emulated buses have no node. Their lock is a file beside the server's socket;
//! see [`place`].

mod bytes;
mod descriptor;
mod error;
mod holder;
#[cfg(test)]
mod inherited;
mod old;
mod place;
mod wait;

use std::path::{Path, PathBuf};
use std::time::Duration;

use atecc::BusAddress;

use descriptor::Descriptor;
pub use error::{Access, LockError};
use old::OldLock;
use place::{File, Place, Try};
use wait::Wait;

/// Between two tries for the chip. The kernel itself waits for ever or not at
/// all.
const RETRY: Duration = Duration::from_millis(1);
/// Between two tries for the turn. Longer than the chip is free between two
/// sessions, so that who had the chip is not first.
const RETRY_TURN: Duration = Duration::from_millis(5);
/// Tries from one look at what a parent left to the next.
const LOOK: u32 = 50;
/// Added to an address: the byte of the turn.
const TURN: u8 = 128;

/// The lock of one chip.
#[derive(Clone, Debug)]
pub struct SessionLock {
    address: BusAddress,
    place: Place,
    old: Option<OldLock>,
    patience: Duration,
}

/// The lock, held until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the lock back"]
pub struct SessionGuard {
    #[expect(dead_code, reason = "held for its drop")]
    old: Option<Descriptor>,
    file: File,
}

impl SessionLock {
    /// How long [`Self::take`] waits: a session lasts seconds at most.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// The lock of the chip at `address` on the bus `device`, such as
    /// `/dev/i2c-1`: the byte of that number of the node, exclusively, by
    /// `F_OFD_SETLK`. Where the preload library of the emulator shows the node,
    /// it is the same lock as [`Self::served`].
    ///
    /// Until the next release the lock file of earlier ones, in `/run/lock`, is
    /// taken as well where that is possible.
    #[must_use]
    pub fn new(device: impl AsRef<Path>, address: BusAddress) -> Self {
        let device = device.as_ref();
        Self {
            address,
            place: Place::node(device),
            old: Some(OldLock::new(device, address)),
            patience: Self::PATIENCE,
        }
    }

    /// The lock of the chip at `address` on `bus` of the emulator that is served
    /// at `socket`: a byte of the file `SOCKET.chips.lock`.
    #[must_use]
    pub fn served(socket: impl AsRef<Path>, bus: u32, address: BusAddress) -> Self {
        Self {
            address,
            place: Place::socket(socket.as_ref(), bus),
            old: None,
            patience: Self::PATIENCE,
        }
    }

    /// Look for the lock file of earlier releases in `directory` and nowhere
    /// else.
    #[must_use]
    pub fn with_old_files_in(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            old: self.old.map(|old| old.in_directory(directory.into())),
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
    /// [`LockError::Busy`] when it was not free in time, the others when the
    /// bus, or the lock file of a served one, cannot be locked.
    pub fn take(&self) -> Result<SessionGuard, LockError> {
        let wait = Wait::begin(self.patience);
        let file = self.wait_for_turn_and_chip(wait)?;
        let old = match (&self.old, file.node()) {
            (Some(old), Some(node)) => old.take(node, wait)?,
            _ => None,
        };
        Ok(SessionGuard { old, file })
    }

    /// Take the lock if it is free, whoever waits for it.
    ///
    /// # Errors
    /// As [`Self::take`], without the wait.
    pub fn try_take(&self) -> Result<SessionGuard, LockError> {
        let wait = Wait::begin(Duration::ZERO);
        let file = self.lock(wait, |file| self.wait_for_chip(file, wait))?;
        let old = match (&self.old, file.node()) {
            (Some(old), Some(node)) => old.try_take(node, wait)?,
            _ => None,
        };
        Ok(SessionGuard { old, file })
    }

    fn wait_for_turn_and_chip(&self, wait: Wait) -> Result<File, LockError> {
        let turn = TURN | self.address.get();
        self.lock(wait, |file| {
            let tried = match wait_for(turn, file, wait, RETRY_TURN)? {
                Try::Locked => self.wait_for_chip(file, wait)?,
                // Not who waits is of interest, but who has the chip.
                Try::Taken => self.wait_for_chip(file, wait.over())?,
                Try::Replaced => Try::Replaced,
            };
            file.unlock(turn);
            Ok(tried)
        })
    }

    /// Open what is to be locked, and again while it is replaced.
    fn lock(
        &self,
        wait: Wait,
        lock: impl Fn(&File) -> Result<Try, LockError>,
    ) -> Result<File, LockError> {
        descriptor::close_inherited_once();
        loop {
            let file = self.place.open()?;
            match lock(&file)? {
                Try::Locked => return Ok(file),
                Try::Replaced if wait.sleep(RETRY) => {}
                Try::Taken | Try::Replaced => {
                    return Err(LockError::Busy {
                        holder: file.holder(self.address.get()),
                        file: file.path().to_owned(),
                        waited: wait.elapsed(),
                    });
                }
            }
        }
    }

    fn wait_for_chip(&self, file: &File, wait: Wait) -> Result<Try, LockError> {
        wait_for(self.address.get(), file, wait, RETRY)
    }
}

impl SessionGuard {
    /// What is locked: the bus, or a lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Whether this process got it by `fork`. Then it is the parent's lock and
    /// keeps nobody out on behalf of this one.
    #[must_use]
    pub fn is_inherited(&self) -> bool {
        self.file.is_inherited()
    }

    /// As a child has it.
    #[cfg(test)]
    pub(crate) const fn pretend_fork(&mut self) {
        // The kernel starts no program as process 0.
        self.file.descriptor.process = 0;
    }
}

fn wait_for(byte: u8, file: &File, wait: Wait, retry: Duration) -> Result<Try, LockError> {
    for tries in 0_u32.. {
        let look = tries.is_multiple_of(LOOK);
        match file.try_lock(byte)? {
            // It may be the lock of our parent, which has ended.
            Try::Taken if look.then(descriptor::close_inherited) == Some(true) => {}
            Try::Taken if wait.sleep(retry) => {}
            tried => return Ok(tried),
        }
    }
    Ok(Try::Taken)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::fd::AsFd as _;
    use std::time::Instant;

    use super::*;

    /// The lock of a node that is a plain file.
    fn place() -> (tempfile::TempDir, SessionLock) {
        let directory = tempfile::tempdir().unwrap();
        let node = directory.path().join("i2c-1");
        std::fs::write(&node, "").unwrap();
        let lock = SessionLock::new(&node, BusAddress::DEFAULT).with_old_files_in(directory.path());
        (directory, lock)
    }

    /// Without patience once is enough.
    #[test]
    fn a_replaced_node_is_looked_up_again_while_there_is_time() {
        let (_directory, lock) = place();
        for (patience, is_locked) in [(Duration::ZERO, false), (Duration::from_secs(60), true)] {
            let tries = Cell::new(0);
            let result = lock.lock(Wait::begin(patience), |_| {
                tries.set(tries.get() + 1);
                Ok(if tries.get() == 1 {
                    Try::Replaced
                } else {
                    Try::Locked
                })
            });
            assert_eq!(result.is_ok(), is_locked, "{result:?}");
        }
    }

    /// By the table of `docs/bus-lock.md`: the address and 128.
    #[test]
    fn who_waits_has_the_turn_of_the_chip() {
        let (directory, lock) = place();
        let mut options = std::fs::File::options();
        let node = directory.path().join("i2c-1");
        let node = options.read(true).write(true).open(node).unwrap();
        let is_turn_free = || {
            let is_free = bytes::try_lock(node.as_fd(), 0xE0).unwrap();
            bytes::unlock(node.as_fd(), 0xE0).unwrap();
            is_free
        };
        let guard = lock.take().unwrap();
        assert!(is_turn_free());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| lock.take().map(drop));
            let start = Instant::now();
            let mut is_free = true;
            while is_free && start.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(20));
                is_free = is_turn_free();
            }
            drop(guard);
            waiting.join().unwrap().unwrap();
            assert!(!is_free);
        });
        assert!(is_turn_free());
    }

    #[test]
    fn a_guard_that_came_by_fork_is_told() {
        let (_directory, lock) = place();
        let mut guard = lock.take().unwrap();
        assert!(!guard.is_inherited());
        guard.pretend_fork();
        assert!(guard.is_inherited());
    }
}
