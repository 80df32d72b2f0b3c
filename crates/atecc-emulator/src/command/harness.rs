//! A chip's core in a harness, for tests: commands without bus or framing,
//! and registers set by hand.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

use super::{Core, Frame, Outcome, Status};
use crate::defect::Defects;
use crate::entropy::Generator;
use crate::memory::{Image, LockState, Slot};
use crate::revision::Revision;
use crate::serial::SerialNumber;
use crate::volatile::{Source, Volatile};

/// The serial number of all vectors.
const SERIAL: &str = "0123456789ABCDEFEE";
/// X then Y of the public key of [`PRIVATE_KEY`].
pub(super) const PUBLIC_KEY: &str = "515C3D6EB9E396B904D3FECA7F54FDCD0CC1E997BF375DCA515AD0A6C3B4035F\
     4536BE3A50F318FBF9A5475902A221502BEF0D57E08C53B2CC0A56F17D9F9354";

/// 32 rising bytes from `first`: 40.. is `TempKey` in all vectors.
pub(super) fn rising(first: u8) -> [u8; 32] {
    std::array::from_fn(|index| first.wrapping_add(u8::try_from(index).unwrap_or(0)))
}

/// R then S over `digest` with the vectors' key, made by the library.
pub(super) fn signature(digest: &[u8; 32]) -> Vec<u8> {
    let key = SigningKey::from_slice(&rising(0x01)).expect("the vectors' key");
    let signature: Signature = key.sign_prehash(digest).expect("a signature");
    signature.to_bytes().to_vec()
}

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    crate::hex::decode(hex).expect("a vector in hexadecimal")
}

pub(super) struct Harness {
    pub(super) memory: Image,
    pub(super) volatile: Volatile,
    pub(super) defects: Defects,
    generator: Generator,
}

impl Harness {
    /// A blank chip with the vectors' serial number and this lock state.
    pub(super) fn new(revision: Revision, state: LockState) -> Self {
        let serial: SerialNumber = SERIAL.parse().expect("a serial number");
        let mut memory = Image::blank(revision).with_serial(serial);
        if state != LockState::ConfigOpen {
            memory.config[87] = 0x00;
        }
        if state == LockState::Locked {
            memory.config[86] = 0x00;
        }
        Self {
            memory,
            volatile: Volatile::default(),
            defects: Defects::none(),
            generator: Generator::seeded(7),
        }
    }

    /// `SlotConfig` and `KeyConfig` of one slot.
    pub(super) fn configure(&mut self, slot: u8, slot_config: u16, key_config: u16) {
        let at = 2 * usize::from(slot);
        self.memory.config[20 + at..22 + at].copy_from_slice(&slot_config.to_le_bytes());
        self.memory.config[96 + at..98 + at].copy_from_slice(&key_config.to_le_bytes());
    }

    /// The vectors' private key 0102..20 in `slot`.
    pub(super) fn store_private_key(&mut self, slot: u8) {
        let bytes = self.memory.slot_mut(Slot::of_nibble(slot));
        bytes[..4].fill(0);
        bytes[4..36].copy_from_slice(&rising(0x01));
    }

    /// A symmetric key: the first 32 bytes of `slot`.
    pub(super) fn store_key(&mut self, slot: u8, key: &[u8; 32]) {
        self.memory.slot_mut(Slot::of_nibble(slot))[..32].copy_from_slice(key);
    }

    /// X then Y into `slot`, each after four bytes of padding.
    pub(super) fn store_public_key(&mut self, slot: u8, xy: &[u8]) {
        let bytes = self.memory.slot_mut(Slot::of_nibble(slot));
        bytes.fill(0);
        bytes[4..36].copy_from_slice(&xy[..32]);
        bytes[40..72].copy_from_slice(&xy[32..]);
    }

    /// `AuthValid` for the key in `slot`.
    pub(super) fn authorize(&mut self, slot: u8) {
        self.volatile.auth_valid = true;
        self.volatile.auth_key = slot;
    }

    /// The first half of `TempKey`, when valid.
    pub(super) fn temp_key(&self) -> Option<Vec<u8>> {
        self.volatile.temp_key.get().map(Vec::from)
    }

    /// `TempKey` := 40..5F from this source.
    pub(super) fn load_temp_key(&mut self, source: Source) {
        self.volatile.temp_key.load(rising(0x40), source);
    }

    /// `TempKey` := 40..5F as if `GenDig` had made it of the key in `slot`.
    pub(super) fn load_gen_dig(&mut self, slot: u8, source: Source) {
        self.load_temp_key(source);
        self.volatile.temp_key.gen_dig_data = true;
        self.volatile.temp_key.key_id = slot;
    }

    /// Run one command; on an error the memory must not have changed.
    pub(super) fn run(&mut self, opcode: u8, p1: u8, p2: u16, data: &[u8]) -> Outcome {
        let frame = Frame {
            opcode,
            p1,
            p2,
            data,
        };
        let mut staged = self.memory.clone();
        let mut core = Core {
            memory: &mut staged,
            volatile: &mut self.volatile,
            generator: &mut self.generator,
            defects: &mut self.defects,
        };
        let outcome = core.run(&frame);
        if outcome.is_ok() {
            self.memory = staged;
        }
        outcome
    }

    /// The status of a command that returns no data.
    pub(super) fn status(&mut self, opcode: u8, p1: u8, p2: u16, data: &[u8]) -> u8 {
        match self.run(opcode, p1, p2, data) {
            Ok(payload) if payload.len() == 1 => payload[0],
            Ok(_) => Status::Success as u8,
            Err(status) => status as u8,
        }
    }
}
