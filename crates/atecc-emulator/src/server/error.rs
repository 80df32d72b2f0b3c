//! Why an emulator could not be served.

use std::io;
use std::path::PathBuf;

/// An emulator could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another server is there.
    #[error("{}: an emulator is being served there already", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something else than a socket has the name.
    #[error("{}: is there already, and is no socket", path.display())]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// Something else than a plain file has the lock file's name: links are not
    /// followed, since others may leave one in a shared directory.
    #[error("{}: is there already, and is no plain file: remove it", path.display())]
    NotAFile {
        /// The lock file.
        path: PathBuf,
    },
    /// The socket or its lock file cannot be made.
    #[error("{}: cannot be served there: {error}", path.display())]
    Socket {
        /// The socket or the lock file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// New clients can no longer be accepted.
    #[error("{}: cannot accept clients: {error}", path.display())]
    Accept {
        /// The socket.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}
