//! What emulators of these chips tend to get wrong, and the tests that fail
//! when this one does. The list follows the rules that a run of
//! cryptoauthlib's test program on another emulator showed to matter.
//!
//! | # | trap | tests |
//! |---|---|---|
//! | 1 | idle treated like sleep | `tests/bus/states.rs` |
//! | 2 | an old response after idle and wake | `tests/bus/states.rs` |
//! | 3 | the general call acknowledged | `tests/bus/states.rs` |
//! | 4 | only reads refused while busy | `tests/bus/states.rs` |
//! | 5 | output restarted at each read | `tests/bus/framing.rs` |
//! | 6 | too much refused while unlocked | `tests/bus/framing.rs` |
//! | 7 | `UpdateExtra` refused while unlocked | `update_extra.rs` |
//! | 8, 9 | life of `TempKey` on a 608 and a 508 | `lifetime.rs` |
//! | 10, 27 | `GenDig`: spare bytes, `KeyID` | `gen_dig.rs` |
//! | 11 | a point off the curve | `verify.rs`, `ecdh.rs` |
//! | 12 | validity after a write | `write.rs` |
//! | 13, 29 | validity and `Verify` | `verify.rs` |
//! | 14 | `GenKey` counted as a use | `gen_key.rs` |
//! | 15, 16 | `CountMatch` | `memory/limited_use.rs` |
//! | 17, 19, 20 | `SHA` and its HMAC | `sha.rs` |
//! | 18 | byte order of a saved context | `sha_context.rs` |
//! | 21 to 24, 26, 38 | `Write` | `write.rs` |
//! | 25 | clear `PrivWrite` | `priv_write.rs` |
//! | 28 | the lock byte in digests | `sign.rs`, `gen_dig.rs` |
//! | 30 | the latch without authorization | `info.rs` |
//! | 31 | `PersistentDisable` and AES | `aes.rs` |
//! | 32, 36, 37 | `KDF` | `kdf.rs` |
//! | 33 | `ReadKey` bit 3 and ECDH | `ecdh.rs` |
//! | 34 | keys of an encrypted output | `io_protection.rs` |
//! | 35 | the self-test constant 3B | `self_test.rs` |
//! | 39 | the CRC of `Lock` | `lock.rs` |
//! | 40 | random numbers while unlocked | `random.rs` |
//! | 41, 42 | `CheckMac`: copy, authorization | `check_mac.rs` |
//! | 43 | reads past the end | `tests/bus/framing.rs` |
//! | 44 | the group of a failed self-test | `tests/bus/self_test.rs` |
//! | 45 | `Sign` with `ReqRandom` | `sign.rs` |
//! | 46 | slot 11 of a NervesKey read as padded | none: the layout of certificates, not the chip |

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Not about the chip.
const ELSEWHERE: [u32; 1] = [46];

/// The numbers in the names of functions: `trap_07_..`, `traps_10_27_..`.
fn numbers(source: &str) -> impl Iterator<Item = u32> {
    source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("fn trap"))
        .flat_map(|name| {
            name.split('_').map_while(|part| match part {
                "" | "s" => Some(None),
                part => part.parse().ok().map(Some),
            })
        })
        .flatten()
}

fn collect(folder: &Path, found: &mut BTreeSet<u32>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(numbers(&fs::read_to_string(&path).expect("a source file")));
        }
    }
}

#[test]
fn every_trap_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::from(ELSEWHERE);
    collect(&root.join("src"), &mut found);
    collect(&root.join("tests"), &mut found);
    assert_eq!(found, (1..=46).collect());
}
