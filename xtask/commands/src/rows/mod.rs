//! The table: every mode of every command, as the chip's documents have them.
//!
//! Sources: ATECC508A datasheet, chapter 9; for the ATECC608 cryptoauthlib
//! `calib_command.h` and Microchip's public pages on the trust parts.

mod digest;
mod ecc;
mod kdf;
mod mac;
mod memory;
mod sha;
mod state;

use atecc::Family;
use atecc::command::Request;
use atecc::commands::{LoadNonce, NonceTarget, RandomNonce, SeedUpdate};

use super::chip;
use super::row::{Row, request};

const ONLY_508: Family = Family::Atecc508;
const ONLY_608: Family = Family::Atecc608;

/// A mode that two sources agree on no further.
const OTP_BITS: &str = "the public ATECC508A datasheet wants these bits zero, cryptoauthlib has \
    them for the family";
/// Param2 of a command on `TempKey`.
const TEMP_KEY: u16 = 0xFFFF;
const TAKES_SLOT_15: &str = "an ATECC508A ignores the high bits of a slot number";

/// All rows, by the name of the command.
pub(super) fn all() -> Vec<Row> {
    let groups = [
        mac::rows(),
        digest::rows(),
        ecc::rows(),
        kdf::rows(),
        memory::rows(),
        sha::rows(),
        state::rows(),
    ];
    let mut rows: Vec<_> = groups.into_iter().flatten().collect();
    rows.sort_by_key(|row| row.command.to_lowercase());
    rows
}

const fn none(data: &[u8]) -> bool {
    data.is_empty()
}

/// Put a random number into `TempKey`.
fn random_nonce() -> Request {
    request(&RandomNonce {
        input: [0x20; 20],
        seed: SeedUpdate::Never,
    })
}

/// What [`random_nonce`] left in `TempKey`, by its answer.
fn random_temp_key(answer: &[u8]) -> [u8; 32] {
    let random = answer.try_into().unwrap_or([0; 32]);
    atecc::host::random_nonce(&random, &[0x20; 20], SeedUpdate::Never)
}

/// Load a further buffer of an ATECC608 with the content of `TempKey`.
fn load_buffer(target: NonceTarget) -> Request {
    request(&LoadNonce {
        target,
        value: chip::TEMP_KEY,
    })
}
