//! The session lock alone, on a plain file in the place of a bus.

use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use atecc::BusAddress;
use atecc_linux::{Locked, LockedError, SessionLock};
use embedded_hal::i2c::{ErrorType, I2c, Operation};

use crate::child::{fork, orphan, unshare, wait};

const PATIENCE: Duration = Duration::from_secs(20);

fn lock(directory: &Path) -> SessionLock {
    let node = directory.join("i2c-1");
    std::fs::write(&node, "").unwrap();
    SessionLock::new(node, BusAddress::DEFAULT)
        .with_old_files_in(directory)
        .with_patience(PATIENCE)
}

fn take(lock: &SessionLock) -> u8 {
    u8::from(lock.take().is_err())
}

/// The child of a parent that goes on.
#[test]
fn a_thousand_forks_while_a_thread_takes_and_releases() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let (over, sessions) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let guard = lock.take().unwrap();
                sessions.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(200));
                drop(guard);
            }
        });
        let failed: Vec<_> = (0..1000)
            .map(|_| wait(fork(|| take(&lock)), PATIENCE))
            .filter(|result| *result != Some(0))
            .collect();
        over.store(true, Ordering::Relaxed);
        thread.join().unwrap();
        assert_eq!(failed, []);
    });
    assert!(sessions.into_inner() > 100);
}

/// The parent ends in the middle of its session, as a program that becomes a
/// daemon may: the lock is nobody's, and its child does not wait for itself.
#[test]
fn the_child_of_a_parent_that_ended_in_its_session() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path()).with_patience(Duration::from_secs(5));
    for _ in 0..20 {
        let said = orphan(|| {
            // Not dropped: the process ends with it.
            std::mem::forget(lock.take().unwrap());
            || take(&lock)
        });
        assert_eq!(said, Some(0));
    }
}

/// Its copy of the parent's guard is worth nothing, and does no harm.
#[test]
fn a_child_does_not_end_its_parents_session() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let mut guard = Some(lock.take().unwrap());
    let child = fork(|| {
        let inherited = guard.take().is_some_and(|guard| guard.is_inherited());
        u8::from(!inherited || lock.try_take().is_ok())
    });
    assert_eq!(wait(child, PATIENCE), Some(0));
    assert!(lock.try_take().is_err());
    assert!(guard.take().is_some_and(|guard| !guard.is_inherited()));
    drop(lock.try_take().unwrap());
}

/// A bus on which everybody acknowledges.
struct Willing;

impl ErrorType for Willing {
    type Error = Infallible;
}

impl I2c for Willing {
    fn transaction(&mut self, _: u8, _: &mut [Operation<'_>]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A child that has its parent's number is no exception: it neither sends in its
/// parent's session nor ends it.
#[test]
fn a_process_1_does_not_end_the_session_of_another() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let node = directory.path().join("i2c-1");
    let other = SessionLock::new(node, BusAddress::TRUST_AND_GO);
    let other = other.with_old_files_in(directory.path());
    let first = fork(|| {
        if !unshare(0) && !unshare(libc::CLONE_NEWUSER) {
            return 77;
        }
        let parent = fork(|| {
            let mut bus = Locked::new(Willing, lock.clone().with_patience(Duration::ZERO));
            bus.hold_session().unwrap();
            let guard = other.take().unwrap();
            assert!(unshare(0));
            let child = fork(|| {
                let is_first = std::process::id() == 1;
                let inherited = guard.is_inherited();
                let refused = matches!(bus.write(0x60, &[0x03]), Err(LockedError::Lock(_)));
                u8::from(!is_first || !inherited || !refused || lock.try_take().is_ok())
            });
            let ended = wait(child, PATIENCE) == Some(0);
            let sent = bus.write(0x60, &[0x03]).is_ok();
            u8::from(!ended || !sent || guard.is_inherited() || lock.try_take().is_ok())
        });
        u8::from(wait(parent, PATIENCE) != Some(0))
    });
    match wait(first, PATIENCE) {
        Some(77) => eprintln!("not tested: namespaces of processes"),
        ended => assert_eq!(ended, Some(0)),
    }
}

/// Nor does its copy of a driver's bus believe that the session is its own.
#[test]
fn a_childs_copy_of_a_held_bus_is_not_held() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path()).with_patience(Duration::ZERO);
    let mut bus = Locked::new((), lock.clone());
    bus.hold_session().unwrap();
    let child = fork(|| u8::from(bus.hold_session().is_ok()));
    assert_eq!(wait(child, PATIENCE), Some(0));
    assert!(lock.try_take().is_err());
    bus.release();
    let child = fork(|| u8::from(bus.hold_session().is_err()));
    assert_eq!(wait(child, PATIENCE), Some(0));
}

/// A child that closed all descriptors by number and has opened other files
/// since, as daemons do, keeps those.
#[test]
fn other_files_are_not_closed() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let letter = directory.path().join("letter");
    std::fs::write(&letter, "dear").unwrap();
    // Also when the file is the bus itself, as a driver opens it.
    for path in [letter, directory.path().join("i2c-1")] {
        let guard = lock.take().unwrap();
        let child = fork(|| {
            // SAFETY: the child uses none of them any more.
            unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
            let open = || std::fs::File::options().read(true).write(true).open(&path);
            let files: Vec<_> = (0..200).map(|_| open().unwrap()).collect();
            let taken = take(&lock);
            let kept = files.iter().all(|it| it.metadata().is_ok());
            // Not closed: a failure has closed one already.
            std::mem::forget(files);
            taken | u8::from(!kept) << 1
        });
        drop(guard);
        assert_eq!(wait(child, PATIENCE), Some(0));
    }
}
