//! The module, with a chip that is served: its sessions hold a lock.

use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Chip, Clock, ExecutionTime, Revision};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_FUNCTION_LIST_3_0, CK_INTERFACE};
use nerves_key_pkcs11::C_GetInterface;

use crate::child::{fork, orphan, unshare, wait};
use crate::support;

pub(crate) type Table = CK_FUNCTION_LIST_3_0;

/// More than a session lasts, less than anybody waits for a lock.
const SOON: Duration = Duration::from_secs(15);

fn functions() -> &'static Table {
    let mut interface = null_mut::<CK_INTERFACE>();
    // SAFETY: one place for the result; what it leads to is static.
    unsafe {
        let rv = C_GetInterface(null_mut(), null_mut(), &raw mut interface, 0);
        assert_eq!(rv, ck::CKR_OK);
        &*(*interface).pFunctionList.cast()
    }
}

pub(crate) fn initialize(table: &Table) -> ck::CK_RV {
    // SAFETY: no arguments.
    unsafe { table.C_Initialize.unwrap()(null_mut()) }
}

/// A session of this module's own, and a signature.
pub(crate) fn sign(table: &Table) -> ck::CK_RV {
    let mut mechanism = ck::CK_MECHANISM {
        mechanism: ck::CKM_ECDSA,
        pParameter: null_mut(),
        ulParameterLen: 0,
    };
    let (mut handle, mut digest, mut signature, mut length) = (0, [7_u8; 32], [0_u8; 64], 64);
    // SAFETY: places for a handle, a mechanism, so many bytes and their number.
    unsafe {
        let flags = ck::CKF_SERIAL_SESSION;
        let rv = table.C_OpenSession.unwrap()(1, flags, null_mut(), None, &raw mut handle);
        if rv != ck::CKR_OK {
            return rv;
        }
        let rv = table.C_SignInit.unwrap()(handle, &raw mut mechanism, 1);
        if rv != ck::CKR_OK {
            return rv;
        }
        let rv = table.C_Sign.unwrap()(
            handle,
            digest.as_mut_ptr(),
            32,
            signature.as_mut_ptr(),
            &raw mut length,
        );
        table.C_CloseSession.unwrap()(handle);
        rv
    }
}

/// A child begins anew and signs.
pub(crate) fn sign_anew(table: &Table) -> u8 {
    u8::from(initialize(table) != ck::CKR_OK) | u8::from(sign(table) != ck::CKR_OK) << 1
}

pub(crate) fn is_initialized(table: &Table) -> bool {
    let mut info = ck::CK_INFO::default();
    // SAFETY: a place for the information.
    unsafe { table.C_GetInfo.unwrap()(&raw mut info) == ck::CKR_OK }
}

/// What [`same_number`] says where namespaces are not allowed.
const NO_NAMESPACES: u8 = 77;

/// A process 1 whose children are process 1 each, in namespaces of their own. Its
/// threads sign and log at every fork.
fn same_number(table: &'static Table) -> u8 {
    if !unshare(0) && !unshare(libc::CLONE_NEWUSER) {
        return NO_NAMESPACES;
    }
    let first = fork(|| {
        assert_eq!(std::process::id(), 1);
        // Who writes the log waits for its reader, nearly always.
        let (mut log, writer) = std::io::pipe().unwrap();
        // SAFETY: one thread so far.
        unsafe {
            std::env::set_var("NERVES_KEY_LOG", "call");
            assert_eq!(libc::dup2(writer.as_raw_fd(), 2), 2);
        }
        std::thread::spawn(move || {
            while log.read(&mut [0; 512]).is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(initialize(table), ck::CKR_OK);
        for _ in 0..2 {
            std::thread::spawn(|| while sign(table) == ck::CKR_OK {});
        }
        std::thread::spawn(|| while is_initialized(table) {});
        std::thread::sleep(Duration::from_millis(300));
        for round in 0..150 {
            assert!(unshare(0), "the namespace of child {round}");
            let child = fork(|| {
                let is_first = std::process::id() == 1;
                let failed = match round % 10 {
                    0 => sign_anew(table),
                    _ => u8::from(initialize(table) != ck::CKR_OK),
                };
                u8::from(!is_first) << 2 | failed
            });
            match wait(child, SOON) {
                Some(0) => {}
                // A hang is 50.
                status => return status.map_or(50, |status| u8::try_from(status).unwrap_or(98)),
            }
        }
        u8::from(!is_initialized(table)) << 3
    });
    wait(first, 10 * SOON).map_or(51, |status| u8::try_from(status).unwrap_or(98))
}

/// One test, because a process has one module.
#[test]
fn children_of_a_process_that_signs() {
    let bus = Bus::with_clock(Clock::skipping());
    bus.attach(Chip::blank(Revision::Atecc608B).with_execution_time(ExecutionTime::Instant));
    support::provision(&bus, "PKCS11-FORK");
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let server = Arc::new(Server::bind(&socket, [(1, bus)]).unwrap());
    let running = Arc::clone(&server);
    let serving = std::thread::spawn(move || running.run(|_| {}).unwrap());
    let configuration = directory.path().join("pkcs11.conf");
    let lines = format!("scan = no\nslot 1 = unix:{}?bus=1\n", socket.display());
    std::fs::write(&configuration, lines).unwrap();
    // SAFETY: no other thread of this test looks at the environment, nor do
    // those of the others.
    unsafe { std::env::set_var("NERVES_KEY_PKCS11_CONF", configuration) };
    let table = functions();

    // A parent that ends while it signs. None of them is this process: here
    // the module is not initialized yet.
    for round in 0..10 {
        let start = Instant::now();
        let said = orphan(|| {
            assert_eq!(initialize(table), ck::CKR_OK);
            std::thread::spawn(|| while sign(table) == ck::CKR_OK {});
            std::thread::sleep(Duration::from_millis(60 + round * 3));
            || sign_anew(table)
        });
        assert_eq!(said, Some(0), "round {round}");
        assert!(start.elapsed() < SOON);
    }

    // The number of a process does not tell a child from its parent.
    match wait(fork(|| same_number(table)), 20 * SOON) {
        Some(status) if status == i32::from(NO_NAMESPACES) => {
            eprintln!("not tested: namespaces of processes, which want root or a user's own");
        }
        status => assert_eq!(status, Some(0), "children with their parent's number"),
    }

    crate::many::forks(table);

    // One that goes on.
    assert_eq!(initialize(table), ck::CKR_OK);
    let over = AtomicBool::new(false);
    let signatures = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                assert_eq!(sign(table), ck::CKR_OK);
                signatures.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Another one between any two children, whatever else the machine does.
        let signed = || {
            let before = signatures.load(Ordering::Relaxed);
            while signatures.load(Ordering::Relaxed) == before && !thread.is_finished() {
                std::thread::yield_now();
            }
        };
        signed();
        let children: Vec<_> = (0..40)
            .map(|_| {
                let child = wait(fork(|| sign_anew(table)), SOON);
                signed();
                child
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        thread.join().unwrap();
        assert!(signatures.load(Ordering::Relaxed) > 40);
        assert_eq!(children, [Some(0); 40]);
    });
    server.stop();
    serving.join().unwrap();
}
