//! A user who may connect to a served bus and not lock its chips: the module's
//! log says which file it is and what helps. A program sees a number.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;

use atecc::BusAddress;
use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Chip, Clock, Revision};
use atecc_linux::SessionLock;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

const LIBRARY: &str = "libnerves_key_pkcs11.so";
/// Has the other process do its part.
const ORDER: &str = "NERVES_KEY_PKCS11_TEST_DENIED";
/// Some user and group that is not this one's.
const USER: &str = "40003";

#[test]
fn the_log_names_the_lock_file_and_what_helps() {
    // SAFETY: it takes nothing and always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("not tested: another user, which wants root");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let inside = |name: &str| directory.path().join(name);
    let [socket, lock] = ["socket", "socket.chips.lock"].map(inside);
    let set = |path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    set(directory.path(), 0o755);
    let bus = Bus::with_clock(Clock::skipping());
    bus.attach(Chip::blank(Revision::Atecc608B));
    let server = Arc::new(Server::bind(&socket, [(1, bus)]).unwrap());
    let running = Arc::clone(&server);
    std::thread::spawn(move || running.run(|_| {}));
    // The file is made for the socket's owner, and then others may connect.
    set(&socket, 0o600);
    drop(SessionLock::served(&socket, 1, BusAddress::DEFAULT).try_take());
    set(&socket, 0o666);

    // Where other users may read them.
    let this = std::env::current_exe().unwrap();
    for (from, to) in [
        (this.clone(), "test"),
        (this.with_file_name(LIBRARY), LIBRARY),
    ] {
        std::fs::copy(from, inside(to)).unwrap();
    }
    let output = Command::new("setpriv")
        .args(["--reuid", USER, "--regid", USER, "--clear-groups"])
        .arg(inside("test"))
        .args(["--exact", "another_user", "--nocapture"])
        .env(ORDER, "")
        .env("NERVES_KEY_LOG", "error")
        .env(
            "NERVES_KEY_DEVICE",
            format!("unix:{}?bus=1", socket.display()),
        )
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let lock = lock.display();
    let told = log.lines().filter(|line| {
        line.contains("C_OpenSession")
            && line.contains(&format!("lock file {lock}: permission denied"))
            && line.contains(&format!("chmod 666 {lock}"))
    });
    assert_eq!(told.count(), 1, "{log}");
}

/// Not a test of its own, but what the other user does.
#[test]
fn another_user() {
    if std::env::var_os(ORDER).is_none() {
        return;
    }
    let here = std::env::current_exe().unwrap();
    let module = Pkcs11::new(here.with_file_name(LIBRARY)).unwrap();
    module
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slots = module.get_all_slots().unwrap();
    let [slot] = slots[..] else {
        panic!("{slots:?}");
    };
    let session = module.open_ro_session(slot);
    assert!(
        matches!(session, Err(Error::Pkcs11(RvError::TokenNotPresent, _))),
        "{session:?}"
    );
}
