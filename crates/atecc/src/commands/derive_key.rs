//! `DeriveKey` (opcode 0x1C). Source: ATECC508A datasheet, "DeriveKey Command".

use super::SourceFlag;
use crate::command::{Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// Replace the key in `target` by one derived from TempKey and its parent (or
/// itself, as the slot's WriteConfig has it). The old key is lost.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{DeriveKey, LoadNonce, NonceTarget, SourceFlag};
/// use atecc::procedures::Prepared;
/// use atecc::procedure::Once;
/// use atecc::Slot;
///
/// let nonce = LoadNonce { target: NonceTarget::TempKey, value: [0x40; 32] };
/// let target = Slot::S13;
/// let roll = DeriveKey { target, temp_key: SourceFlag::Input, mac: None };
/// device.run(Prepared::new(Once(nonce), roll))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeriveKey {
    /// The key to replace.
    pub target: Slot,
    /// TempKey's origin.
    pub temp_key: SourceFlag,
    /// The authorizing MAC, where the slot's WriteConfig asks for one.
    pub mac: Option<[u8; 32]>,
}

impl Command for DeriveKey {
    const OPCODE: Opcode = Opcode::DeriveKey;
    type Response = ();

    fn param1(&self) -> u8 {
        self.temp_key.bit()
    }
    fn param2(&self) -> u16 {
        self.target.index().into()
    }
    fn data(&self) -> Data<'_> {
        self.mac.as_ref().map_or(Data::NONE, |mac| Data::one(mac))
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn needs_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for DeriveKey {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.param1 & !0x04 != 0 {
            return Err(group.wrong_mode());
        }
        let mac = match group.data {
            [] => None,
            _ => Some(group.exactly()?),
        };
        Ok(Self {
            target: group.slot(),
            temp_key: SourceFlag::from_param1(group.param1),
            mac,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let derive = DeriveKey {
            target: Slot::S9,
            temp_key: SourceFlag::Input,
            mac: None,
        };
        assert_eq!(group(&derive)[..5], [0x07, 0x1C, 0x04, 0x09, 0x00]);
        let authorized = DeriveKey {
            temp_key: SourceFlag::Random,
            mac: Some([0xAC; 32]),
            ..derive
        };
        let bytes = group(&authorized);
        assert_eq!(bytes[..5], [0x27, 0x1C, 0x00, 0x09, 0x00]);
        assert_eq!(bytes[5..37], [0xAC; 32]);
    }
}
