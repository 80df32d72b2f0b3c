//! `Read` (opcode 0x02), in the clear. Source: ATECC508A datasheet, "Read
//! Command".

use crate::command::{DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{BlockAddress, Command, Opcode, WordAddress};

/// Param1 bit 7: 32 bytes instead of 4.
pub(super) const BLOCK: u8 = 0x80;

/// Read 32 bytes.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::ReadBlock;
/// use atecc::{BlockAddress, Region};
///
/// let address = BlockAddress::new(Region::Config, 0)?;
/// assert_eq!(device.execute(ReadBlock { address })?[..2], [0x01, 0x23]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReadBlock {
    /// The block: 32 bytes of a zone or slot.
    pub address: BlockAddress,
}

impl Command for ReadBlock {
    const OPCODE: Opcode = Opcode::Read;
    type Response = [u8; 32];

    fn param1(&self) -> u8 {
        BLOCK | self.address.zone() as u8
    }
    fn param2(&self) -> u16 {
        self.address.param2()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(32)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 32], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for ReadBlock {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.param1 & BLOCK == 0 {
            return Err(group.wrong_mode());
        }
        let address = BlockAddress::from_group(group, group.param1 & !BLOCK)?;
        Ok(Self { address })
    }
}

/// Read 4 bytes.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::ReadWord;
/// use atecc::{Region, WordAddress};
///
/// // UserExtra, Selector, LockValue, LockConfig.
/// let address = WordAddress::new(Region::Config, 21)?;
/// assert_eq!(device.execute(ReadWord { address })?[2..], [0x55, 0x55]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReadWord {
    /// The word: 4 bytes of a zone or slot.
    pub address: WordAddress,
}

impl Command for ReadWord {
    const OPCODE: Opcode = Opcode::Read;
    type Response = [u8; 4];

    fn param1(&self) -> u8 {
        self.address.zone() as u8
    }
    fn param2(&self) -> u16 {
        self.address.param2()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 4], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for ReadWord {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.param1 & BLOCK != 0 {
            return Err(group.wrong_mode());
        }
        let address = WordAddress::from_group(group, group.param1)?;
        Ok(Self { address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;
    use crate::{Region, Slot};

    #[test]
    fn bytes() {
        let block = ReadBlock {
            address: BlockAddress::new(Region::Config, 0).unwrap(),
        };
        assert_eq!(group(&block), [0x07, 0x02, 0x80, 0x00, 0x00, 0x09, 0xAD]);
        let word = ReadWord {
            address: WordAddress::new(Region::Config, 0).unwrap(),
        };
        assert_eq!(group(&word), [0x07, 0x02, 0x00, 0x00, 0x00, 0x1E, 0x2D]);
        let slot = ReadWord {
            address: WordAddress::new(Region::Slot(Slot::S11), 0).unwrap(),
        };
        assert_eq!(group(&slot), [0x07, 0x02, 0x02, 0x58, 0x00, 0x1E, 0x74]);
        assert_eq!(word.decode(&[1, 2, 3, 4]), Ok([1, 2, 3, 4]));
        assert!(word.decode(&[1, 2, 3]).is_err());
        assert!(block.decode(&[0; 33]).is_err());
    }
}
