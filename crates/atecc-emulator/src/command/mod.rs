//! What the chip does with a complete group.
//!
//! One file per command: parse checks first (status 0x03), then checks of
//! state and configuration (0x0F), then the work. The order among them is
//! free on silicon (source: ATECC508A datasheet, section 9.1.2).

mod aes;
mod check_mac;
mod counter;
mod derive_key;
mod ecdh;
mod gen_dig;
mod gen_key;
#[cfg(test)]
mod harness;
mod hmac;
mod info;
mod io_protection;
mod kdf;
mod key_use;
mod lock;
mod mac;
mod nonce;
mod opcode;
mod p256;
mod pause;
mod priv_write;
mod random;
mod read;
mod secure_boot;
mod self_test;
mod sha;
mod sign;
mod temp_key_validity;
mod update_extra;
mod verify;
mod write;

use sha2::{Digest, Sha256};

pub use opcode::Opcode;

use crate::defect::Defects;
use crate::entropy::Generator;
use crate::memory::{Image, LockState};
use crate::revision::Revision;
use crate::volatile::Volatile;

/// The byte of a four-byte response.
///
/// Source: ATECC508A datasheet, Table 9-3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Success = 0x00,
    /// `CheckMac`, `Verify` or `SecureBoot`: the values do not match.
    Mismatch = 0x01,
    /// Illegal opcode, length or parameter, whatever the chip's state.
    Parse = 0x03,
    /// A rare failure of the elliptic-curve engine.
    Ecc = 0x05,
    /// A self-test of a 608 failed before.
    SelfTest = 0x07,
    /// The health test of a 608's random generator failed.
    Health = 0x08,
    /// Not possible in the current state or configuration.
    Execution = 0x0F,
    /// After a wake, before the first command.
    Wake = 0x11,
    /// Too little time is left before the watchdog expires.
    Watchdog = 0xEE,
    /// Bad CRC or framing.
    Crc = 0xFF,
}

/// A command group without count and CRC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) p1: u8,
    pub(crate) p2: u16,
    pub(crate) data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Cut from a group of at least seven bytes.
    pub(crate) fn cut(group: &'a [u8]) -> Option<Self> {
        let (body, _crc) = group.split_last_chunk::<2>()?;
        let ([_count, opcode, p1, low, high], data) = body.split_first_chunk::<5>()?;
        let p2 = u16::from_le_bytes([*low, *high]);
        Some(Self {
            opcode: *opcode,
            p1: *p1,
            p2,
            data,
        })
    }

    /// Opcode, Param1 and Param2, as digest messages contain them.
    const fn head(&self) -> [u8; 4] {
        let [low, high] = self.p2.to_le_bytes();
        [self.opcode, self.p1, low, high]
    }
}

/// The payload of a response, or the status that takes its place. No payload
/// at all is `Pause` for another chip: idle, without an answer.
type Outcome = Result<Vec<u8>, Status>;

/// The answer of a command that returns no data.
const SUCCESS: [u8; 1] = [Status::Success as u8];
/// The answer to a value that does not match: the command itself was fine.
const MISMATCH: [u8; 1] = [Status::Mismatch as u8];

/// All that a command can see and change.
pub(crate) struct Core<'a> {
    /// A copy that replaces the EEPROM when the command succeeds.
    pub(crate) memory: &'a mut Image,
    pub(crate) volatile: &'a mut Volatile,
    pub(crate) generator: &'a mut Generator,
    pub(crate) defects: &'a mut Defects,
}

impl Core<'_> {
    /// Run one command. On an error the memory must be left as it was.
    pub(crate) fn run(&mut self, frame: &Frame<'_>) -> Outcome {
        let opcode = Opcode::from_byte(frame.opcode).filter(|opcode| opcode.is_on(self.revision()));
        if self.revision().is_508() && opcode != Some(Opcode::Sha) {
            self.drop_shared_context();
        }
        let outcome = self.check_failure_state(opcode, frame).and_then(|()| {
            opcode
                .ok_or(Status::Parse)
                .and_then(|opcode| self.dispatch(opcode, frame))
        });
        self.end_temp_key(opcode, frame, outcome.as_ref().err().copied());
        outcome
    }

    fn dispatch(&mut self, opcode: Opcode, frame: &Frame<'_>) -> Outcome {
        match opcode {
            Opcode::Aes => self.aes(frame),
            Opcode::CheckMac => self.check_mac(frame),
            Opcode::Counter => self.counter(frame),
            Opcode::DeriveKey => self.derive_key(frame),
            Opcode::Ecdh => self.ecdh(frame),
            Opcode::GenDig => self.gen_dig(frame),
            Opcode::GenKey => self.gen_key(frame),
            Opcode::Hmac => self.hmac(frame),
            Opcode::Info => self.info(frame),
            Opcode::Kdf => self.kdf(frame),
            Opcode::Lock => self.lock(frame),
            Opcode::Mac => self.mac(frame),
            Opcode::Nonce => self.nonce(frame),
            Opcode::Pause => self.pause(frame),
            Opcode::PrivWrite => self.priv_write(frame),
            Opcode::Random => self.random(frame),
            Opcode::Read => self.read(frame),
            Opcode::SecureBoot => self.secure_boot(frame),
            Opcode::SelfTest => self.self_test(frame),
            Opcode::Sha => self.sha(frame),
            Opcode::Sign => self.sign(frame),
            Opcode::UpdateExtra => self.update_extra(frame),
            Opcode::Verify => self.verify(frame),
            Opcode::Write => self.write(frame),
        }
    }

    /// Keyed commands answer 0x0F while the configuration is unlocked. Field
    /// reports prove it for `GenKey` and reads; for the others it is
    /// unconfirmed.
    fn check_config_locked(&self) -> Result<(), Status> {
        check(
            self.lock_state() != LockState::ConfigOpen,
            Status::Execution,
        )
    }

    const fn revision(&self) -> Revision {
        self.memory.revision()
    }

    const fn lock_state(&self) -> LockState {
        self.memory.lock_state()
    }

    /// Refuse data on a command that takes none.
    ///
    /// A 508 ignores it (source: ATECC508A datasheet, the commands' tables);
    /// a 608 is taken to refuse it (unconfirmed).
    fn takes_no_data(&self, frame: &Frame<'_>) -> Result<(), Status> {
        check(
            self.revision().is_508() || frame.data.is_empty(),
            Status::Parse,
        )
    }
}

/// `Ok` when `condition` holds, else the status.
const fn check(condition: bool, otherwise: Status) -> Result<(), Status> {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// `left` XOR `right`, which are equally long.
fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(a, b)| a ^ b).collect()
}

/// SHA-256 over the concatenation of `parts`.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
