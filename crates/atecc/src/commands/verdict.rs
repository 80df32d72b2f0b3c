//! The outcome of a comparison in the chip. Source: ATECC508A datasheet,
//! "Verify Command" and "CheckMac Command"; the MAC from cryptoauthlib
//! `calib_verify.c` and `calib_secureboot.c`.

use crate::Opcode;
use crate::command::DecodeError;

/// What [`CheckMac`](super::CheckMac), [`Verify`](super::Verify),
/// [`Validate`](super::Validate) and [`SecureBoot`](super::SecureBoot) answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The signature, MAC or digest is right.
    Good,
    /// It is not.
    Bad,
    /// It is right if this MAC is. Only where the command asks for one.
    GoodIfMac([u8; 32]),
}

impl Verdict {
    pub(super) fn decode(opcode: Opcode, payload: &[u8]) -> Result<Self, DecodeError> {
        match payload {
            [0x00] => Ok(Self::Good),
            [_] => Ok(Self::Bad),
            mac => DecodeError::exactly(opcode, mac).map(Self::GoodIfMac),
        }
    }
}
