//! The host's side of every secret that it shares with a chip.
//!
//! Each function computes what the chip computes for one command, from the
//! same inputs: nonces, MACs, digests into `TempKey`, derived keys, the
//! encryption of reads and writes. The commands' own parameters are part of
//! the messages, so the functions take the command itself as a [`CommandHeader`].
//!
//! Nothing here touches a bus, and nothing keeps a key.
//! Sources: ATECC508A datasheet, the message tables of each command; for the
//! ATECC608 cryptoauthlib `atca_host.c`.

mod counter_match;
mod derive_key;
mod encrypted;
mod gen_dig;
mod gen_key;
mod io_protection;
mod mac;
mod nonce;
mod secure_boot;
mod sign_internal;
mod verify;

pub use counter_match::{CounterMatchError, counter_match};
pub use derive_key::{derive_key, derive_key_mac};
pub use encrypted::{EncryptedKey, EncryptedWrite, encrypt_private_key, encrypt_write, xor};
pub use gen_dig::{DigInput, gen_dig};
pub use gen_key::gen_key_digest;
pub use io_protection::{decrypt_32, decrypt_64};
pub use mac::{MacInput, check_mac_response, hmac_508, mac};
pub use nonce::{fixed_nonce, random_nonce};
pub use secure_boot::{BootKey, secure_boot_mac};
pub use sign_internal::{InternalMessage, TempKeyState, Validity};
pub use verify::verify_mac;

use sha2::{Digest, Sha256};

use crate::commands::IncludeSerial as Include;
use crate::{Command, Opcode, SerialNumber};

/// Opcode and parameters as they are hashed: four bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CommandHeader([u8; 4]);

impl CommandHeader {
    /// Those of `command`.
    #[must_use]
    pub fn of<C: Command>(command: &C) -> Self {
        let [low, high] = command.param2().to_le_bytes();
        Self([C::BYTE, command.param1(), low, high])
    }

    /// Those of a command that is not at hand as a value.
    #[must_use]
    pub const fn new(opcode: Opcode, param1: u8, param2: u16) -> Self {
        let [low, high] = param2.to_le_bytes();
        Self([opcode as u8, param1, low, high])
    }

    const fn param1(self) -> u8 {
        let [_, param1, ..] = self.0;
        param1
    }
}

/// SHA-256 of `parts` one after the other.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SN\[8\], SN\[0\], SN\[1\]: the part of the serial number that generic chips
/// share and that most messages end with.
fn tail(serial: &SerialNumber) -> [u8; 3] {
    let [a, b, .., i] = serial.0;
    [i, a, b]
}

/// SN\[4..8\], or zeros.
fn middle(serial: &SerialNumber, include: Include) -> [u8; 4] {
    let [_, _, _, _, e, f, g, h, _] = serial.0;
    match include {
        Include::Whole => [e, f, g, h],
        Include::Fixed => [0; 4],
    }
}

/// SN\[2..4\], or zeros.
fn second(serial: &SerialNumber, include: Include) -> [u8; 2] {
    let [_, _, c, d, ..] = serial.0;
    match include {
        Include::Whole => [c, d],
        Include::Fixed => [0; 2],
    }
}

/// Bit 6 of Param1 of MAC, HMAC and Sign.
fn include(head: CommandHeader) -> Include {
    if head.param1() & 0x40 == 0 {
        Include::Fixed
    } else {
        Include::Whole
    }
}

#[cfg(test)]
mod testing {
    //! The inputs of the computed values: `docs/sources.md`.

    use crate::SerialNumber;

    pub(super) const SERIAL: SerialNumber =
        SerialNumber([0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xEE]);
    pub(super) const KEY: [u8; 32] = counting(0x20);
    pub(super) const TEMP_KEY: [u8; 32] = counting(0x40);
    pub(super) const CHALLENGE: [u8; 32] = counting(0x80);
    pub(super) const NONCE: [u8; 32] = counting(0xA0);
    pub(super) const OTP: [u8; 64] = counting(0xC0);
    /// Of the private key 01 02 .. 20.
    pub(super) const PUBLIC_KEY: &str = "515C3D6EB9E396B904D3FECA7F54FDCD0CC1E997BF375DCA515AD0A6C3B4035F\
                                         4536BE3A50F318FBF9A5475902A221502BEF0D57E08C53B2CC0A56F17D9F9354";

    /// `from`, `from` + 1 and so on.
    pub(super) const fn counting<const N: usize>(from: u8) -> [u8; N] {
        let mut bytes = [from; N];
        let mut at = 1;
        while at < N {
            bytes[at] = bytes[at - 1].wrapping_add(1);
            at += 1;
        }
        bytes
    }

    pub(super) fn hex<const N: usize>(text: &str) -> [u8; N] {
        let digits: Vec<u8> = text
            .chars()
            .filter(char::is_ascii_hexdigit)
            .map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap())
            .collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect();
        bytes.try_into().unwrap()
    }
}
