//! The lock of chips that are served by emulators.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use atecc::commands::InfoRevision;
use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Chip, Clock, ExecutionTime, Revision};
use atecc_linux::SessionLock;
use nerves_key_device::{AnyDevice, DeviceUri};
use tempfile::TempDir;

/// A server with one chip on bus 1.
struct Served {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    directory: TempDir,
}

impl Served {
    fn start() -> Self {
        let bus = Bus::with_clock(Clock::skipping());
        bus.attach(Chip::blank(Revision::Atecc608B).with_execution_time(ExecutionTime::Instant));
        let directory = tempfile::tempdir().unwrap();
        let server = Server::bind(directory.path().join("socket"), [(1, bus)]).unwrap();
        let server = Arc::new(server);
        let running = Arc::clone(&server);
        let thread = thread::spawn(move || running.run(|error| panic!("{error}")).unwrap());
        Self {
            server,
            thread: Some(thread),
            directory,
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    fn device(&self) -> AnyDevice {
        let uri = format!("unix:{}", self.socket().display());
        uri.parse::<DeviceUri>().unwrap().open().unwrap()
    }

    fn lock(&self) -> SessionLock {
        SessionLock::served(self.socket(), 1, atecc::BusAddress::DEFAULT)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Both have a bus 1, and nothing else in common.
#[test]
fn emulators_without_relation_do_not_wait_for_each_other() {
    let (one, two) = (Served::start(), Served::start());
    let guard = one.lock().try_take().unwrap();
    two.device().execute(InfoRevision).unwrap();
    drop(guard);
    one.device().execute(InfoRevision).unwrap();
}

#[test]
fn a_session_has_the_lock_of_its_chip() {
    let served = Served::start();
    let mut device = served.device();
    device.execute(InfoRevision).unwrap();
    let guard = served.lock().try_take().unwrap();
    thread::scope(|scope| {
        let session = scope.spawn(|| device.execute(InfoRevision).is_ok());
        thread::sleep(std::time::Duration::from_millis(100));
        assert!(!session.is_finished());
        drop(guard);
        assert!(session.join().unwrap());
    });
}

/// A served bus without a number is known to its server alone.
#[test]
fn a_chip_is_in_use_while_somebody_has_its_lock() {
    let served = Served::start();
    let socket = served.socket();
    let uri = |end: &str| -> DeviceUri {
        let uri = format!("unix:{}{end}", socket.display());
        uri.parse().unwrap()
    };
    let asked = || [uri("?bus=1"), uri("?bus=2"), uri("")].map(|uri| uri.is_in_use());
    assert_eq!(asked(), [false; 3]);
    let guard = served.lock().try_take().unwrap();
    assert_eq!(asked(), [true, false, false]);
    drop(guard);
    assert_eq!(asked(), [false; 3]);
}

/// A node that is not there is nobody's.
#[test]
fn a_chip_on_a_node_is_in_use_while_somebody_has_its_byte() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("i2c-1");
    let address = atecc::BusAddress::DEFAULT;
    let uri = DeviceUri::I2c {
        path: path.clone(),
        address,
    };
    assert!(!uri.is_in_use());
    std::fs::write(&path, "").unwrap();
    let lock = SessionLock::new(&path, address).with_old_files_in(directory.path());
    let _guard = lock.try_take().unwrap();
    assert!(uri.is_in_use());
}
