//! `AES` (opcode 0x51), ATECC608 only. Source: cryptoauthlib `calib_aes.c`.

use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, Slot};

/// Encrypt or decrypt one block of 16 bytes with AES-128, ECB.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{Aes, AesKey, AesMode, KeyBlock};
///
/// let key = AesKey::Slot(Slot::S9, KeyBlock::First);
/// let block = Aes { mode: AesMode::Encrypt, key, input: [0x80; 16] };
/// let cipher = device.execute(block)?;
/// let back = Aes { mode: AesMode::Decrypt, key, input: cipher };
/// assert_eq!(device.execute(back)?, [0x80; 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Aes {
    /// Which of the two.
    pub mode: AesMode,
    /// The key.
    pub key: AesKey,
    /// The block.
    pub input: [u8; 16],
}

/// The low bits of Param1 of `AES`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum AesMode {
    /// Encrypt.
    Encrypt = 0x00,
    /// Decrypt.
    Decrypt = 0x01,
}

/// Where an AES key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AesKey {
    /// In a slot of key type AES.
    Slot(Slot, KeyBlock),
    /// In `TempKey`, which stays valid.
    TempKey(KeyBlock),
}

/// Which 16 bytes of a slot or of `TempKey`: byte offset 16 times this.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(u8)]
pub enum KeyBlock {
    /// Bytes 0 to 15.
    #[default]
    First = 0,
    /// Bytes 16 to 31.
    Second = 1,
    /// Bytes 32 to 47; slots 8 to 15, or a `TempKey` of 64 bytes.
    Third = 2,
    /// Bytes 48 to 63; slots 8 to 15, or a `TempKey` of 64 bytes.
    Fourth = 3,
}

#[cfg(feature = "parse")]
impl KeyBlock {
    /// The low two bits.
    pub(super) const fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::First,
            1 => Self::Second,
            2 => Self::Third,
            _ => Self::Fourth,
        }
    }
}

impl Command for Aes {
    const OPCODE: Opcode = Opcode::Aes;
    type Response = [u8; 16];

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        let (AesKey::Slot(_, block) | AesKey::TempKey(block)) = self.key;
        (block as u8) << 6 | self.mode as u8
    }
    fn param2(&self) -> u16 {
        match self.key {
            AesKey::Slot(slot, _) => slot.index().into(),
            AesKey::TempKey(_) => 0xFFFF,
        }
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.input)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(16)
    }
    fn repeat(&self) -> Retry {
        match self.key {
            AesKey::Slot(..) => Retry::CheckStateFirst,
            AesKey::TempKey(_) => Retry::RestartSequence,
        }
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 16], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Aes {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = match group.param1 & 0x3F {
            0x00 => AesMode::Encrypt,
            0x01 => AesMode::Decrypt,
            _ => return Err(group.wrong_mode()),
        };
        let block = KeyBlock::from_bits(group.param1 >> 6);
        let key = match group.param2 {
            0xFFFF => AesKey::TempKey(block),
            _ => AesKey::Slot(group.slot(), block),
        };
        let input = group.exactly()?;
        Ok(Self { mode, key, input })
    }
}

/// Multiply in GF(2^128) as GCM does (NIST SP 800-38D): `h` times `input`.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::AesGfm;
///
/// let product = device.execute(AesGfm { h: [0x66; 16], input: [0; 16] })?;
/// assert_eq!(product, [0; 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AesGfm {
    /// The hash key.
    pub h: [u8; 16],
    /// The block.
    pub input: [u8; 16],
}

impl Command for AesGfm {
    const OPCODE: Opcode = Opcode::Aes;
    type Response = [u8; 16];

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        0x03
    }
    fn data(&self) -> Data<'_> {
        Data(&self.h, &self.input, &[])
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(16)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 16], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for AesGfm {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.param1 != 0x03 {
            return Err(group.wrong_mode());
        }
        let (h, input) = group.exactly_two()?;
        Ok(Self { h, input })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let aes = Aes {
            mode: AesMode::Encrypt,
            key: AesKey::TempKey(KeyBlock::First),
            input: [0x6B; 16],
        };
        let bytes = group(&aes);
        assert_eq!(bytes[..5], [0x17, 0x51, 0x00, 0xFF, 0xFF]);
        assert_eq!(bytes[5..21], [0x6B; 16]);
        let aes = Aes {
            mode: AesMode::Decrypt,
            key: AesKey::Slot(Slot::S10, KeyBlock::Fourth),
            ..aes
        };
        assert_eq!(group(&aes)[..5], [0x17, 0x51, 0xC1, 0x0A, 0x00]);
        let gfm = AesGfm {
            h: [0x01; 16],
            input: [0x02; 16],
        };
        let bytes = group(&gfm);
        assert_eq!(bytes[..6], [0x27, 0x51, 0x03, 0x00, 0x00, 0x01]);
        assert_eq!(bytes[21..37], [0x02; 16]);
    }
}
