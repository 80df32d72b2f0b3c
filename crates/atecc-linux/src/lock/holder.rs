//! Who holds a lock, for the error that says so.
//!
//! The kernel knows: a number written into a file would outlive its writer.
//! `/proc/locks` has the process of an `flock`. A lock of an open file
//! description has none, since several processes may share it, but it is shown
//! with each of their descriptors, to those who may look: root, and processes of
//! the same user. Source: proc(5), "/proc/locks", and `proc_pid_fdinfo(5)`.

use std::fs::{File, read_dir, read_to_string};
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Stat, major, minor};

/// Looks at a list that may have passed a lock over.
const LOOKS: u32 = 4;

/// The process that has `byte` of `file` locked by a description; the oldest
/// where it was forked.
pub(super) fn of_byte(file: &Stat, byte: u64) -> Option<u32> {
    let key = key(file);
    let mut processes: Vec<u32> = read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    processes.sort_unstable();
    processes.into_iter().find(|process| {
        shows(*process, |lock| {
            lock.kind == "OFDLCK" && lock.file == key && (lock.first..=lock.last).contains(&byte)
        })
    })
}

/// The process that took the `flock` of `file`.
pub(super) fn of_file(file: &Stat) -> Option<u32> {
    let key = key(file);
    (0..LOOKS).find_map(|_| flock_in(&all_locks().ok()?, &key))
}

/// What all processes have locked. While others lock, the list moves between
/// two readings of it, and a lock is passed over. So it is read in pieces as
/// large as the kernel gives them, a page.
fn all_locks() -> io::Result<String> {
    let mut locks = File::open("/proc/locks")?;
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match locks.read(&mut piece)? {
            0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
            length => text.extend(piece.iter().take(length)),
        }
    }
}

/// Whether a descriptor of `process` has the `flock` of `file`: the number in
/// `/proc/locks` may be another process's by now.
pub(super) fn has_file(process: u32, file: &Stat) -> bool {
    let key = key(file);
    shows(process, |lock| lock.kind == "FLOCK" && lock.file == key)
}

fn shows(process: u32, wanted: impl Fn(&Lock<'_>) -> bool) -> bool {
    let Ok(descriptors) = read_dir(Path::new("/proc").join(process.to_string()).join("fdinfo"))
    else {
        return false;
    };
    descriptors
        .flatten()
        .filter_map(|descriptor| read_to_string(descriptor.path()).ok())
        .any(|info| locks(&info).any(|lock| wanted(&lock)))
}

/// The locks in a text of `/proc/PID/fdinfo`.
pub(super) fn locks(info: &str) -> impl Iterator<Item = Lock<'_>> {
    let lines = info.lines().filter_map(|line| line.strip_prefix("lock:"));
    lines.filter_map(Lock::parse)
}

fn flock_in(locks: &str, key: &str) -> Option<u32> {
    locks
        .lines()
        .filter_map(Lock::parse)
        .find(|lock| lock.kind == "FLOCK" && lock.file == key)
        .and_then(|lock| lock.process.parse().ok())
}

/// As the kernel names a file in its lists.
fn key(file: &Stat) -> String {
    let (major, minor) = (major(file.st_dev), minor(file.st_dev));
    format!("{major:02x}:{minor:02x}:{}", file.st_ino)
}

/// `1: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF`: number, type, mode,
/// access, process, file, first and last byte.
pub(super) struct Lock<'a> {
    pub(super) kind: &'a str,
    pub(super) access: &'a str,
    pub(super) process: &'a str,
    file: &'a str,
    pub(super) first: u64,
    pub(super) last: u64,
}

impl<'a> Lock<'a> {
    /// `None` for those that wait, which have `->` after the number.
    fn parse(line: &'a str) -> Option<Self> {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [_, kind, _, access, process, file, first, last] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            kind,
            access,
            process,
            file,
            first: first.parse().ok()?,
            last: if *last == "EOF" {
                u64::MAX
            } else {
                last.parse().ok()?
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{FlockOperation, flock, fstat};

    use super::*;

    /// Having it open is not having its lock.
    #[test]
    fn a_process_with_the_lock_of_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stat = fstat(file.as_file()).unwrap();
        let this = std::process::id();
        assert!(!has_file(this, &stat));
        flock(file.as_file(), FlockOperation::LockExclusive).unwrap();
        assert!(has_file(this, &stat));
        assert_eq!(of_file(&stat), Some(this));
        // The kernel has no process 0.
        assert!(!has_file(0, &stat));
    }

    /// Locks that come and go move the others in the kernel's list.
    #[test]
    fn a_holder_is_found_while_others_lock() {
        let locked = || {
            let file = tempfile::tempfile().unwrap();
            flock(&file, FlockOperation::LockExclusive).unwrap();
            file
        };
        let files = [(); 6].map(|()| locked());
        let over = AtomicBool::new(false);
        let missed = std::thread::scope(|scope| {
            scope.spawn(|| {
                let file = locked();
                while !over.load(Ordering::Relaxed) {
                    flock(&file, FlockOperation::Unlock).unwrap();
                    flock(&file, FlockOperation::LockExclusive).unwrap();
                }
            });
            let stats = files.each_ref().map(|file| fstat(file).unwrap());
            let looks = (0..100).flat_map(|_| &stats);
            let missed = looks.filter(|stat| of_file(stat).is_none()).count();
            over.store(true, Ordering::Relaxed);
            missed
        });
        assert_eq!(missed, 0);
    }

    #[test]
    fn holders_not_waiters_nor_other_files() {
        let locks = "\
1: POSIX  ADVISORY  WRITE 10 00:19:873 0 EOF
2: FLOCK  ADVISORY  WRITE 11 00:19:874 0 EOF
3: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF
3: -> FLOCK  ADVISORY  WRITE 12 00:19:873 0 EOF
";
        assert_eq!(flock_in(locks, "00:19:873"), Some(4321));
        assert_eq!(flock_in(locks, "00:19:875"), None);
        // A holder outside our process namespace.
        let foreign = "1: FLOCK  ADVISORY  WRITE -1 00:19:873 0 EOF\n";
        assert_eq!(flock_in(foreign, "00:19:873"), None);
    }

    #[test]
    fn ranges() {
        let lock = Lock::parse("\t1: OFDLCK ADVISORY  WRITE -1 00:05:87 96 96").unwrap();
        assert_eq!((lock.kind, lock.file), ("OFDLCK", "00:05:87"));
        assert_eq!((lock.first, lock.last), (96, 96));
        let all = Lock::parse("1: OFDLCK ADVISORY  READ -1 00:05:87 0 EOF").unwrap();
        assert_eq!(all.last, u64::MAX);
    }
}
