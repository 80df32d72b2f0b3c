//! `GenKey` (opcode 0x40). Source: ATECC508A datasheet, "GenKey Command".

use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, PublicKey, Slot};

/// Param2 that stands for TempKey. Source: cryptoauthlib `calib_genkey.c`.
const TEMP_KEY: u16 = 0xFFFF;

/// Make a key in `slot`, or compute the public half of the one there.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{GenKey, GenKeyMode};
///
/// let slot = Slot::S0;
/// let created = device.execute(GenKey { mode: GenKeyMode::Create, slot })?;
/// assert_eq!(device.execute(GenKey { mode: GenKeyMode::Public, slot })?, created);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GenKey {
    /// Which of the two.
    pub mode: GenKeyMode,
    /// A slot for ECC private keys.
    pub slot: Slot,
}

/// Param1 of `GenKey` on a private key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum GenKeyMode {
    /// Compute only; nothing is written.
    Public = 0x00,
    /// Replace the private key. The old one cannot be recovered.
    Create = 0x04,
    /// Compute, and replace TempKey by a digest of itself and the public key.
    PublicDigest = 0x08,
    /// Replace the private key, and TempKey as above.
    CreateDigest = 0x0C,
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
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(64)
    }
    fn repeat(&self) -> Retry {
        match self.mode {
            GenKeyMode::Public => Retry::Idempotent,
            GenKeyMode::Create | GenKeyMode::PublicDigest | GenKeyMode::CreateDigest => {
                Retry::CheckStateFirst
            }
        }
    }
    fn needs_volatile(&self) -> bool {
        matches!(
            self.mode,
            GenKeyMode::PublicDigest | GenKeyMode::CreateDigest
        )
    }
    fn decode(&self, payload: &[u8]) -> Result<PublicKey, DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload).map(PublicKey)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for GenKey {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let mode = match group.param1 {
            0x00 => GenKeyMode::Public,
            0x04 if group.param2 != TEMP_KEY => GenKeyMode::Create,
            0x08 => GenKeyMode::PublicDigest,
            0x0C => GenKeyMode::CreateDigest,
            _ => return Err(group.wrong_mode()),
        };
        let slot = group.slot();
        Ok(Self { mode, slot })
    }
}

/// Replace TempKey by a digest of itself and of the public key stored in
/// `slot` (the datasheet's "MAC" mode, 0x10).
///
/// ```
/// use atecc::commands::DigestPublicKey;
/// use atecc::command::Request;
/// use atecc::Slot;
///
/// let command = DigestPublicKey { slot: Slot::S14, other_data: Some([0; 3]) };
/// // Word address, count, opcode, mode, slot.
/// assert_eq!(Request::new(&command)?.as_bytes()[..6], [0x03, 0x0A, 0x40, 0x10, 0x0E, 0x00]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DigestPublicKey {
    /// A slot for public keys, 8 to 15.
    pub slot: Slot,
    /// The three bytes that stand for mode and Param2 in the message. An
    /// ATECC508A was seen to take the command without them.
    pub other_data: Option<[u8; 3]>,
}

impl Command for DigestPublicKey {
    const OPCODE: Opcode = Opcode::GenKey;
    type Response = ();

    fn param1(&self) -> u8 {
        0x10
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn data(&self) -> Data<'_> {
        self.other_data
            .as_ref()
            .map_or(Data::NONE, |bytes| Data::one(bytes))
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
impl Parse<'_> for DigestPublicKey {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        // Bit 4 makes bits 3 and 2 irrelevant.
        if group.param1 & !0x0C != 0x10 {
            return Err(group.wrong_mode());
        }
        let other_data = match group.data {
            [] => None,
            _ => Some(group.exactly()?),
        };
        let slot = group.slot();
        Ok(Self { slot, other_data })
    }
}

/// Make a private key in `TempKey`, for one ECDH. ATECC608 only.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{CreateTempKey, Ecdh, EcdhMode, SharedSecret};
/// use atecc::procedures::{CreateKey, Prepared};
/// use atecc::procedure::Once;
/// use atecc::Slot;
///
/// let peer = device.run(CreateKey::new(Slot::S0))?;
/// let agree = Ecdh { mode: EcdhMode::TempKeyToOutput, peer };
/// let (_public, secret) = device.run(Prepared::new(Once(CreateTempKey), agree))?;
/// assert!(matches!(secret, SharedSecret::Clear(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CreateTempKey;

impl Command for CreateTempKey {
    const OPCODE: Opcode = Opcode::GenKey;
    type Response = PublicKey;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        GenKeyMode::Create as u8
    }
    fn param2(&self) -> u16 {
        TEMP_KEY
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(64)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn loads_volatile(&self) -> bool {
        true
    }
    fn decode(&self, payload: &[u8]) -> Result<PublicKey, DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload).map(PublicKey)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for CreateTempKey {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match (group.param1, group.param2) {
            (0x04, TEMP_KEY) => Ok(Self),
            _ => Err(group.wrong_mode()),
        }
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
            group(&gen_key(GenKeyMode::Create, Slot::S0)),
            [0x07, 0x40, 0x04, 0x00, 0x00, 0x83, 0x87]
        );
        assert_eq!(
            group(&gen_key(GenKeyMode::Public, Slot::S2)),
            [0x07, 0x40, 0x00, 0x02, 0x00, 0x06, 0x85]
        );
        let public = gen_key(GenKeyMode::Public, Slot::S2);
        assert_eq!(public.decode(&[7; 64]), Ok(PublicKey([7; 64])));
        assert!(public.decode(&[7; 63]).is_err());
    }

    #[test]
    fn digests() {
        let digest = GenKey {
            mode: GenKeyMode::PublicDigest,
            slot: Slot::S2,
        };
        assert_eq!(group(&digest), [0x07, 0x40, 0x08, 0x02, 0x00, 0x45, 0x04]);
        // As a host sent it to a real ATECC508A.
        let stored = DigestPublicKey {
            slot: Slot::S10,
            other_data: None,
        };
        assert_eq!(group(&stored), [0x07, 0x40, 0x10, 0x0A, 0x00, 0xA6, 0xE5]);
        let other_data = Some([1, 2, 3]);
        let slot = Slot::S14;
        let bytes = group(&DigestPublicKey { slot, other_data });
        assert_eq!(bytes[..8], [0x0A, 0x40, 0x10, 0x0E, 0x00, 1, 2, 3]);
        assert_eq!(group(&CreateTempKey)[..5], [0x07, 0x40, 0x04, 0xFF, 0xFF]);
    }
}
