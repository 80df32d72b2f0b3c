//! Tests of what a child does with its parent's locks.
//!
//! `fork` is nothing for a safe program. But a program that is started has the
//! description that it gets as its standard input as a child of `fork` has it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Lines};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use atecc::BusAddress;
use rustix::fs::{FlockOperation, flock};

use super::{SessionLock, bytes, descriptor};

/// The directory of the child's nodes, in its environment.
const DIRECTORY: &str = "ATECC_LINUX_TEST_CHILD";
const CHIP: u64 = 0x60;
/// A program that another test starts has copies of all that is open, from its
/// `fork` until it is another program.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// This program once more, alone.
struct Forked {
    _turn: MutexGuard<'static, ()>,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Forked {
    fn new(directory: &Path, inherited: &OwnedFd) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lock::inherited::child", "--nocapture"])
            .env(DIRECTORY, directory)
            .stdin(Stdio::from(inherited.try_clone().unwrap()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            _turn: turn,
            child,
            lines,
        }
    }

    /// What it says next.
    fn said(&mut self) -> String {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        lines
            .find_map(|line| Some(line.split_once("> ")?.1.to_owned()))
            .unwrap()
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two nodes, and files of earlier releases beside them.
fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    for name in ["i2c-1", "i2c-2"] {
        std::fs::write(directory.path().join(name), "").unwrap();
    }
    let node = directory.path().join("i2c-1");
    (directory, node)
}

fn open(path: &Path) -> OwnedFd {
    let mut options = File::options();
    let file = options.read(true).write(true).create(true);
    file.truncate(false).open(path).unwrap().into()
}

fn take(directory: &Path, node: &str) -> &'static str {
    let lock = SessionLock::new(directory.join(node), BusAddress::DEFAULT);
    match lock.with_old_files_in(directory).try_take() {
        Ok(_) => "taken",
        Err(_) => "not taken",
    }
}

/// Not a test of its own, but what the child does: it uses another chip, and
/// once there is a file `go` the one of its parent.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    println!("> {}", take(&directory, "i2c-2"));
    let start = Instant::now();
    while !directory.join("go").exists() && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("> {}", take(&directory, "i2c-1"));
}

/// Whatever chip it uses, and whatever becomes of the parent.
#[test]
fn a_childs_first_call_closes_its_parents_locks() {
    let (directory, node) = place();
    let mine = open(&node);
    assert_eq!(bytes::try_share(mine.as_fd(), descriptor::mark()), Ok(true));
    assert_eq!(bytes::try_lock(mine.as_fd(), CHIP), Ok(true));
    let mut child = Forked::new(directory.path(), &mine);
    assert_eq!(child.said(), "taken");
    let other = open(&node);
    assert_eq!(bytes::try_lock(other.as_fd(), CHIP), Ok(false));
    // The parent ends.
    drop(mine);
    assert_eq!(bytes::try_lock(other.as_fd(), CHIP), Ok(true));
}

#[test]
fn a_childs_first_call_closes_its_parents_file_of_earlier_releases() {
    let (directory, _) = place();
    let path = directory.path().join("atecc-dev-i2c-9-0x60.lock");
    let mine = open(&path);
    flock(&mine, FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut child = Forked::new(directory.path(), &mine);
    assert_eq!(child.said(), "taken");
    drop(mine);
    flock(open(&path), FlockOperation::NonBlockingLockExclusive).unwrap();
}

/// The parent's thread was between opening the node and locking it when it was
/// forked; now the parent has ended.
#[test]
fn a_lock_that_came_after_the_first_call_is_closed_when_it_is_met() {
    let (directory, node) = place();
    let mine = open(&node);
    let mut child = Forked::new(directory.path(), &mine);
    assert_eq!(child.said(), "taken");
    assert_eq!(bytes::try_share(mine.as_fd(), descriptor::mark()), Ok(true));
    assert_eq!(bytes::try_lock(mine.as_fd(), CHIP), Ok(true));
    drop(mine);
    assert_eq!(bytes::try_lock(open(&node).as_fd(), CHIP), Ok(false));
    std::fs::write(directory.path().join("go"), "").unwrap();
    assert_eq!(child.said(), "taken");
}

/// A program may hand a locked file of its own to another one.
#[test]
fn what_is_not_ours_is_left_open() {
    let (directory, _) = place();
    let path = directory.path().join("data.lock");
    let mine = open(&path);
    flock(&mine, FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut child = Forked::new(directory.path(), &mine);
    assert_eq!(child.said(), "taken");
    drop(mine);
    let other = open(&path);
    assert!(flock(&other, FlockOperation::NonBlockingLockExclusive).is_err());
}
