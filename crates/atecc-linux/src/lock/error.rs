//! Why a lock was not to be had.

use std::fmt;
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
    /// The lock file beside the socket of a served bus is not for this user. It
    /// got the socket's owner and mode when it was made, and the socket has
    /// others now.
    #[error(
        "lock file {}: permission denied: it is {found}, the socket {wanted}; as root or its \
         owner: chown {}:{} {0} && chmod {:03o} {0}",
        file.display(), wanted.user, wanted.group, wanted.mode & 0o666
    )]
    Denied {
        /// The lock file.
        file: PathBuf,
        /// Whose it is.
        found: Access,
        /// Whose the socket is.
        wanted: Access,
    },
    /// There is no lock file beside the socket of a served bus, and this user may
    /// not make one there.
    #[error(
        "lock file {}: permission denied to make it; as root: install -o {} -g {} -m {:03o} \
         /dev/null {0}",
        file.display(), wanted.user, wanted.group, wanted.mode & 0o666
    )]
    NotMade {
        /// The lock file.
        file: PathBuf,
        /// Whose the socket is.
        wanted: Access,
    },
    /// Something else than a plain file has the lock file's name: links are
    /// not followed, since anyone may leave one in a shared directory.
    #[error("lock file {}: is not a plain file; remove it", file.display())]
    NotAFile {
        /// The lock file.
        file: PathBuf,
    },
}

/// For whom a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Access {
    /// The number of the user that owns it.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
    /// The permission bits.
    pub mode: u32,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, group, mode } = self;
        write!(f, "of user {user}, group {group}, mode {mode:03o}")
    }
}

fn process(holder: Option<u32>) -> String {
    holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_busy_is_named_where_the_kernel_tells() {
        let busy = |holder| LockError::Busy {
            file: "/dev/i2c-1".into(),
            holder,
            waited: Duration::from_millis(1500),
        };
        let (told, untold) = (busy(Some(4321)).to_string(), busy(None).to_string());
        assert_eq!(
            told,
            "the chip is in use by process 4321 (lock of /dev/i2c-1, waited 1500 ms)"
        );
        assert!(untold.contains("in use by another process ("), "{untold}");
    }

    /// Nobody runs a lock file: of the socket's 755 the rights to read and write
    /// are left, 644.
    #[test]
    fn what_helps_has_the_sockets_owner_and_rights() {
        let wanted = Access {
            user: 5,
            group: 7,
            mode: 0o755,
        };
        let found = Access {
            user: 0,
            group: 0,
            mode: 0o60,
        };
        let file = || "/run/x.chips.lock".into();
        let denied = LockError::Denied {
            file: file(),
            found,
            wanted,
        };
        assert_eq!(
            denied.to_string(),
            "lock file /run/x.chips.lock: permission denied: it is of user 0, group 0, mode 060, \
             the socket of user 5, group 7, mode 755; as root or its owner: chown 5:7 \
             /run/x.chips.lock && chmod 644 /run/x.chips.lock"
        );
        let not_made = LockError::NotMade {
            file: file(),
            wanted,
        };
        let text = not_made.to_string();
        let command = "install -o 5 -g 7 -m 644 /dev/null /run/x.chips.lock";
        assert!(text.ends_with(command), "{text}");
    }
}
