//! Whether the holder of an old lock file is a process of ours.
//!
//! The file is in a directory where anybody may hold it, so that a user without
//! any right to the bus could keep root from it. A process of an earlier
//! release that is in a session has the bus open. Hence, of the process that
//! `/proc/locks` names:
//!
//! - Where its descriptors may be looked at (by root, and by the same user), it
//!   is ours if one of them is the bus and another one has the lock. The second
//!   because the number may have been given to another process.
//! - Where they may not, it is ours if its user and groups may open the bus for
//!   reading and writing. Rights by access control lists are not seen.
//! - A process that is gone has no session; a child has what is left of it.
//! - Of one that cannot be seen at all, as in another container, nothing is
//!   known.
//!
//! Source: proc(5), `proc_pid_fd(5)`, `proc_pid_status(5)`.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::lock::holder;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Holder {
    Ours(u32),
    Stranger,
    Unknown,
}

impl Holder {
    /// Who has `file` locked, seen from a session on `node`.
    pub(super) fn of(file: &Stat, node: &Stat) -> Self {
        let Some(process) = holder::of_file(file) else {
            return Self::Unknown;
        };
        Self::of_process(Path::new("/proc"), process, file, node)
    }

    /// As [`Self::of`], of a process of which `procfs` tells.
    fn of_process(procfs: &Path, process: u32, file: &Stat, node: &Stat) -> Self {
        let directory = procfs.join(process.to_string());
        let ours = match has_open(&directory, node) {
            Ok(open) => open && holder::has_file(process, file),
            Err(ErrorKind::PermissionDenied) => match may_open(&directory, node) {
                Some(may) => may,
                None => return Self::Unknown,
            },
            Err(_) if is_gone(process) => false,
            Err(_) => return Self::Unknown,
        };
        if ours {
            Self::Ours(process)
        } else {
            Self::Stranger
        }
    }
}

/// Whether a process has `node` open, by whatever name: a container may have
/// another node for the same bus.
fn has_open(process: &Path, node: &Stat) -> Result<bool, ErrorKind> {
    let descriptors = std::fs::read_dir(process.join("fd")).map_err(|error| error.kind())?;
    let is_device = FileType::from_raw_mode(node.st_mode) == FileType::CharacterDevice;
    Ok(descriptors
        .flatten()
        .filter_map(|descriptor| std::fs::metadata(descriptor.path()).ok())
        .any(|open| {
            if is_device {
                open.file_type().is_char_device() && open.rdev() == node.st_rdev
            } else {
                (open.dev(), open.ino()) == (node.st_dev, node.st_ino)
            }
        }))
}

/// Whether the user and groups of a process may read and write `node`.
fn may_open(process: &Path, node: &Stat) -> Option<bool> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    may_read_and_write(&status, node.st_uid, node.st_gid, node.st_mode)
}

/// The last number of `Uid:` and `Gid:` is the one that the kernel asks when a
/// file is opened.
fn may_read_and_write(status: &str, user: u32, group: u32, mode: u32) -> Option<bool> {
    let numbers = |name: &str| -> Option<Vec<u32>> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().map(|it| it.parse().ok()).collect()
    };
    let its_user = *numbers("Uid:")?.last()?;
    let mut its_groups = numbers("Groups:")?;
    its_groups.push(*numbers("Gid:")?.last()?);
    let bits = if its_user == 0 {
        return Some(true);
    } else if its_user == user {
        mode >> 6
    } else if its_groups.contains(&group) {
        mode >> 3
    } else {
        mode
    };
    Some(bits & 0o6 == 0o6)
}

/// Where `/proc` hides the processes of others (`hidepid`), they are there all
/// the same.
fn is_gone(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_none_or(|process| test_kill_process(process) == Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use rustix::fs::stat;

    use super::*;

    /// Beyond the numbers that the kernel gives, 2^22 at most: `PID_MAX_LIMIT`.
    const GONE: u32 = 1 << 23;

    /// Where `/proc` hides the processes of others, nothing is known of one
    /// that lives.
    #[test]
    fn hidden_is_not_gone() {
        let procfs = tempfile::tempdir().unwrap();
        let file = stat(procfs.path()).unwrap();
        let holder = |process| Holder::of_process(procfs.path(), process, &file, &file);
        assert_eq!(holder(std::process::id()), Holder::Unknown);
        assert_eq!(holder(GONE), Holder::Stranger);
    }

    #[test]
    fn rights_of_a_process_to_a_node() {
        let process = tempfile::tempdir().unwrap();
        let mut node = stat(process.path()).unwrap();
        (node.st_uid, node.st_gid, node.st_mode) = (5, 7, 0o20_660);
        assert_eq!(may_open(process.path(), &node), None);
        for (user, may) in [(5, true), (6, false)] {
            let status = format!("Uid:\t1\t1\t1\t{user}\nGid:\t9\t9\t9\t9\nGroups:\t8 \n");
            std::fs::write(process.path().join("status"), status).unwrap();
            assert_eq!(may_open(process.path(), &node), Some(may), "{user}");
        }
    }

    #[test]
    fn rights_by_user_and_groups() {
        let status = |user: u32, groups: &str| {
            format!("Name:\tx\nUid:\t0\t0\t0\t{user}\nGid:\t9\t9\t9\t9\nGroups:\t{groups} \n")
        };
        for (user, groups, mode, may) in [
            (0, "", 0o600, true),
            (5, "", 0o600, true),
            (5, "7", 0o460, false),
            (6, "1 7 8", 0o660, true),
            (6, "1 7 8", 0o640, false),
            (6, "1 8", 0o660, false),
            (6, "1 8", 0o666, true),
        ] {
            let status = status(user, groups);
            let found = may_read_and_write(&status, 5, 7, 0o20_000 | mode);
            assert_eq!(found, Some(may), "{status} {mode:o}");
        }
        assert_eq!(may_read_and_write("Uid:\t1\n", 5, 7, 0o660), None);
    }
}
