//! What the chip does with a complete group.
//!
//! One file per command: parse checks first (status 0x03), then checks of
//! state and configuration (0x0F), then the work. The order among them is
//! free on silicon (source: ATECC508A datasheet, section 9.1.2).

#[cfg(test)]
mod bench;
mod gen_key;
mod info;
mod key_use;
mod lifetime;
mod lock;
mod nonce;
mod opcode;
mod p256;
mod random;
mod read;
mod sign;
mod update_extra;
mod write;

use sha2::{Digest, Sha256};

pub use opcode::{NOT_YET_EMULATED, Opcode};

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
    /// Illegal opcode, length or parameter, whatever the chip's state.
    Parse = 0x03,
    /// A rare failure of the elliptic-curve engine.
    Ecc = 0x05,
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

/// The payload of a response, or the status that takes its place.
type Outcome = Result<Vec<u8>, Status>;

/// The answer of a command that returns no data.
const SUCCESS: [u8; 1] = [Status::Success as u8];

/// All that a command can see and change.
pub(crate) struct Core<'a> {
    /// A copy that replaces the EEPROM when the command succeeds.
    pub(crate) memory: &'a mut Image,
    pub(crate) volatile: &'a mut Volatile,
    pub(crate) generator: &'a mut Generator,
}

impl Core<'_> {
    /// Run one command. On an error the memory must be left as it was.
    pub(crate) fn run(&mut self, frame: &Frame<'_>) -> Outcome {
        let opcode = Opcode::from_byte(frame.opcode).filter(|opcode| opcode.is_on(self.revision()));
        let outcome = match opcode {
            Some(Opcode::GenKey) => self.gen_key(frame),
            Some(Opcode::Info) => self.info(frame),
            Some(Opcode::Lock) => self.lock(frame),
            Some(Opcode::Nonce) => self.nonce(frame),
            Some(Opcode::Random) => self.random(frame),
            Some(Opcode::Read) => self.read(frame),
            Some(Opcode::Sign) => self.sign(frame),
            Some(Opcode::UpdateExtra) => self.update_extra(frame),
            Some(Opcode::Write) => self.write(frame),
            Some(
                Opcode::Aes
                | Opcode::CheckMac
                | Opcode::Counter
                | Opcode::DeriveKey
                | Opcode::Ecdh
                | Opcode::GenDig
                | Opcode::Hmac
                | Opcode::Kdf
                | Opcode::Mac
                | Opcode::Pause
                | Opcode::PrivWrite
                | Opcode::SecureBoot
                | Opcode::SelfTest
                | Opcode::Sha
                | Opcode::Verify,
            )
            | None => Err(Status::Parse),
        };
        self.end_temp_key(opcode, frame, outcome.as_ref().err().copied());
        outcome
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

/// SHA-256 over the concatenation of `parts`.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
