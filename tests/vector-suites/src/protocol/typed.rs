//! Our commands, chosen by what a row says.

use atecc::command::{DecodeError, Request, RequestTooLong};
use atecc::commands::{
    DigestSource, Ecdh, GenKey, GenKeyMode, InfoKeyValid, InfoRevision, LoadNonce, Lock,
    LockTarget, NonceTarget, Random, ReadBlock, ReadWord, SharedSecret, Sign, WriteBlock,
    WriteWord,
};
use atecc::{BlockAddress, Command, PublicKey, Region, Revision, Slot, WordAddress, Zone};

/// A command of some type.
#[derive(Clone, Debug)]
pub(super) enum Typed {
    InfoRevision(InfoRevision),
    InfoKeyValid(InfoKeyValid),
    ReadBlock(ReadBlock),
    ReadWord(ReadWord),
    WriteBlock(WriteBlock),
    WriteWord(WriteWord),
    GenKey(GenKey),
    LoadNonce(LoadNonce),
    Lock(Lock),
    Random(Random),
    Sign(Sign),
    Ecdh(Ecdh),
}

macro_rules! each {
    ($typed:expr, $command:ident => $result:expr) => {
        match $typed {
            Typed::InfoRevision($command) => $result,
            Typed::InfoKeyValid($command) => $result,
            Typed::ReadBlock($command) => $result,
            Typed::ReadWord($command) => $result,
            Typed::WriteBlock($command) => $result,
            Typed::WriteWord($command) => $result,
            Typed::GenKey($command) => $result,
            Typed::LoadNonce($command) => $result,
            Typed::Lock($command) => $result,
            Typed::Random($command) => $result,
            Typed::Sign($command) => $result,
            Typed::Ecdh($command) => $result,
        }
    };
}

impl Typed {
    pub(super) fn request(&self) -> Result<Request, RequestTooLong> {
        each!(self, command => Request::new(command))
    }

    /// The bytes of the decoded response; none for success without a value.
    pub(super) fn decode(&self, payload: &[u8]) -> Result<Vec<u8>, DecodeError> {
        each!(self, command => command.decode(payload).map(Value::bytes))
    }

    /// Read 4 or 32 bytes at `address`, as Param2 has it.
    pub(super) fn read(zone: Zone, address: u16, length: usize) -> Option<Self> {
        match (length, region(zone, address)?) {
            (32, Spot { region, word }) => Some(Self::ReadBlock(ReadBlock {
                address: block(region, word)?,
            })),
            (4, Spot { region, word }) => Some(Self::ReadWord(ReadWord {
                address: WordAddress::new(region, word).ok()?,
            })),
            _ => None,
        }
    }

    /// Write 4 or 32 bytes at `address`, as Param2 has it.
    pub(super) fn write(zone: Zone, address: u16, data: &[u8]) -> Option<Self> {
        let Spot { region, word } = region(zone, address)?;
        if let Ok(data) = data.try_into() {
            let address = block(region, word)?;
            return Some(Self::WriteBlock(WriteBlock { address, data }));
        }
        Some(Self::WriteWord(WriteWord {
            address: WordAddress::new(region, word).ok()?,
            data: data.try_into().ok()?,
        }))
    }

    /// The command of a payload: opcode, Param1, Param2, data.
    pub(super) fn from_payload(payload: &[u8]) -> Option<Self> {
        let (&[opcode, param1, low, high], data) = payload.split_first_chunk()?;
        let param2 = u16::from_le_bytes([low, high]);
        let slot = |index| Slot::new(index).ok();
        Some(match (opcode, param1) {
            (0x02, _) => {
                let length = if param1 & 0x80 == 0 { 4 } else { 32 };
                Self::read(zone(param1 & 0x7F)?, param2, length)?
            }
            (0x12, _) => Self::write(zone(param1 & 0x7F)?, param2, data)?,
            (0x16, 0x03 | 0x43) => Self::LoadNonce(LoadNonce {
                target: match param1 {
                    0x03 => NonceTarget::TempKey,
                    _ => NonceTarget::MessageDigestBuffer,
                },
                value: data.try_into().ok()?,
            }),
            (0x17, 0x00) => Self::lock(LockTarget::Config { crc: param2 }),
            (0x17, 0x01) => Self::lock(LockTarget::Data { crc: param2 }),
            (0x17, _) => Self::lock(LockTarget::Slot(slot(param1 >> 2)?)),
            (0x1B, 0x00) => Self::Random(Random::default()),
            (0x30, 0x00) => Self::InfoRevision(InfoRevision),
            (0x30, 0x01) => Self::InfoKeyValid(InfoKeyValid { slot: slot(low)? }),
            (0x40, 0x00 | 0x04) => Self::GenKey(GenKey {
                mode: match param1 {
                    0x00 => GenKeyMode::Public,
                    _ => GenKeyMode::Create,
                },
                slot: slot(low)?,
            }),
            (0x41, 0x80 | 0xA0) => Self::Sign(Sign {
                source: match param1 {
                    0x80 => DigestSource::TempKey,
                    _ => DigestSource::MessageDigestBuffer,
                },
                slot: slot(low)?,
            }),
            _ => return None,
        })
    }

    pub(super) const fn lock(target: LockTarget) -> Self {
        Self::Lock(Lock { target })
    }
}

/// A word of a region.
struct Spot {
    region: Region,
    word: u8,
}

const fn zone(bits: u8) -> Option<Zone> {
    match bits {
        0 => Some(Zone::Config),
        1 => Some(Zone::Otp),
        2 => Some(Zone::Data),
        _ => None,
    }
}

/// Param2 taken apart. Source: ATECC508A datasheet, "Address Encoding".
fn region(zone: Zone, address: u16) -> Option<Spot> {
    let [low, high] = address.to_le_bytes();
    let (region, word) = match zone {
        Zone::Config => (Region::Config, u8::try_from(address).ok()?),
        Zone::Otp => (Region::Otp, u8::try_from(address).ok()?),
        Zone::Data => (
            Region::Slot(Slot::new(low >> 3).ok()?),
            high.checked_mul(8)?.checked_add(low & 7)?,
        ),
    };
    Some(Spot { region, word })
}

fn block(region: Region, word: u8) -> Option<BlockAddress> {
    word.is_multiple_of(8)
        .then(|| BlockAddress::new(region, word / 8).ok())
        .flatten()
}

/// A decoded response as bytes.
trait Value {
    fn bytes(self) -> Vec<u8>;
}

impl Value for () {
    fn bytes(self) -> Vec<u8> {
        Vec::new()
    }
}

impl<const N: usize> Value for [u8; N] {
    fn bytes(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Value for PublicKey {
    fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl Value for Revision {
    fn bytes(self) -> Vec<u8> {
        self.to_bytes().to_vec()
    }
}

impl Value for bool {
    fn bytes(self) -> Vec<u8> {
        vec![self.into()]
    }
}

impl Value for SharedSecret {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Kept => Vec::new(),
            Self::Clear(secret) => secret.to_vec(),
            Self::Encrypted { cipher, nonce } => [cipher, nonce].concat(),
        }
    }
}
