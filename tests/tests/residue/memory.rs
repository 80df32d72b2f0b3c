//! Where secrets are in the memory of this process, by way of /proc/self/mem.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, mpsc};

use zeroize::{Zeroize, Zeroizing};

const MASK: u8 = 0xA7;
/// So many bytes of a secret are one that was found.
const PART: usize = 16;
/// Read at once.
const PIECE: usize = 1 << 20;
/// Only one test reads memory at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// `N` random bytes, every one masked.
pub(crate) fn masked<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let state = RandomState::new();
    for (at, byte) in bytes.iter_mut().enumerate() {
        // Below the order of the group, and never what the mask makes zero.
        *byte = state.hash_one(at).to_be_bytes()[0] & 0x7F | 0x01;
        *byte ^= MASK;
    }
    bytes
}

/// `work` with the bytes as they are, in one place that is wiped.
pub(crate) fn with_plain<const N: usize, T>(
    bytes: &[u8; N],
    work: impl FnOnce(&[u8; N]) -> T,
) -> T {
    let mut plain = Box::new(Zeroizing::new([0; N]));
    for (to, from) in plain.iter_mut().zip(bytes) {
        *to = from ^ MASK;
    }
    work(&plain)
}

/// A place where a secret is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) secret: &'static str,
    pub(crate) address: usize,
    mapping: String,
}

/// Where the masked secrets are: 16 bytes of one from its first one on or up to
/// its last, forwards or (as limbs are stored) backwards.
fn find(secrets: &[(&'static str, &[u8])]) -> Vec<Found> {
    let mut ends = Vec::new();
    for (name, masked) in secrets {
        for part in [&masked[..PART], &masked[masked.len() - PART..]] {
            ends.push((*name, part.to_vec()));
            ends.push((*name, part.iter().rev().copied().collect()));
        }
    }
    ends.dedup();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    // Another test's buffer has what that one has read.
    let _alone = ALONE.lock().unwrap();
    let mut buffer = Zeroizing::new(Vec::with_capacity(PIECE));
    let mut places = Vec::new();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| usize::from_str_radix(text, 16).unwrap());
        if !rest.starts_with("rw") {
            continue;
        }
        // Overlapping, so that nothing is cut.
        for start in (from..to).step_by(PIECE - PART) {
            let len = (to - start).min(PIECE);
            buffer.resize(len, 0);
            memory.seek(SeekFrom::Start(start as u64)).unwrap();
            if memory.read_exact(&mut buffer).is_err() {
                continue;
            }
            // What is looked at is not the buffer itself.
            let own = buffer.as_ptr() as usize;
            for (secret, end) in &ends {
                for at in positions(&buffer, end) {
                    let address = start + at;
                    if !(own..own + PIECE).contains(&address) {
                        places.push(Found {
                            secret,
                            mapping: rest.rsplit(' ').next().unwrap().to_owned(),
                            address,
                        });
                    }
                }
            }
            buffer.zeroize();
        }
    }
    places.sort_by_key(|found| found.address);
    places.dedup();
    places
}

/// Where the masked `end` begins in `bytes`.
fn positions(bytes: &[u8], end: &[u8]) -> Vec<usize> {
    let first = end[0] ^ MASK;
    let mut from = 0;
    let mut positions = Vec::new();
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        let there = bytes.get(at..at + end.len());
        if there.is_some_and(|there| there.iter().zip(end).all(|(one, end)| one ^ MASK == *end)) {
            positions.push(at);
        }
        from = at + 1;
    }
    positions
}

/// Do `work` in a thread of its own and look before the thread has ended, so
/// that its stack is still there. What `work` returns is still there too.
pub(crate) fn left_of<T>(
    secrets: &[(&'static str, &[u8])],
    work: impl FnOnce() -> T + Send,
) -> Vec<Found> {
    std::thread::scope(|scope| {
        let (done, wait) = mpsc::channel();
        let (go, end) = mpsc::channel::<()>();
        scope.spawn(move || {
            let kept = work();
            done.send(()).unwrap();
            let _ = end.recv();
            drop(kept);
        });
        wait.recv().unwrap();
        let places = find(secrets);
        drop(go);
        places
    })
}
