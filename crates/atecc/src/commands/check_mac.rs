//! `CheckMac` (opcode 0x28). Source: ATECC508A datasheet, "CheckMac Command";
//! the OTP bit from cryptoauthlib `calib_command.h`.

use super::{SourceFlag, Verdict};
use crate::command::{Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// Check the response that a MAC of another chip or host gave.
///
/// A match under a key from a slot authorizes that key. With the second block
/// from TempKey it may also copy a key into TempKey; see the datasheet.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{Blocks, CheckMac, OtpPart, Verdict};
///
/// let guess = CheckMac {
///     blocks: Blocks::KeyThenChallenge,
///     otp: OtpPart::None,
///     slot: Slot::S4,
///     challenge: [0x80; 32],
///     response: [0; 32],
///     other_data: [0; 13],
/// };
/// assert_eq!(device.execute(guess)?, Verdict::Bad);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckMac {
    /// What the message begins with.
    pub blocks: Blocks,
    /// Include the first 8 bytes of OTP. Not in the public ATECC508A sheet
    /// *(unconfirmed)* there.
    pub otp: OtpPart,
    /// The key's slot.
    pub slot: Slot,
    /// The challenge that was sent to the client; sent even when unused.
    pub challenge: [u8; 32],
    /// What the client answered.
    pub response: [u8; 32],
    /// The remaining parts of the message: the client's opcode and parameters
    /// (4 bytes), then serial-number bytes.
    pub other_data: [u8; 13],
}

/// The two 32-byte blocks that a message begins with: bits 1 and 0 of Param1.
/// Where TempKey takes part, its origin must be as stated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blocks {
    /// The key in the slot, then the challenge.
    KeyThenChallenge,
    /// The key in the slot, then TempKey.
    KeyThenTempKey(SourceFlag),
    /// TempKey, then the challenge.
    TempKeyThenChallenge(SourceFlag),
    /// TempKey, then TempKey again.
    TempKeyTwice(SourceFlag),
}

impl Blocks {
    const fn bits(self) -> u8 {
        match self {
            Self::KeyThenChallenge => 0x00,
            Self::KeyThenTempKey(flag) => 0x01 | flag.bit(),
            Self::TempKeyThenChallenge(flag) => 0x02 | flag.bit(),
            Self::TempKeyTwice(flag) => 0x03 | flag.bit(),
        }
    }
}

/// Which part of OTP a message includes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OtpPart {
    /// None.
    None,
    /// The first 8 bytes: bit 5 of Param1.
    First8,
}

impl Command for CheckMac {
    const OPCODE: Opcode = Opcode::CheckMac;
    /// Never with a MAC.
    type Response = Verdict;

    fn param1(&self) -> u8 {
        let otp = match self.otp {
            OtpPart::None => 0,
            OtpPart::First8 => 0x20,
        };
        self.blocks.bits() | otp
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn data(&self) -> Data<'_> {
        Data(&self.challenge, &self.response, &self.other_data)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Comparison
    }
    fn repeat(&self) -> Retry {
        match self.blocks {
            // A use of the key, which may be limited.
            Blocks::KeyThenChallenge | Blocks::KeyThenTempKey(_) => Retry::CheckStateFirst,
            Blocks::TempKeyThenChallenge(_) | Blocks::TempKeyTwice(_) => Retry::RestartSequence,
        }
    }
    fn needs_volatile(&self) -> bool {
        self.blocks != Blocks::KeyThenChallenge
    }
    fn decode(&self, payload: &[u8]) -> Result<Verdict, DecodeError> {
        let status: [u8; 1] = DecodeError::exactly(Self::OPCODE, payload)?;
        Verdict::decode(Self::OPCODE, &status)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for CheckMac {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = group.param1;
        if mode & !0x27 != 0 {
            return Err(group.wrong_mode());
        }
        let (challenge, rest): ([u8; 32], [u8; 45]) = group.exactly_two()?;
        let rest = CommandGroup {
            data: &rest,
            ..*group
        };
        let (response, other_data) = rest.exactly_two()?;
        let flag = SourceFlag::from_param1(mode);
        let blocks = match mode & 0x03 {
            0x00 => Blocks::KeyThenChallenge,
            0x01 => Blocks::KeyThenTempKey(flag),
            0x02 => Blocks::TempKeyThenChallenge(flag),
            _ => Blocks::TempKeyTwice(flag),
        };
        let otp = match mode & 0x20 {
            0 => OtpPart::None,
            _ => OtpPart::First8,
        };
        Ok(Self {
            blocks,
            otp,
            slot: group.slot(),
            challenge,
            response,
            other_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let check = CheckMac {
            blocks: Blocks::KeyThenChallenge,
            otp: OtpPart::None,
            slot: Slot::S4,
            challenge: [0xC0; 32],
            response: [0xEE; 32],
            other_data: [0x0D; 13],
        };
        let bytes = group(&check);
        assert_eq!(bytes[..5], [0x54, 0x28, 0x00, 0x04, 0x00]);
        assert_eq!(bytes[5..37], [0xC0; 32]);
        assert_eq!(bytes[37..69], [0xEE; 32]);
        assert_eq!(bytes[69..82], [0x0D; 13]);
        let volatile_key = CheckMac {
            blocks: Blocks::KeyThenTempKey(SourceFlag::Random),
            ..check
        };
        assert_eq!(volatile_key.param1(), 0x01);
        let all = CheckMac {
            blocks: Blocks::TempKeyThenChallenge(SourceFlag::Input),
            otp: OtpPart::First8,
            ..check
        };
        assert_eq!(all.param1(), 0x26);
        assert_eq!(check.decode(&[0x00]), Ok(Verdict::Good));
        assert_eq!(check.decode(&[0x01]), Ok(Verdict::Bad));
    }
}
