//! Programs that fork in each way that programs do, thousands of times where
//! `NERVES_KEY_PKCS11_FORKS` says so. A child that does not end is a hang.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use cryptoki_sys as ck;

use crate::child::{fork, unshare, wait};
use crate::module::{Table, initialize, is_initialized, sign, sign_anew};

/// Forks of all ways together, in every test run.
const FORKS: u32 = 320;
/// Of every so many children one signs; each initializes the module.
const SIGNS: u32 = 4;
const POOL: u32 = 8;
/// A child is done in milliseconds on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of some forks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Count {
    forks: u32,
    hangs: u32,
    failures: u32,
}

impl Count {
    fn judge(&mut self, ended: Option<i32>) {
        self.forks += 1;
        match ended {
            Some(0) => {}
            Some(_) => self.failures += 1,
            None => self.hangs += 1,
        }
    }

    fn to_bytes(self) -> [u8; 12] {
        let numbers = [self.forks, self.hangs, self.failures].map(u32::to_le_bytes);
        numbers.concat().try_into().unwrap()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let numbers = bytes.chunks_exact(4);
        let numbers = numbers.map(|it| u32::from_le_bytes(it.try_into().unwrap()));
        match *numbers.collect::<Vec<_>>() {
            [forks, hangs, failures] => Some(Self {
                forks,
                hangs,
                failures,
            }),
            _ => None,
        }
    }
}

