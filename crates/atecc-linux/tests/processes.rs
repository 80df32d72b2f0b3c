//! The lock against other processes. The other process is `flock(1)` of
//! util-linux: it knows nothing of this crate.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use atecc::BusAddress;
use atecc_linux::{LockError, SessionLock};

/// A process that holds `file` until it is killed.
fn holder(file: &Path) -> Child {
    let mut child = Command::new("flock")
        .args(["--exclusive", "--no-fork"])
        .arg(file)
        .args(["sh", "-c", "echo held; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("flock(1) runs");
    let mut line = String::new();
    let output = child.stdout.take().expect("standard output is piped");
    BufReader::new(output).read_line(&mut line).expect("a line");
    assert_eq!(line, "held\n");
    child
}

/// Whether another process can take `file` now.
fn is_free(file: &Path) -> bool {
    Command::new("flock")
        .args(["--exclusive", "--nonblock"])
        .arg(file)
        .arg("true")
        .status()
        .expect("flock(1) runs")
        .success()
}

fn lock(directory: &Path) -> SessionLock {
    SessionLock::new("/dev/i2c-88", BusAddress::DEFAULT).in_directory(directory)
}

#[test]
fn another_process_is_kept_out() {
    let directory = tempfile::tempdir().unwrap();
    let guard = lock(directory.path()).take().unwrap();
    let file = guard.path().to_owned();
    assert!(file.ends_with("atecc-dev-i2c-88-0x60.lock"));
    assert!(!is_free(&file));
    drop(guard);
    assert!(is_free(&file));
}

#[test]
fn another_process_keeps_us_out_until_it_dies() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path()).with_patience(Duration::from_millis(40));
    let file = lock.take().unwrap().path().to_owned();

    let mut other = holder(&file);
    let error = lock.take().unwrap_err();
    let LockError::Busy { holder, waited, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(*waited >= Duration::from_millis(40));
    if let Some(pid) = holder {
        assert_eq!(*pid, other.id());
    }
    assert!(error.to_string().contains("atecc-dev-i2c-88-0x60.lock"));

    other.kill().unwrap();
    other.wait().unwrap();
    drop(lock.take().unwrap());
}

#[test]
fn a_wait_ends_when_the_other_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let guard = lock.take().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock.take().map(drop));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waiting.is_finished());
        drop(guard);
        waiting.join().unwrap().unwrap();
    });
}

/// Who gives the chip back and takes it again at once lets others in between.
#[test]
fn who_waits_is_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let (sessions, over) = (AtomicU32::new(0), AtomicBool::new(false));
    let most = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _guard = lock.take().unwrap();
                sessions.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let most = (0..5).map(|_| {
            std::thread::sleep(Duration::from_millis(30));
            let before = sessions.load(Ordering::Relaxed);
            drop(lock.take().unwrap());
            sessions.load(Ordering::Relaxed) - before
        });
        let most = most.max();
        over.store(true, Ordering::Relaxed);
        most
    });
    assert!(most < Some(10), "{most:?} sessions of the other one");
}

#[test]
fn a_deleted_lock_file_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let old = lock.take().unwrap();
    std::fs::remove_file(old.path()).unwrap();
    let new = lock.try_take().unwrap();
    assert!(!is_free(new.path()));
}
