//! `ECDH` (opcode 0x43). Source: ATECC508A datasheet, "ECDH Command"; the
//! ATECC608's modes from cryptoauthlib `calib_ecdh.c`.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, PublicKey, Slot};

/// The secret that a private key in the chip shares with `peer`: the X
/// coordinate of the product, 32 bytes, big-endian.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{Ecdh, EcdhMode, SharedSecret};
/// use atecc::Slot;
/// use atecc::procedures::CreateKey;
///
/// let ours = Slot::S1;
/// let theirs = device.run(CreateKey::new(Slot::S0))?;
/// device.run(CreateKey::new(ours))?;
/// let secret = device.execute(Ecdh { mode: EcdhMode::Compatible(ours), peer: theirs })?;
/// assert!(matches!(secret, SharedSecret::Clear(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ecdh {
    /// Whose key, and where the secret goes.
    pub mode: EcdhMode,
    /// The other side's public key; must be on the curve.
    pub peer: PublicKey,
}

/// Private key and destination of [`Ecdh`]: only what the chips allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EcdhMode {
    /// Every chip. The slot's configuration says whether the secret is
    /// returned or goes to the next slot.
    Compatible(Slot),
    /// As `Compatible`, but what is returned is encrypted. ATECC608.
    CompatibleEncrypted(Slot),
    /// From a slot's key into `TempKey`. ATECC608.
    SlotToTempKey(Slot),
    /// From a slot's key, returned. ATECC608.
    SlotToOutput(Slot),
    /// From a slot's key, returned encrypted. ATECC608.
    SlotToEncryptedOutput(Slot),
    /// From the key in `TempKey` into a slot. ATECC608.
    TempKeyToSlot(Slot),
    /// From the key in `TempKey` into `TempKey`. ATECC608.
    TempKeyToTempKey,
    /// From the key in `TempKey`, returned. ATECC608.
    TempKeyToOutput,
    /// From the key in `TempKey`, returned encrypted. ATECC608.
    TempKeyToEncryptedOutput,
}

/// What became of the secret. One in the clear is zeroized when it is dropped.
#[derive(Clone, Eq, PartialEq)]
pub enum SharedSecret {
    /// The chip kept it.
    Kept,
    /// Returned in the clear.
    Clear([u8; 32]),
    /// Returned encrypted with the IO protection key.
    Encrypted {
        /// The secret, encrypted.
        cipher: [u8; 32],
        /// The nonce that the decryption needs.
        nonce: [u8; 32],
    },
}

impl Drop for SharedSecret {
    fn drop(&mut self) {
        if let Self::Clear(secret) = self {
            secret.zeroize();
        }
    }
}

impl ZeroizeOnDrop for SharedSecret {}

/// A secret is not shown.
impl core::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Clear(_) => "Clear(..)",
            Self::Encrypted { .. } => "Encrypted { .. }",
        })
    }
}

impl Command for Ecdh {
    const OPCODE: Opcode = Opcode::Ecdh;
    type Response = SharedSecret;

