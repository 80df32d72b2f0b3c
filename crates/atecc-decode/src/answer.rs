//! Typed responses: back to the bytes, and to words.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use atecc::commands::{
    DerivedKey, Engines, Paused, ShaContext, SharedSecret, Verdict, VolatileState,
};
use atecc::{PublicKey, Revision};

use crate::hex::Short;

/// What a command answers.
pub(crate) trait Answer {
    /// The bytes between count and CRC.
    fn payload(&self) -> Vec<u8>;
    /// What they say, unless the command knows better.
    fn words(&self) -> String;
}

impl Answer for () {
    fn payload(&self) -> Vec<u8> {
        vec![0x00]
    }
    fn words(&self) -> String {
        "success".into()
    }
}

/// Whether something holds: the first of four bytes.
impl Answer for bool {
    fn payload(&self) -> Vec<u8> {
        vec![u8::from(*self), 0, 0, 0]
    }
    fn words(&self) -> String {
        if *self { "yes".into() } else { "no".into() }
    }
}

impl<const N: usize> Answer for [u8; N] {
    fn payload(&self) -> Vec<u8> {
        self.to_vec()
    }
    fn words(&self) -> String {
        format!("{N} bytes {}", Short(self))
    }
}

impl Answer for u32 {
    fn payload(&self) -> Vec<u8> {
        self.to_le_bytes().to_vec()
    }
    fn words(&self) -> String {
        format!("value {self}")
    }
}

impl Answer for PublicKey {
    fn payload(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
    fn words(&self) -> String {
        format!("public key {}", Short(self.as_bytes()))
    }
}

impl Answer for Revision {
    fn payload(&self) -> Vec<u8> {
        self.to_bytes().to_vec()
    }
    fn words(&self) -> String {
        self.to_string()
    }
}

impl Answer for VolatileState {
    fn payload(&self) -> Vec<u8> {
        vec![self.temp_key_flags, self.flags, 0, 0]
    }
    fn words(&self) -> String {
        let temp_key = if self.temp_key_valid() {
            "TempKey valid"
        } else {
            "TempKey invalid"
        };
        match self.authorized_key() {
            Some(slot) => format!("{temp_key}, key of slot {slot} authorized"),
            None => temp_key.into(),
        }
    }
}

impl Answer for SharedSecret {
    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Kept => vec![0x00],
            Self::Clear(secret) => secret.to_vec(),
            Self::Encrypted { cipher, nonce } => [*cipher, *nonce].concat(),
        }
    }
    fn words(&self) -> String {
        match self {
            Self::Kept => "success, kept in the chip",
            Self::Clear(_) => "shared secret, in the clear (32 bytes)",
            Self::Encrypted { .. } => "shared secret, encrypted (32 bytes), and OutNonce",
        }
        .into()
    }
}

impl Answer for DerivedKey {
    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Kept => vec![0x00],
            Self::Clear32(key) => key.to_vec(),
            Self::Clear64(key) => key.to_vec(),
            Self::Encrypted32 { cipher, nonce } => [*cipher, *nonce].concat(),
            Self::Encrypted64 { cipher, nonce } => [&cipher[..], &nonce[..]].concat(),
        }
    }
    fn words(&self) -> String {
        match self {
            Self::Kept => "success, kept in the chip",
            Self::Clear32(_) => "derived key, in the clear (32 bytes)",
            Self::Clear64(_) => "derived key, in the clear (64 bytes)",
            Self::Encrypted32 { .. } => "derived key, encrypted (32 bytes), and OutNonce",
            Self::Encrypted64 { .. } => "derived key, encrypted (64 bytes), and OutNonce",
        }
        .into()
    }
}

impl Answer for Paused {
    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Awake => vec![0x00],
            Self::Idle => Vec::new(),
        }
    }
    fn words(&self) -> String {
        match self {
            Self::Awake => "success, stays awake",
            Self::Idle => "silent, idle",
        }
        .into()
    }
}

impl Answer for Verdict {
    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Good => vec![0x00],
            Self::Bad => vec![0x01],
            Self::GoodIfMac(mac) => mac.to_vec(),
        }
    }
    fn words(&self) -> String {
        match self {
            Self::Good => "match".into(),
            Self::Bad => "no match".into(),
            Self::GoodIfMac(mac) => format!("match, MAC {}", Short(mac)),
        }
    }
}

impl Answer for Engines {
    fn payload(&self) -> Vec<u8> {
        vec![self.bits()]
    }
    fn words(&self) -> String {
        if self.is_empty() {
            "all passed".into()
        } else {
            format!("failed: {}", engines(*self))
        }
    }
}

/// Names of engines. Source: as `atecc::commands::SelfTest`.
pub(crate) fn engines(set: Engines) -> String {
    let names: Vec<_> = [
        (Engines::RNG, "RNG"),
        (Engines::ECDSA, "ECDSA"),
        (Engines::ECDH, "ECDH"),
        (Engines::AES, "AES"),
        (Engines::SHA, "SHA"),
    ]
    .into_iter()
    .filter(|(engine, _)| set.bits() & engine.bits() != 0)
    .map(|(_, name)| name)
    .collect();
    if names.is_empty() {
        format!("bits {:02X}", set.bits())
    } else {
        names.join(", ")
    }
}

impl Answer for ShaContext {
    fn payload(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
    fn words(&self) -> String {
        format!("context of {} bytes", self.as_bytes().len())
    }
}
