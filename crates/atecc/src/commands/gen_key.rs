//! `GenKey` (opcode 0x40). Source: ATECC508A datasheet, "GenKey Command".

use crate::{Command, DecodeError, Expect, Opcode, PublicKey, Repeat, Slot};

/// Make a key in `slot`, or compute the public half of the one there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GenKey {
    /// Which of the two.
    pub mode: GenKeyMode,
    /// A slot for ECC private keys.
    pub slot: Slot,
}

/// Param1 of `GenKey`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum GenKeyMode {
    /// Compute only; nothing is written.
    Public = 0x00,
    /// Replace the private key. The old one cannot be recovered.
    Create = 0x04,
}

impl Command for GenKey {
    const OPCODE: Opcode = Opcode::GenKey;
    type Response = PublicKey;

    fn param1(&self) -> u8 {
        self.mode as u8
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> Expect {
        Expect::Bytes(64)
    }
    fn repeat(&self) -> Repeat {
        match self.mode {
            GenKeyMode::Public => Repeat::Harmless,
            GenKeyMode::Create => Repeat::ReadStateFirst,
        }
    }
    fn decode(&self, payload: &[u8]) -> Result<PublicKey, DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload).map(PublicKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let gen_key = |mode, slot| GenKey { mode, slot };
        assert_eq!(
            group(&gen_key(GenKeyMode::Create, Slot::ALL[0])),
            [0x07, 0x40, 0x04, 0x00, 0x00, 0x83, 0x87]
        );
        assert_eq!(
            group(&gen_key(GenKeyMode::Public, Slot::ALL[2])),
            [0x07, 0x40, 0x00, 0x02, 0x00, 0x06, 0x85]
        );
        let public = gen_key(GenKeyMode::Public, Slot::ALL[2]);
        assert_eq!(public.decode(&[7; 64]), Ok(PublicKey([7; 64])));
        assert!(public.decode(&[7; 63]).is_err());
    }
}
