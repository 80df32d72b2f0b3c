//! The lock file beside the socket of a served emulator.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use atecc::BusAddress;
use atecc_linux::{LockError, SessionGuard, SessionLock};

fn take(socket: &Path, bus: u32, address: BusAddress) -> Result<SessionGuard, LockError> {
    SessionLock::served(socket, bus, address).try_take()
}

#[test]
fn a_file_for_each_server_with_bytes_for_each_bus() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| directory.path().join(name));
    let _listeners = [&one, &two].map(|path| UnixListener::bind(path).unwrap());
    let guard = take(&one, 1, BusAddress::DEFAULT).unwrap();
    assert_eq!(guard.path(), directory.path().join("one.chips.lock"));
    assert!(take(&one, 1, BusAddress::DEFAULT).is_err());
    // Another chip, another bus, another server.
    drop(take(&one, 1, BusAddress::TRUST_AND_GO).unwrap());
    drop(take(&one, 2, BusAddress::DEFAULT).unwrap());
    drop(take(&one, u32::MAX, BusAddress::DEFAULT).unwrap());
    drop(take(&two, 1, BusAddress::DEFAULT).unwrap());
    // By a link it is the same one.
    let link = directory.path().join("link");
    symlink(&one, &link).unwrap();
    assert!(take(&link, 1, BusAddress::DEFAULT).is_err());
    let bus = SessionLock::new("/dev/i2c-1", BusAddress::DEFAULT);
    assert!(!matches!(bus.try_take(), Err(LockError::Busy { .. })));
}

#[test]
fn the_file_is_for_those_who_may_connect() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let set = |mode: u32| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&socket, mode).unwrap();
    };
    for mode in [0o600, 0o660] {
        set(mode);
        let guard = take(&socket, 1, BusAddress::DEFAULT).unwrap();
        let found = std::fs::metadata(guard.path()).unwrap();
        let owner = std::fs::metadata(&socket).unwrap();
        assert_eq!(found.mode() & 0o777, mode);
        assert_eq!((found.uid(), found.gid()), (owner.uid(), owner.gid()));
        std::fs::remove_file(guard.path()).unwrap();
        // Deleted meanwhile it locks nobody out.
        drop(take(&socket, 1, BusAddress::DEFAULT).unwrap());
        std::fs::remove_file(guard.path()).unwrap();
    }
}

/// How often this process has `file` open.
fn times_open(file: &Path) -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter(|link| link == file).count()
}

/// The one who waits has the old file open, and others lock the new one.
#[test]
fn a_file_that_is_replaced_while_it_is_waited_for_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let [socket, other] = ["socket", "other"].map(|name| directory.path().join(name));
    let _listeners = [&socket, &other].map(|path| UnixListener::bind(path).unwrap());
    let file = directory.path().join("socket.chips.lock");
    let old = take(&socket, 1, BusAddress::DEFAULT).unwrap();
    std::thread::scope(|scope| {
        let (done, wait) = mpsc::channel();
        let lock = SessionLock::served(&socket, 1, BusAddress::DEFAULT);
        scope.spawn(move || done.send(lock.take().map(drop)).unwrap());
        while times_open(&file) < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let new = take(&other, 1, BusAddress::DEFAULT).unwrap();
        std::fs::rename(new.path(), &file).unwrap();
        drop(old);
        let early = wait.recv_timeout(Duration::from_millis(500));
        assert!(early.is_err(), "two have the chip");
        drop(new);
        wait.recv().unwrap().unwrap();
    });
}

#[test]
fn traps_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let lock = directory.path().join("socket.chips.lock");
    let victim = directory.path().join("victim");
    symlink(&victim, &lock).unwrap();
    let refused = || {
        let error = take(&socket, 1, BusAddress::DEFAULT).unwrap_err();
        assert!(matches!(error, LockError::NotAFile { .. }), "{error:?}");
    };
    refused();
    assert!(!victim.exists());
    std::fs::write(&victim, "kept").unwrap();
    refused();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    refused();
    std::fs::remove_dir(&lock).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(&lock).status();
    assert!(pipe.unwrap().success());
    refused();
}