/// A program that forks so many times.
type Way = fn(&'static Table, u32) -> Count;

/// Fork in every way, a fourth of the forks in each.
pub(crate) fn forks(table: &'static Table) {
    let forks = std::env::var("NERVES_KEY_PKCS11_FORKS");
    let forks = forks.map_or(FORKS, |forks| forks.parse().unwrap());
    let ways: [(&str, Way); 4] = [
        ("signing while forking", while_signing),
        ("namespaces of processes", namespaces),
        ("a pool of eight", pool),
        ("daemons", daemons),
    ];
    let mut all = Count::default();
    for (what, way) in ways {
        let start = Instant::now();
        let count = program(|| way(table, forks / 4));
        println!("{what}: {count:?}, {} ms", start.elapsed().as_millis());
        all.forks += count.forks;
        all.hangs += count.hangs;
        all.failures += count.failures;
    }
    println!(
        "forks: {}, hangs: {}, failures: {}",
        all.forks, all.hangs, all.failures
    );
    assert_eq!((all.hangs, all.failures), (0, 0));
}

/// What a process of its own says; one hang where it says nothing.
fn program(way: impl FnOnce() -> Count) -> Count {
    let (told, mut tell) = std::io::pipe().unwrap();
    let child = fork(|| u8::from(tell.write_all(&way().to_bytes()).is_err()));
    drop(tell);
    // It judges its own children, each with patience.
    let ended = wait(child, 100 * PATIENCE);
    let said = read(&told, 12, PATIENCE);
    let count = said.and_then(|said| Count::from_bytes(&said));
    match (ended, count) {
        (Some(0), Some(count)) => count,
        _ => Count {
            hangs: 1,
            ..Count::default()
        },
    }
}

/// So many bytes, unless they do not come in time.
fn read(mut told: &PipeReader, bytes: usize, patience: Duration) -> Option<Vec<u8>> {
    let mut poll = libc::pollfd {
        fd: told.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let patience = i32::try_from(patience.as_millis()).unwrap();
    // SAFETY: one descriptor.
    let ready = unsafe { libc::poll(&raw mut poll, 1, patience) };
    let mut said = vec![0; bytes];
    (ready == 1 && told.read_exact(&mut said).is_ok()).then_some(said)
}

/// Two threads sign and one asks, as long as the process lives.
fn busy(table: &'static Table) -> ck::CK_SESSION_HANDLE {
    assert_eq!(initialize(table), ck::CKR_OK);
    let mut handle = 0;
    // SAFETY: a place for the handle.
    let rv = unsafe {
        let flags = ck::CKF_SERIAL_SESSION;
        table.C_OpenSession.unwrap()(1, flags, null_mut(), None, &raw mut handle)
    };
    assert_eq!(rv, ck::CKR_OK);
    for _ in 0..2 {
        std::thread::spawn(|| while sign(table) == ck::CKR_OK {});
    }
    std::thread::spawn(|| while is_initialized(table) {});
    handle
}

/// A child: the parent's session is none of its own, and it begins anew.
fn anew(table: &Table, parents: ck::CK_SESSION_HANDLE, round: u32) -> u8 {
    let mut info = ck::CK_SESSION_INFO::default();
    // SAFETY: a place for the information.
    let mut ask = || unsafe { table.C_GetSessionInfo.unwrap()(parents, &raw mut info) };
    let before = ask();
    let begun = match round % SIGNS {
        0 => sign_anew(table),
        _ => u8::from(initialize(table) != ck::CKR_OK),
    };
    let after = ask();
    u8::from(before != ck::CKR_CRYPTOKI_NOT_INITIALIZED) << 2
        | u8::from(after != ck::CKR_SESSION_HANDLE_INVALID) << 4
        | begun
}

fn while_signing(table: &'static Table, forks: u32) -> Count {
    let (mut count, handle) = (Count::default(), busy(table));
    for round in 0..forks {
        count.judge(wait(fork(|| anew(table, handle, round)), PATIENCE));
    }
    count
}

/// A process 1 and its children, each process 1 of a namespace of its own.
fn namespaces(table: &'static Table, forks: u32) -> Count {
    if !unshare(0) && !unshare(libc::CLONE_NEWUSER) {
        println!("not tested: namespaces of processes, which want root or a user's own");
        return Count::default();
    }
    program(|| {
        let (mut count, handle) = (Count::default(), busy(table));
        for round in 0..forks {
            let is_own = unshare(0);
            let child = fork(|| {
                let is_first = is_own && std::process::id() == 1;
                u8::from(!is_first) << 3 | anew(table, handle, round)
            });
            count.judge(wait(child, PATIENCE));
        }
        count
    })
}

/// Eight workers at a time, as a server or Python's `multiprocessing` has them.
fn pool(table: &'static Table, forks: u32) -> Count {
    let (mut count, handle) = (Count::default(), busy(table));
    for round in 0..forks.div_ceil(POOL) {
        let workers = (0..POOL).map(|worker| fork(|| anew(table, handle, round * POOL + worker)));
        let workers: Vec<_> = workers.collect();
        for worker in workers {
            count.judge(wait(worker, PATIENCE));
        }
    }
    count
}

/// A program that signs becomes a daemon: it forks twice, its parents end at once,
/// and it closes all descriptors.
fn daemons(table: &'static Table, forks: u32) -> Count {
    let mut count = Count::default();
    for _ in 0..forks.div_ceil(3) {
        let (told, tell) = std::io::pipe().unwrap();
        let parent = fork(|| {
            let handle = busy(table);
            std::thread::sleep(Duration::from_millis(2));
            fork(|| {
                // SAFETY: takes nothing.
                unsafe { libc::setsid() };
                fork(|| {
                    let mut tell = detach(&tell);
                    u8::from(tell.write_all(&[anew(table, handle, 0)]).is_err())
                });
                0
            });
            0
        });
        drop(tell);
        count.judge(wait(parent, PATIENCE));
        // The two that are not our children are judged by what the daemon says.
        let said = read(&told, 1, PATIENCE).map(|said| i32::from(said[0]));
        count.judge(said);
        count.judge(said);
    }
    count
}

/// The daemon keeps nothing but the way to tell, and ends by itself if it hangs.
fn detach(tell: &PipeWriter) -> PipeWriter {
    let null = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .unwrap();
    let kept = tell.try_clone().unwrap();
    // SAFETY: numbers of descriptors that are open; those that are closed are used
    // no more.
    unsafe {
        for standard in 0..3 {
            libc::dup2(null.as_raw_fd(), standard);
        }
        let kept = kept.as_raw_fd();
        libc::syscall(libc::SYS_close_range, 3, kept - 1, 0);
        libc::syscall(libc::SYS_close_range, kept + 1, u32::MAX, 0);
        libc::alarm(2 * u32::try_from(PATIENCE.as_secs()).unwrap());
    }
    std::mem::forget(null);
    std::env::set_current_dir("/").unwrap();
    kept
}
