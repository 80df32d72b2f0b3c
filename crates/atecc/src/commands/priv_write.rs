//! `PrivWrite` (opcode 0x46). Source: ATECC508A datasheet, "PrivWrite Command".

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::command::{Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Opcode, Slot};

/// Write a private key into a slot. The key that was there is lost.
///
/// ```
/// use atecc::commands::{PrivWrite, PrivateKeyData};
/// use atecc::command::Request;
/// use atecc::Slot;
///
/// let key = PrivateKeyData::Clear([0x01; 32]);
/// let command = PrivWrite { slot: Slot::S0, key };
/// // Word address, overhead, 36 bytes of key, 32 of MAC.
/// assert_eq!(Request::new(&command)?.as_bytes().len(), 1 + 7 + 36 + 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PrivWrite {
    /// A slot for ECC private keys.
    pub slot: Slot,
    /// The key.
    pub key: PrivateKeyData,
}

/// The data of [`PrivWrite`]: 36 bytes, of which the first four are zero in
/// the clear, then a MAC. A key in the clear is zeroized when it is dropped.
#[derive(Clone, Eq, PartialEq)]
pub enum PrivateKeyData {
    /// The private scalar, big-endian, in the clear. Only while the data zone
    /// is unlocked.
    Clear([u8; 32]),
    /// Encrypted with TempKey, which holds a digest of the slot's write key.
    Encrypted {
        /// Padding and scalar, encrypted.
        cipher: [u8; 36],
        /// Over command and plain text.
        mac: [u8; 32],
    },
}

impl Drop for PrivateKeyData {
    fn drop(&mut self) {
        if let Self::Clear(scalar) = self {
            scalar.zeroize();
        }
    }
}

impl ZeroizeOnDrop for PrivateKeyData {}

/// A key is not shown.
impl core::fmt::Debug for PrivateKeyData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Clear(_) => "Clear(..)",
            Self::Encrypted { .. } => "Encrypted { .. }",
        })
    }
}

#[cfg(feature = "parse")]
impl PrivateKeyData {
    /// Four bytes of padding and the scalar; then a MAC that the chip ignores,
    /// and that an ATECC508A may do without *(unconfirmed)*.
    fn clear(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.data.len() == 36 {
            let (_, scalar) = group.exactly_two::<4, 32>()?;
            return Ok(Self::Clear(scalar));
        }
        let (value, _) = group.exactly_two::<36, 32>()?;
        let value = CommandGroup {
            data: &value,
            ..*group
        };
        let (_, scalar) = value.exactly_two::<4, 32>()?;
        Ok(Self::Clear(scalar))
    }
}

impl Command for PrivWrite {
    const OPCODE: Opcode = Opcode::PrivWrite;
    type Response = ();

    fn param1(&self) -> u8 {
        match self.key {
            PrivateKeyData::Clear(_) => 0x00,
            PrivateKeyData::Encrypted { .. } => 0x40,
        }
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn data(&self) -> Data<'_> {
        match &self.key {
            // The chip ignores the MAC, but it has to be there.
            PrivateKeyData::Clear(scalar) => Data(&[0; 4], scalar, &[0; 32]),
            PrivateKeyData::Encrypted { cipher, mac } => Data(cipher, mac, &[]),
        }
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    fn repeat(&self) -> Retry {
        match self.key {
            PrivateKeyData::Clear(_) => Retry::Idempotent,
            PrivateKeyData::Encrypted { .. } => Retry::RestartSequence,
        }
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for PrivWrite {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let key = match group.param1 {
            0x00 => PrivateKeyData::clear(group)?,
            0x40 => {
                let (cipher, mac) = group.exactly_two()?;
                PrivateKeyData::Encrypted { cipher, mac }
            }
            _ => return Err(group.wrong_mode()),
        };
        let slot = group.slot();
        Ok(Self { slot, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let clear = PrivWrite {
            slot: Slot::S2,
            key: PrivateKeyData::Clear([0xD0; 32]),
        };
        let bytes = group(&clear);
        assert_eq!(bytes[..9], [0x4B, 0x46, 0x00, 0x02, 0x00, 0, 0, 0, 0]);
        assert_eq!(bytes[9..41], [0xD0; 32]);
        assert_eq!(bytes[41..73], [0; 32]);
        let encrypted = PrivWrite {
            key: PrivateKeyData::Encrypted {
                cipher: [0xC0; 36],
                mac: [0xAC; 32],
            },
            ..clear
        };
        let bytes = group(&encrypted);
        assert_eq!(bytes[..6], [0x4B, 0x46, 0x40, 0x02, 0x00, 0xC0]);
        assert_eq!(bytes[41..73], [0xAC; 32]);
        assert!(!format!("{clear:?}").contains("208"));
    }
}
