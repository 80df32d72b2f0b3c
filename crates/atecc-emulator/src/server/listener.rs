//! The socket in the file system: made, guarded, and removed.
//!
//! A lock on `NAME.lock` tells a live server from a dead one, which the kernel
//! lets go of however a server ends. It stays, as those of image files do, and
//! is a plain file or refused. The
//! socket is its owner's alone: its mode is set before it listens, and until
//! then nobody can connect.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{SocketAddrUnix, bind, connect, listen};

use super::ServeError;
use crate::protocol::socket;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 128;

/// How the lock file is opened: as itself, and without waiting.
const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

/// A socket that listens, removed from the file system when dropped.
#[derive(Debug)]
pub(super) struct Listener {
    socket: OwnedFd,
    path: PathBuf,
    /// Device and inode of the socket.
    identity: (u64, u64),
    _lock: File,
}

impl Listener {
    /// Listen at `path`, in the place of a socket that a dead server left.
    pub(super) fn bind(path: &Path) -> Result<Self, ServeError> {
        let failed = |error: io::Error| ServeError::Socket {
            path: path.to_owned(),
            error,
        };
        let lock = lock(path)?;
        clear(path)?;
        let socket = socket::new().map_err(|error| failed(error.into()))?;
        SocketAddrUnix::new(path)
            .and_then(|address| bind(&socket, &address))
            .map_err(|error| failed(error.into()))?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        let identity = identity(path).map_err(failed)?;
        listen(&socket, BACKLOG).map_err(|error| failed(error.into()))?;
        Ok(Self {
            socket,
            path: path.to_owned(),
            identity,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Remove the socket, if it is still there: the user may have put
    /// something else in its place.
    pub(super) fn remove(&self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.remove();
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn lock(path: &Path) -> Result<File, ServeError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |error| ServeError::Socket {
        path: PathBuf::from(&name),
        error,
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        // In a directory that others may write to, a link would have us make
        // a file where they choose, and a pipe would have us wait for them.
        .custom_flags(FLAGS.bits().cast_signed())
        .open(&name)
        .map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => ServeError::NotAFile {
                path: PathBuf::from(&name),
            },
            _ => failed(error),
        })?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(ServeError::NotAFile {
            path: PathBuf::from(&name),
        });
    }
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Remove a socket that nobody listens on.
fn clear(path: &Path) -> Result<(), ServeError> {
    let failed = |error: io::Error| ServeError::Socket {
        path: path.to_owned(),
        error,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if metadata.file_type().is_socket() => {}
        Ok(_) => {
            return Err(ServeError::NotASocket {
                path: path.to_owned(),
            });
        }
    }
    let probe = socket::new().map_err(|error| failed(error.into()))?;
    match SocketAddrUnix::new(path).and_then(|address| connect(&probe, &address)) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(failed),
        Err(Errno::NOENT) => Ok(()),
        // Another type of socket (EPROTOTYPE) is in use by another program.
        Ok(()) | Err(Errno::PROTOTYPE | Errno::AGAIN) => Err(ServeError::InUse {
            path: path.to_owned(),
        }),
        Err(error) => Err(failed(error.into())),
    }
}
