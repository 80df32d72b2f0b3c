//! What is left of secrets in the memory of this process, when whoever used
//! them has ended. Linux only: it looks by way of /proc/self/mem.
//!
//! The secret is made at run time and kept masked, so that it is nowhere else.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Seek, SeekFrom};
use std::sync::mpsc;

use nerves_key_provision::KeySigner;
use zeroize::{Zeroize, Zeroizing};

const MASK: u8 = 0xA7;

/// `N` random bytes, every one masked.
fn masked<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let state = RandomState::new();
    for (at, byte) in bytes.iter_mut().enumerate() {
        // Below the order of the group, and never what the mask makes zero.
        *byte = state.hash_one(at).to_be_bytes()[0] & 0x7F | 0x01;
        *byte ^= MASK;
    }
    bytes
}

fn with_plain<const N: usize, T>(bytes: &[u8; N], work: impl FnOnce(&[u8; N]) -> T) -> T {
    let mut plain = Box::new(Zeroizing::new([0; N]));
    for (to, from) in plain.iter_mut().zip(bytes) {
        *to = from ^ MASK;
    }
    work(&plain)
}

/// Where the secret is: at least 16 bytes of it from its first one on, forwards
/// or (as limbs are stored) backwards.
fn found(masked: &[u8]) -> Vec<(String, usize)> {
    let ends = [
        masked[..16].to_vec(),
        masked[masked.len() - 16..].to_vec(),
        masked[..16].iter().rev().copied().collect(),
        masked[masked.len() - 16..].iter().rev().copied().collect(),
    ];
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = Vec::with_capacity(1 << 20);
    let mut places = Vec::new();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| usize::from_str_radix(text, 16).unwrap());
        if !rest.starts_with("rw") {
            continue;
        }
        // Overlapping, so that nothing is cut.
        for start in (from..to).step_by((1 << 20) - 64) {
            let len = (to - start).min(1 << 20);
            buffer.resize(len, 0);
            memory.seek(SeekFrom::Start(start as u64)).unwrap();
            if memory.read_exact(&mut buffer).is_err() {
                continue;
            }
            // What is looked at is not the buffer itself.
            let own = buffer.as_ptr() as usize;
            for (at, window) in buffer.windows(16).enumerate() {
                let address = start + at;
                if (own..own + (1 << 20)).contains(&address) {
                    continue;
                }
                let same =
                    |end: &Vec<u8>| window.iter().zip(end).all(|(one, end)| one ^ MASK == *end);
                if ends.iter().any(same) {
                    places.push((rest.rsplit(' ').next().unwrap().to_owned(), address));
                }
            }
            buffer.zeroize();
        }
    }
    places
}

/// Do `work` in a thread of its own and look before the thread has ended, so
/// that its stack is still there. What `work` returns is still there too.
fn left_of<T>(masked: &[u8], work: impl FnOnce() -> T + Send) -> Vec<(String, usize)> {
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
        let places = found(masked);
        drop(go);
        places
    })
}

#[test]
fn of_a_signers_key_that_was_used_nothing_is_left() {
    let secret = masked::<32>();
    let sign = || {
        let key = with_plain(&secret, KeySigner::from_bytes).unwrap();
        let pem = key.to_pem().unwrap();
        let again = KeySigner::from_pem(pem.as_ref()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        again.sign_digest(&[0x5A; 32]).unwrap();
        again
    };
    // One that is in use is found, and nowhere but there.
    let held = left_of(&secret, sign);
    assert_eq!(held.len(), 2, "its two halves: {held:X?}");
    let left = left_of(&secret, || drop(sign()));
    assert_eq!(left, [], "{left:X?}");
}
