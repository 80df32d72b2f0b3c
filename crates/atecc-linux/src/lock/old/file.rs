//! The old lock file: its name, its directory, and opening it among strangers.
//!
//! `/run/lock` and `/tmp` are open to all users, so a file there may be a trap
//! of another user. Existing files are therefore opened without `O_CREAT`
//! (which `fs.protected_regular` refuses for files of others), links are not
//! followed, devices and pipes are not waited for, and new files are made with
//! `O_EXCL`. Nothing is ever read or written; reading rights are all that
//! `flock` needs. So the file is made readable to all and writable to none,
//! whatever the umask, and users need no common group.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use atecc::BusAddress;
use rustix::fs::{FileType, Mode, OFlags, Stat, fchmod, fstat, lstat, open as open_file};
use rustix::io::Errno;

use crate::lock::place;

/// `atecc-dev-i2c-1-0x60.lock`, and the same with `.turn` for who is next.
/// Paths that differ only in `/` against `-` share a name: they wait for each
/// other needlessly, nothing worse.
pub(super) fn names(device: &Path, address: BusAddress) -> [OsString; 2] {
    let device = std::fs::canonicalize(device)
        .or_else(|_absent| std::path::absolute(device))
        .unwrap_or_else(|_empty| device.to_owned());
    let mut name = OsString::from("atecc");
    for part in device.components().skip(1) {
        name.push("-");
        name.push(part);
    }
    ["lock", "turn"].map(|ending| {
        let mut name = name.clone();
        name.push(format!("-{address}.{ending}"));
        name
    })
}

/// Whether `path` is so named.
pub(crate) fn is_name(path: &Path) -> bool {
    let name = path.file_name().map_or(&b""[..], OsStr::as_encoded_bytes);
    let rest = name.strip_prefix(b"atecc-").unwrap_or_default();
    rest.ends_with(b".lock") || rest.ends_with(b".turn")
}

/// Where to look, in this order.
pub(super) fn directories() -> Vec<PathBuf> {
    [
        Some("/run/lock".into()),
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
        Some(std::env::temp_dir()),
    ]
    .into_iter()
    .flatten()
    .filter(|directory| directory.is_absolute())
    .collect()
}

/// The file in the first directory that has it or lets it be made. `None`
/// where an earlier release would have given up: it is not ours to use.
pub(super) fn open(directories: &[PathBuf], name: &OsStr) -> Option<(OwnedFd, PathBuf)> {
    for directory in directories {
        let path = directory.join(name);
        match open_or_make(&path) {
            Ok(file) => return is_plain(&file).then_some((file, path)),
            // A file that is there but not for us must not send us elsewhere:
            // its other users would not meet us there.
            Err(errno) if !may_pass(errno) || lstat(&path).is_ok() => return None,
            Err(_) => {}
        }
    }
    None
}

/// Whether `path` still leads to `file`.
pub(super) fn is_at(file: &Stat, path: &Path) -> bool {
    lstat(path).is_ok_and(|found| place::same(&found, file))
}

fn open_or_make(path: &Path) -> Result<OwnedFd, Errno> {
    let existing =
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::NONBLOCK;
    let all = Mode::RUSR | Mode::RGRP | Mode::ROTH;
    loop {
        match open_file(path, existing, Mode::empty()) {
            Err(Errno::NOENT) => {}
            result => return result,
        }
        match open_file(path, existing | OFlags::CREATE | OFlags::EXCL, all) {
            // Another process was faster.
            Err(Errno::EXIST) => {}
            result => {
                let file = result?;
                fchmod(&file, all)?;
                return Ok(file);
            }
        }
    }
}

