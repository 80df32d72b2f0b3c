//! Why a lock was not to be had.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A chip's lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process, or another device of this one, is in a session.
    #[error(
        "the chip is in use by {} (lock of {}, waited {} ms)",
        process(*holder), file.display(), waited.as_millis()
    )]
    Busy {
        /// What it has locked: the bus, or a lock file.
        file: PathBuf,
        /// The process that has it, where the kernel tells.
        holder: Option<u32>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The bus or the lock file cannot be opened for reading and writing, or
    /// cannot be locked.
    #[error("lock of {}: {error}", file.display())]
    Unusable {
        /// The bus or the lock file.
        file: PathBuf,
        /// The kernel's error.
        error: io::Error,
    },
    /// Something else than a plain file has the lock file's name: links are
    /// not followed, since anyone may leave one in a shared directory.
    #[error("lock file {}: is not a plain file; remove it", file.display())]
    NotAFile {
        /// The lock file.
        file: PathBuf,
    },
}

fn process(holder: Option<u32>) -> String {
    holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
}
