//! `Write` (opcode 0x12), in the clear. Source: ATECC508A datasheet, "Write
//! Command".
//!
//! A write of the same bytes to the same place leaves the same memory, so it
//! may be sent again after an unknown outcome.

use super::read::BLOCK;
use crate::{BlockAddress, Command, Data, DecodeError, Expect, Opcode, Repeat, WordAddress};

/// Write 32 bytes. Past the end of a short last block the chip drops them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WriteBlock {
    /// Where.
    pub address: BlockAddress,
    /// What.
    pub data: [u8; 32],
}

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
    fn expect(&self) -> Expect {
        Expect::Done
    }
    fn repeat(&self) -> Repeat {
        Repeat::Harmless
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::exactly::<1>(Self::OPCODE, payload).map(|_| ())
    }
}

/// Write 4 bytes. Data and OTP zone take these only once they are locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WriteWord {
    /// Where.
    pub address: WordAddress,
    /// What.
    pub data: [u8; 4],
}

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
    fn expect(&self) -> Expect {
        Expect::Done
    }
    fn repeat(&self) -> Repeat {
        Repeat::Harmless
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::exactly::<1>(Self::OPCODE, payload).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;
    use crate::{Place, Slot};

    #[test]
    fn bytes() {
        let word = WriteWord {
            address: WordAddress::new(Place::Config, 4).unwrap(),
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
            address: BlockAddress::new(Place::Slot(Slot::ALL[8]), 12).unwrap(),
            data: [0x5A; 32],
        };
        let bytes = group(&block);
        assert_eq!(bytes[..5], [0x27, 0x12, 0x82, 0x40, 0x0C]);
        assert_eq!(bytes[5..37], [0x5A; 32]);
        assert_eq!(word.decode(&[0x00]), Ok(()));
        assert!(word.decode(&[]).is_err());
    }
}