    fn chips(&self) -> Chips {
        match self.mode {
            EcdhMode::Compatible(_) => Chips::All,
            _ => Chips::Only(Family::Atecc608),
        }
    }
    fn param1(&self) -> u8 {
        // Bit 0: TempKey's key. Bit 1: encrypt. Bits 3 and 2: destination.
        match self.mode {
            EcdhMode::Compatible(_) => 0x00,
            EcdhMode::CompatibleEncrypted(_) => 0x02,
            EcdhMode::SlotToTempKey(_) => 0x08,
            EcdhMode::SlotToOutput(_) => 0x0C,
            EcdhMode::SlotToEncryptedOutput(_) => 0x0E,
            EcdhMode::TempKeyToSlot(_) => 0x05,
            EcdhMode::TempKeyToTempKey => 0x09,
            EcdhMode::TempKeyToOutput => 0x0D,
            EcdhMode::TempKeyToEncryptedOutput => 0x0F,
        }
    }
    fn param2(&self) -> u16 {
        match self.mode {
            EcdhMode::Compatible(slot)
            | EcdhMode::CompatibleEncrypted(slot)
            | EcdhMode::SlotToTempKey(slot)
            | EcdhMode::SlotToOutput(slot)
            | EcdhMode::SlotToEncryptedOutput(slot)
            | EcdhMode::TempKeyToSlot(slot) => slot.index().into(),
            EcdhMode::TempKeyToTempKey
            | EcdhMode::TempKeyToOutput
            | EcdhMode::TempKeyToEncryptedOutput => 0,
        }
    }
    fn data(&self) -> Data<'_> {
        Data::one(self.peer.as_bytes())
    }
    fn expect(&self) -> ResponseKind {
        match self.mode {
            EcdhMode::Compatible(_) => ResponseKind::StatusOr(32),
            EcdhMode::CompatibleEncrypted(_) => ResponseKind::StatusOr(64),
            EcdhMode::SlotToTempKey(_)
            | EcdhMode::TempKeyToSlot(_)
            | EcdhMode::TempKeyToTempKey => ResponseKind::Status,
            EcdhMode::SlotToOutput(_) | EcdhMode::TempKeyToOutput => ResponseKind::Bytes(32),
            EcdhMode::SlotToEncryptedOutput(_) | EcdhMode::TempKeyToEncryptedOutput => {
                ResponseKind::Bytes(64)
            }
        }
    }
    fn repeat(&self) -> Retry {
        match self.mode {
            EcdhMode::TempKeyToSlot(_)
            | EcdhMode::TempKeyToTempKey
            | EcdhMode::TempKeyToOutput
            | EcdhMode::TempKeyToEncryptedOutput => Retry::RestartSequence,
            _ => Retry::CheckStateFirst,
        }
    }
    fn loads_volatile(&self) -> bool {
        matches!(self.mode, EcdhMode::SlotToTempKey(_))
    }
    fn decode(&self, payload: &[u8]) -> Result<SharedSecret, DecodeError> {
        match payload.len() {
            1 => DecodeError::done(Self::OPCODE, payload).map(|()| SharedSecret::Kept),
            32 => DecodeError::exactly(Self::OPCODE, payload).map(SharedSecret::Clear),
            _ => encrypted(payload),
        }
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for Ecdh {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let slot = group.slot();
        let mode = match group.param1 {
            0x00 => EcdhMode::Compatible(slot),
            0x02 => EcdhMode::CompatibleEncrypted(slot),
            0x05 => EcdhMode::TempKeyToSlot(slot),
            0x08 => EcdhMode::SlotToTempKey(slot),
            0x09 => EcdhMode::TempKeyToTempKey,
            0x0C => EcdhMode::SlotToOutput(slot),
            0x0D => EcdhMode::TempKeyToOutput,
            0x0E => EcdhMode::SlotToEncryptedOutput(slot),
            0x0F => EcdhMode::TempKeyToEncryptedOutput,
            _ => return Err(group.wrong_mode()),
        };
        let peer = PublicKey(group.exactly()?);
        Ok(Self { mode, peer })
    }
}

fn encrypted(payload: &[u8]) -> Result<SharedSecret, DecodeError> {
    let both: [u8; 64] = DecodeError::exactly(Opcode::Ecdh, payload)?;
    let (cipher, nonce) = both.split_at(32);
    Ok(SharedSecret::Encrypted {
        cipher: DecodeError::exactly(Opcode::Ecdh, cipher)?,
        nonce: DecodeError::exactly(Opcode::Ecdh, nonce)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        let ecdh = |mode| Ecdh {
            mode,
            peer: PublicKey([0x99; 64]),
        };
        let bytes = group(&ecdh(EcdhMode::Compatible(Slot::S2)));
        assert_eq!(bytes[..5], [0x47, 0x43, 0x00, 0x02, 0x00]);
        assert_eq!(bytes[5..69], [0x99; 64]);
        let bytes = group(&ecdh(EcdhMode::TempKeyToSlot(Slot::S3)));
        assert_eq!(bytes[..5], [0x47, 0x43, 0x05, 0x03, 0x00]);
    }

    #[test]
    fn responses() {
        let ecdh = Ecdh {
            mode: EcdhMode::Compatible(Slot::S0),
            peer: PublicKey([0; 64]),
        };
        assert_eq!(ecdh.decode(&[0x00]), Ok(SharedSecret::Kept));
        assert_eq!(ecdh.decode(&[7; 32]), Ok(SharedSecret::Clear([7; 32])));
        let mut both = [1; 64];
        both[32..].fill(2);
        let (cipher, nonce) = ([1; 32], [2; 32]);
        assert_eq!(
            ecdh.decode(&both),
            Ok(SharedSecret::Encrypted { cipher, nonce })
        );
        assert!(ecdh.decode(&[0; 33]).is_err());
    }
}
