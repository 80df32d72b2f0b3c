//! One value of each typed command, in each mode that matters.

mod list;

use atecc::command::Request;
use atecc::commands::{
    DigSource, GenDig, GenKey, GenKeyMode, LoadNonce, NonceTarget, RandomNonce, SeedUpdate,
    ShaStart,
};
use atecc::{BlockAddress, Command, Family, Opcode, Region, Slot, WordAddress};

use crate::chips::{DIGEST, Kit};

/// A command, and what has to come before it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Opcode and mode.
    pub name: String,
    /// The opcode.
    pub opcode: Opcode,
    /// What makes it succeed.
    pub before: Vec<Request>,
    /// The command.
    pub request: Request,
}

/// What a command needs before it.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// `TempKey` from the host.
    Loaded,
    /// `TempKey` from both sides.
    Random,
    /// `TempKey` by way of `GenDig`.
    Digested,
    /// A SHA calculation under way.
    Hashing,
    /// The same with an HMAC.
    Hmac,
    /// A digest of a public key in `TempKey`.
    PublicDigest,
}

/// Every command of the chips of `family`, in this order of opcodes.
#[must_use]
pub fn all(family: Family, kit: &Kit) -> Vec<Case> {
    let mut cases = Cases {
        family,
        list: Vec::new(),
    };
    cases.plain();
    cases.memory();
    cases.symmetric();
    cases.keys(kit);
    cases.hashes();
    cases.of_608(kit);
    cases.list
}

/// The typical commands of every opcode, each of which succeeds.
#[must_use]
pub fn typical(family: Family, kit: &Kit) -> Vec<Case> {
    let names = [
        "Info revision",
        "Random",
        "Nonce load",
        "Nonce random",
        "Read block",
        "Read word",
        "Write block",
        "Write word",
        "Counter read",
        "Counter increment",
        "Lock slot",
        "UpdateExtra",
        "Pause",
        "MAC challenge",
        "HMAC",
        "CheckMac",
        "GenDig data",
        "DeriveKey",
        "GenKey public",
        "GenKey create",
        "Sign",
        "Sign internal",
        "Verify",
        "ECDH",
        "SHA start",
        "SHA update",
        "SHA end",
        "AES",
        "KDF",
        "SelfTest",
        "SecureBoot",
    ];
    let all = all(family, kit);
    let typical = all.into_iter();
    typical
        .filter(|case| names.contains(&case.name.as_str()))
        .collect()
}

struct Cases {
    family: Family,
    list: Vec<Case>,
}

impl Before {
    fn requests(self) -> Vec<Request> {
        let load = || {
            let (target, value) = (NonceTarget::TempKey, DIGEST);
            request(&LoadNonce { target, value })
        };
        let random = || {
            let (input, seed) = ([0x45; 20], SeedUpdate::Automatic);
            request(&RandomNonce { input, seed })
        };
        match self {
            Self::Nothing => Vec::new(),
            Self::Loaded => vec![load()],
            Self::Random => vec![random()],
            Self::Digested => {
                let source = DigSource::Data(Slot::S2);
                vec![random(), request(&GenDig { source })]
            }
            Self::Hashing => vec![request(&ShaStart::Sha256)],
            Self::Hmac => vec![request(&ShaStart::Hmac(Slot::S2))],
            Self::PublicDigest => {
                let (mode, slot) = (GenKeyMode::PublicDigest, Slot::S0);
                vec![load(), request(&GenKey { mode, slot })]
            }
        }
    }
}

fn request<C: Command>(command: &C) -> Request {
    Request::new(command).expect("it fits a group")
}

fn block(place: Region, block: u8) -> BlockAddress {
    BlockAddress::new(place, block).expect("a block")
}

fn word(place: Region, word: u8) -> WordAddress {
    WordAddress::new(place, word).expect("a word")
}
