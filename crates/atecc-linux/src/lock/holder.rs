//! Who holds a lock, for the error that says so.
//!
//! The kernel knows: a number written into the file would outlive its writer,
//! and would ask for write access.

use std::os::fd::OwnedFd;

use rustix::fs::{fstat, major, minor};

/// The process that has `file` locked, as far as `/proc/locks` shows it.
pub(super) fn of(file: &OwnedFd) -> Option<u32> {
    let stat = fstat(file).ok()?;
    let key = format!(
        "{:02x}:{:02x}:{}",
        major(stat.st_dev),
        minor(stat.st_dev),
        stat.st_ino
    );
    holder(&std::fs::read_to_string("/proc/locks").ok()?, &key)
}

/// A line is `1: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF`: number, type,
/// mode, access, process, file, range. Those waiting have `->` after the
/// number. Source: proc(5), "/proc/locks".
fn holder(locks: &str, key: &str) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        match fields.as_slice() {
            [_, "FLOCK", _, _, process, file, ..] if *file == key => process.parse().ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_not_waiters_nor_other_files() {
        let locks = "\
1: POSIX  ADVISORY  WRITE 10 00:19:873 0 EOF
2: FLOCK  ADVISORY  WRITE 11 00:19:874 0 EOF
3: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF
3: -> FLOCK  ADVISORY  WRITE 12 00:19:873 0 EOF
";
        assert_eq!(holder(locks, "00:19:873"), Some(4321));
        assert_eq!(holder(locks, "00:19:875"), None);
        // A holder outside our process namespace.
        let foreign = "1: FLOCK  ADVISORY  WRITE -1 00:19:873 0 EOF\n";
        assert_eq!(holder(foreign, "00:19:873"), None);
    }
}
