//! `Write` (opcode 0x12). Source: ATECC508A datasheet, "Write
//! Command".
//!
//! A clear write of the same bytes to the same place leaves the same memory, so it
//! may be sent again after an unknown outcome.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::read::BLOCK;
use crate::command::{Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{BlockAddress, Command, Opcode, WordAddress};

/// Param1 bits 7 and 6: 32 bytes, encrypted.
#[cfg(feature = "parse")]
const BOTH: u8 = BLOCK | ZoneState::Unlocked as u8;

/// Write 32 bytes. Past the end of a short last block the chip drops them.
///
/// They may be a secret, so they are zeroized when it is dropped.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{ReadBlock, WriteBlock};
/// use atecc::{BlockAddress, Region, Slot};
///
/// let address = BlockAddress::new(Region::Slot(Slot::S8), 3)?;
/// device.execute(WriteBlock { address, data: [0x5A; 32] })?;
/// assert_eq!(device.execute(ReadBlock { address })?, [0x5A; 32]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WriteBlock {
    /// The block: 32 bytes of a zone or slot.
    pub address: BlockAddress,
    /// The bytes, in the clear.
    pub data: [u8; 32],
}

impl Drop for WriteBlock {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl ZeroizeOnDrop for WriteBlock {}

impl Command for WriteBlock {
    const OPCODE: Opcode = Opcode::Write;
    type Response = ();

    fn param1(&self) -> u8 {
        BLOCK | self.address.zone() as u8
    }
    fn param2(&self) -> u16 {
        self.address.param2()
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.data)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for WriteBlock {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        // With a MAC, the bytes are encrypted.
        if group.param1 & (BOTH) != BLOCK || group.data.len() == 64 {
            return Err(group.wrong_mode());
        }
        let address = BlockAddress::from_group(group, group.param1 & !BLOCK)?;
        let data = group.exactly()?;
        Ok(Self { address, data })
    }
}

/// Write 32 encrypted bytes with their MAC; TempKey holds a digest of the
/// slot's write key.
///
/// ```
/// use atecc::commands::{WriteEncrypted, ZoneState};
/// use atecc::command::Request;
/// use atecc::{BlockAddress, Region, Slot};
///
/// let write = WriteEncrypted {
///     address: BlockAddress::new(Region::Slot(Slot::S5), 0)?,
///     zone_state: ZoneState::Locked,
///     cipher: [0xC1; 32],
///     mac: [0xC2; 32],
/// };
/// assert_eq!(Request::new(&write)?.as_bytes()[2..4], [0x12, 0x82]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WriteEncrypted {
    /// Where: OTP or a slot.
    pub address: BlockAddress,
    /// In which state of the data zone; part of the MAC.
    pub zone_state: ZoneState,
    /// The bytes, encrypted.
    pub cipher: [u8; 32],
    /// Over command and plain text.
    pub mac: [u8; 32],
}

/// Bit 6 of Param1 of an encrypted write: before the data lock it is what
/// says that the data are encrypted, after it the slot's configuration does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum ZoneState {
    /// The data zone is not locked.
    Unlocked = 0x40,
    /// The data zone is locked.
    Locked = 0x00,
}

impl Command for WriteEncrypted {
    const OPCODE: Opcode = Opcode::Write;
    type Response = ();

    fn param1(&self) -> u8 {
        BLOCK | self.zone_state as u8 | self.address.zone() as u8
    }
    fn param2(&self) -> u16 {
        self.address.param2()
    }
    fn data(&self) -> Data<'_> {
        Data(&self.cipher, &self.mac, &[])
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::RestartSequence
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for WriteEncrypted {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let zone_state = match (group.param1 & (BOTH), group.data.len()) {
            // Once the zone is locked, the MAC alone tells that the bytes are
            // encrypted.
            (BLOCK, 64) => ZoneState::Locked,
            (BOTH, _) => ZoneState::Unlocked,
            _ => return Err(group.wrong_mode()),
        };
        let address = BlockAddress::from_group(group, group.param1 & !BOTH)?;
        let (cipher, mac) = group.exactly_two()?;
        Ok(Self {
            address,
            zone_state,
            cipher,
            mac,
        })
    }
}

/// Write 4 bytes. Data and OTP zone take these only once they are locked.
///
/// They are zeroized when it is dropped, as of a [`WriteBlock`].
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::WriteWord;
/// use atecc::{Region, WordAddress};
///
/// // I2C_Address, reserved, OTPmode, ChipMode.
/// let address = WordAddress::new(Region::Config, 4)?;
/// device.execute(WriteWord { address, data: [0xC0, 0x00, 0xAA, 0x00] })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WriteWord {
    /// The word: 4 bytes of a zone or slot.
    pub address: WordAddress,
    /// The bytes, in the clear.
    pub data: [u8; 4],
}

impl Drop for WriteWord {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl ZeroizeOnDrop for WriteWord {}

impl Command for WriteWord {
    const OPCODE: Opcode = Opcode::Write;
    type Response = ();

    fn param1(&self) -> u8 {
        self.address.zone() as u8
    }
    fn param2(&self) -> u16 {
        self.address.param2()
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.data)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for WriteWord {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.param1 & (BOTH) != 0 {
            return Err(group.wrong_mode());
        }
        let address = WordAddress::from_group(group, group.param1)?;
        let data = group.exactly()?;
        Ok(Self { address, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;
    use crate::{Region, Slot};

    #[test]
    fn bytes() {
        let word = WriteWord {
            address: WordAddress::new(Region::Config, 4).unwrap(),
            data: [0xC0, 0x00, 0xA1, 0x00],
        };
        assert_eq!(
            group(&word),
            [
                0x0B, 0x12, 0x00, 0x04, 0x00, // count, Write, 4 bytes of config, word 4
                0xC0, 0x00, 0xA1, 0x00, // I2C address, reserved, OTP mode, chip mode
                0x8F, 0xED, // CRC
            ]
        );
        let block = WriteBlock {
            address: BlockAddress::new(Region::Slot(Slot::S8), 12).unwrap(),
            data: [0x5A; 32],
        };
        let bytes = group(&block);
        assert_eq!(bytes[..5], [0x27, 0x12, 0x82, 0x40, 0x0C]);
        assert_eq!(bytes[5..37], [0x5A; 32]);
        let encrypted = WriteEncrypted {
            address: BlockAddress::new(Region::Slot(Slot::S8), 0).unwrap(),
            zone_state: ZoneState::Locked,
            cipher: [0xC1; 32],
            mac: [0xAC; 32],
        };
        let bytes = group(&encrypted);
        assert_eq!(bytes[..6], [0x47, 0x12, 0x82, 0x40, 0x00, 0xC1]);
        assert_eq!(bytes[37..69], [0xAC; 32]);
        let before = WriteEncrypted {
            zone_state: ZoneState::Unlocked,
            ..encrypted
        };
        assert_eq!(before.param1(), 0xC2);
        assert_eq!(word.decode(&[0x00]), Ok(()));
        assert!(word.decode(&[]).is_err());
    }
}