fn is_plain(file: &OwnedFd) -> bool {
    fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Whether `errno` says that the directory is absent or not ours to use.
const fn may_pass(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::PERM | Errno::ROFS
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    /// The order of `docs/bus-lock.md`.
    #[test]
    fn the_directory_of_the_system_comes_first() {
        let found = directories();
        assert_eq!(found.first().unwrap(), Path::new("/run/lock"));
        assert!(found.iter().all(|directory| directory.is_absolute()));
        let temporary = std::env::temp_dir();
        assert!(!temporary.is_absolute() || found.last() == Some(&temporary));
    }

    /// An error that says neither that the directory is absent nor that it is
    /// for others: here a link to itself, ELOOP.
    #[test]
    fn a_directory_that_is_broken_ends_the_search() {
        let directory = tempfile::tempdir().unwrap();
        let broken = directory.path().join("broken");
        symlink(&broken, &broken).unwrap();
        let directories = [broken, directory.path().to_owned()];
        assert!(open(&directories, OsStr::new("x.lock")).is_none());
        assert!(open(&directories[1..], OsStr::new("x.lock")).is_some());
    }

    /// Another program that is started does not get it, made or found.
    #[test]
    fn closed_when_another_program_is_started() {
        let directory = tempfile::tempdir().unwrap();
        for _ in ["made", "found"] {
            let directories = [directory.path().to_owned()];
            let (file, _) = open(&directories, OsStr::new("x.lock")).unwrap();
            assert!(fcntl_getfd(&file).unwrap().contains(FdFlags::CLOEXEC));
        }
    }

    #[test]
    fn a_file_that_was_replaced_is_not_there_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let directories = [directory.path().to_owned()];
        let (file, path) = open(&directories, OsStr::new("x.lock")).unwrap();
        let stat = fstat(&file).unwrap();
        assert!(is_at(&stat, &path));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&stat, &path));
        std::fs::write(&path, "").unwrap();
        assert!(!is_at(&stat, &path));
    }

    #[test]
    fn named_after_the_device_itself() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("i2c-1");
        let link = directory.path().join("secure-element");
        std::fs::write(&real, "").unwrap();
        symlink(&real, &link).unwrap();
        let by_link = names(&link, BusAddress::DEFAULT);
        assert_eq!(by_link, names(&real, BusAddress::DEFAULT));
        assert_ne!(by_link, names(&real, BusAddress::TRUST_AND_GO));
        let absent = names(Path::new("/dev/i2c-77"), BusAddress::DEFAULT);
        assert_eq!(absent[0], "atecc-dev-i2c-77-0x60.lock");
        assert_eq!(absent[1], "atecc-dev-i2c-77-0x60.turn");
        assert!(absent.iter().all(|name| is_name(Path::new(name))));
        assert!(!is_name(Path::new("/run/lock/other.lock")) && !is_name(Path::new("/")));
    }

    #[test]
    fn the_first_directory_that_serves() {
        let directory = tempfile::tempdir().unwrap();
        let (absent, present) = (directory.path().join("absent"), directory.path().join("b"));
        std::fs::create_dir(&present).unwrap();
        let directories = [absent.clone(), present.clone()];
        let (_, path) = open(&directories, OsStr::new("x.lock")).unwrap();
        assert_eq!(path, present.join("x.lock"));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o444);
        assert!(open(&[absent], OsStr::new("x.lock")).is_none());
    }

    #[test]
    fn links_directories_and_pipes_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        std::fs::write(&victim, "kept").unwrap();
        symlink(&victim, directory.path().join("link")).unwrap();
        symlink("/nowhere", directory.path().join("dangling")).unwrap();
        std::fs::create_dir(directory.path().join("directory")).unwrap();
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            directory.path().join("pipe"),
            Mode::RUSR | Mode::WUSR,
        )
        .unwrap();
        for trap in ["link", "dangling", "directory", "pipe"] {
            let found = open(&[directory.path().to_owned()], OsStr::new(trap));
            assert!(found.is_none(), "{trap}");
        }
        assert_eq!(std::fs::read_to_string(victim).unwrap(), "kept");
    }
}
