//! The lock on the bus's node. No bus is here: plain files, and a character
//! device.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use atecc::BusAddress;
use atecc_linux::{LockError, SessionLock};
use tempfile::TempDir;

use crate::other::{Order, Other, outcome};

/// A node, and a directory for the files of earlier releases.
pub(crate) fn place(patience: Duration) -> (TempDir, Order) {
    let directory = tempfile::tempdir().unwrap();
    let order = Order {
        node: directory.path().join("i2c-1"),
        old: directory.path().join("old"),
        served: None,
        patience,
    };
    std::fs::write(&order.node, "").unwrap();
    std::fs::create_dir(&order.old).unwrap();
    (directory, order)
}

const SOON: Duration = Duration::from_millis(40);

#[test]
fn another_process_is_kept_out() {
    let (_directory, order) = place(SOON);
    let guard = order.lock().take().unwrap();
    assert_eq!(guard.path(), order.node);
    assert_eq!(
        Other::take(&order, None).said(),
        format!("busy {}", std::process::id())
    );
    drop(guard);
    assert_eq!(Other::take(&order, None).said(), "taken");
}

#[test]
fn another_process_keeps_us_out_until_it_is_killed() {
    let (_directory, order) = place(SOON);
    let other = Other::take(&order, None);
    assert_eq!(other.said(), "taken");
    let error = order.lock().take().unwrap_err();
    let LockError::Busy {
        holder,
        waited,
        file,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(*waited >= SOON);
    assert_eq!((*holder, file), (Some(other.id()), &order.node));
    assert!(error.to_string().contains("i2c-1"), "{error}");
    other.kill();
    drop(order.lock().take().unwrap());
}

/// By a link it is the same node; by another address another chip.
#[test]
fn a_lock_for_each_chip_of_each_node() {
    let (directory, order) = place(SOON);
    let link = directory.path().join("secure-element");
    std::os::unix::fs::symlink(&order.node, &link).unwrap();
    let lock = |path: &Path, address| SessionLock::new(path, address).with_old_files_in(&order.old);
    let _guard = lock(&order.node, BusAddress::DEFAULT).try_take().unwrap();
    assert!(lock(&link, BusAddress::DEFAULT).try_take().is_err());
    drop(lock(&link, BusAddress::TRUST_AND_GO).try_take().unwrap());
    let another = directory.path().join("i2c-2");
    std::fs::write(&another, "").unwrap();
    drop(lock(&another, BusAddress::DEFAULT).try_take().unwrap());
}

/// The Python of `docs/bus-lock.md`.
const DOCUMENT: &str = include_str!("../../../../docs/bus-lock.md");

/// Sessions of other programs, which lock as the document says: the byte of the
/// chip, or by the older call the whole node.
#[test]
fn other_programs_keep_us_out() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("not tested: other programs, which wants python3");
        return;
    }
    let (_directory, order) = place(SOON);
    let node = order.node.display().to_string();
    let documented = DOCUMENT.split("```python\n").nth(1).unwrap();
    let documented = documented.split("# a session").next().unwrap();
    let of_process =
        "import fcntl\nbus = open(\"/dev/i2c-1\", \"r+b\")\nfcntl.lockf(bus, fcntl.LOCK_EX)\n";
    for program in [documented, of_process] {
        let program = program.replace("/dev/i2c-1", &node);
        let program = format!("{program}print('> taken', flush=True)\ninput()\n");
        let script = order.old.join("program.py");
        std::fs::write(&script, program).unwrap();
        let other = Other::script(&format!("exec python3 {}", script.display()), None);
        let error = order.lock().take().map(drop);
        assert_eq!(outcome(error), format!("busy {}", other.id()));
        other.kill();
        drop(order.lock().take().unwrap());
    }
}

/// A node that the lock is written for is a character device. Its bytes are
/// locked as those of a file are. There is one for the whole machine, so another
/// run of this test is waited for.
#[test]
fn a_character_device() {
    let old = tempfile::tempdir().unwrap();
    let lock = |address| {
        let lock = SessionLock::new("/dev/null", BusAddress::new(address).unwrap());
        lock.with_old_files_in(old.path())
    };
    let guard = lock(0x47).take().unwrap();
    assert!(lock(0x47).try_take().is_err());
    drop(lock(0x48).take().unwrap());
    drop(guard);
    drop(lock(0x47).take().unwrap());
}

#[test]
fn a_bus_that_is_not_there_or_not_ours_is_named() {
    let (directory, order) = place(SOON);
    let absent = SessionLock::new(directory.path().join("i2c-9"), BusAddress::DEFAULT);
    let text = absent.take().unwrap_err().to_string();
    assert!(
        text.contains("i2c-9") && text.contains("No such file"),
        "{text}"
    );
    drop(order);
}

#[test]
fn a_wait_ends_when_the_other_is_done() {
    let (_directory, order) = place(Duration::from_secs(30));
    let lock = order.lock();
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
    let (_directory, order) = place(Duration::from_secs(30));
    let lock = order.lock();
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

/// An adapter that was unplugged and plugged in again: who waits at the node
/// that has gone is not kept by it.
#[test]
fn a_replaced_node_is_looked_up_again() {
    let (_directory, order) = place(Duration::from_secs(30));
    let lock = order.lock();
    let old = lock.take().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock.take());
        std::thread::sleep(Duration::from_millis(30));
        std::fs::rename(&order.node, order.node.with_extension("gone")).unwrap();
        std::fs::write(&order.node, "").unwrap();
        // The file of earlier releases is still held by the old session.
        let start = Instant::now();
        drop(old);
        let new = waiting.join().unwrap().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(lock.try_take().is_err());
        drop(new);
    });
}
