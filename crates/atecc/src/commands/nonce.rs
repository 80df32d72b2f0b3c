//! `Nonce` (opcode 0x16), pass-through. Source: ATECC508A datasheet, "Nonce
//! Command"; the message digest buffer from cryptoauthlib `calib_nonce.c`.

use crate::{Command, Data, DecodeError, Expect, Opcode, Repeat};

/// Load 32 bytes into a volatile buffer, as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LoadNonce {
    /// Where to.
    pub target: NonceTarget,
    /// What.
    pub value: [u8; 32],
}

/// Param1 of a pass-through `Nonce` of 32 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum NonceTarget {
    /// `TempKey`, on every chip.
    TempKey = 0x03,
    /// The message digest buffer. ATECC608 only.
    MessageDigestBuffer = 0x43,
}

impl Command for LoadNonce {
    const OPCODE: Opcode = Opcode::Nonce;
    type Response = ();

    fn param1(&self) -> u8 {
        self.target as u8
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.value)
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

    #[test]
    fn bytes() {
        let nonce = LoadNonce {
            target: NonceTarget::TempKey,
            value: [0xAA; 32],
        };
        let bytes = group(&nonce);
        assert_eq!(bytes[..5], [0x27, 0x16, 0x03, 0x00, 0x00]);
        assert_eq!(bytes[5..37], [0xAA; 32]);
        assert_eq!(bytes[37..], [0x24, 0xC7]);
        assert_eq!(NonceTarget::MessageDigestBuffer as u8, 0x43);
    }
}
