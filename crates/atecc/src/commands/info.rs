//! `Info` (opcode 0x30). Source: ATECC508A datasheet, "Info Command".

use crate::{Command, DecodeError, Expect, Opcode, Repeat, Revision, Slot};

/// Mode 0x00: ask for the chip's revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InfoRevision;

impl Command for InfoRevision {
    const OPCODE: Opcode = Opcode::Info;
    type Response = Revision;

    fn param1(&self) -> u8 {
        0x00
    }
    fn expect(&self) -> Expect {
        Expect::Bytes(4)
    }
    fn repeat(&self) -> Repeat {
        Repeat::Harmless
    }
    fn decode(&self, payload: &[u8]) -> Result<Revision, DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload).map(Revision::from_bytes)
    }
}

/// Mode 0x01: whether a private key slot holds a valid key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InfoKeyValid {
    /// The slot; for others than ECC key slots the answer means nothing.
    pub slot: Slot,
}

impl Command for InfoKeyValid {
    const OPCODE: Opcode = Opcode::Info;
    type Response = bool;

    fn param1(&self) -> u8 {
        0x01
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> Expect {
        Expect::Bytes(4)
    }
    fn repeat(&self) -> Repeat {
        Repeat::Harmless
    }
    fn decode(&self, payload: &[u8]) -> Result<bool, DecodeError> {
        let [valid, ..]: [u8; 4] = DecodeError::exactly(Self::OPCODE, payload)?;
        Ok(valid != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        assert_eq!(
            group(&InfoRevision),
            [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D]
        );
        assert_eq!(
            InfoRevision.decode(&[0x00, 0x00, 0x60, 0x02]),
            Ok(Revision::Atecc608A(2))
        );
        let valid = InfoKeyValid { slot: Slot::ALL[2] };
        assert_eq!(group(&valid)[..5], [0x07, 0x30, 0x01, 0x02, 0x00]);
        assert_eq!(valid.decode(&[0x01, 0x00, 0x00, 0x00]), Ok(true));
        assert_eq!(valid.decode(&[0x00; 4]), Ok(false));
        assert!(valid.decode(&[0x01]).is_err());
    }
}
