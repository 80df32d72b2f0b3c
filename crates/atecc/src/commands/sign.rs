//! `Sign` (opcode 0x41), of an external digest. Source: ATECC508A datasheet,
//! "Sign Command"; the message digest buffer from cryptoauthlib `calib_sign.c`.

use crate::{Command, DecodeError, Expect, Opcode, Repeat, Slot};

/// Sign the 32-byte digest in `source` with the key in `slot`.
///
/// The signature is R then S, 32 bytes each, big-endian, not normalized.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sign {
    /// Where `Nonce` put the digest.
    pub source: DigestSource,
    /// A slot for ECC private keys that may sign external digests.
    pub slot: Slot,
}

/// Param1 of an external `Sign`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum DigestSource {
    /// `TempKey`, on every chip.
    TempKey = 0x80,
    /// The message digest buffer. ATECC608 only.
    MessageDigestBuffer = 0xA0,
}

impl Command for Sign {
    const OPCODE: Opcode = Opcode::Sign;
    type Response = [u8; 64];

    fn param1(&self) -> u8 {
        self.source as u8
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> Expect {
        Expect::Bytes(64)
    }
    fn repeat(&self) -> Repeat {
        Repeat::NeedsVolatile
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 64], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let sign = |source| {
            group(&Sign {
                source,
                slot: Slot::ALL[0],
            })
        };
        assert_eq!(
            sign(DigestSource::TempKey),
            [0x07, 0x41, 0x80, 0x00, 0x00, 0x28, 0x05]
        );
        assert_eq!(sign(DigestSource::MessageDigestBuffer)[2], 0xA0);
    }
}
