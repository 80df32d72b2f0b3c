//! Why a lock was not to be had.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A chip's lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process, or another device of this one, is in a session.
    #[error(
        "the chip is in use by {} (lock file {}, waited {} ms)",
        process(*holder), file.display(), waited.as_millis()
    )]
    Busy {
        /// The lock file.
        file: PathBuf,
        /// The process that has it, where `/proc/locks` tells.
        holder: Option<u32>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The lock file is there, but it cannot be opened or locked.
    #[error("lock file {}: {error}", file.display())]
    Unusable {
        /// The lock file.
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
    /// The lock file can be made in none of the directories.
    #[error("lock file {}: cannot be made in any lock directory: {error}", file.display())]
    NoDirectory {
        /// The last place tried.
        file: PathBuf,
        /// What the kernel said there.
        error: io::Error,
    },
}

fn process(holder: Option<u32>) -> String {
    holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
}
