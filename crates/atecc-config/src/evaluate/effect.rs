//! Which slot's contents a command changes.

use alloc::vec::Vec;

use atecc::{ConfigZone, Slot};

use super::evaluate;
use crate::Operation;

impl Operation {
    /// The slot whose contents change when it is executed on `slot`; the mark
    /// of [`Operation::Validate`] is none of its contents.
    #[must_use]
    pub fn target(self, zone: &ConfigZone, slot: Slot) -> Option<Slot> {
        match self {
            Self::Write
            | Self::WriteEncrypted
            | Self::CreateKey
            | Self::PrivWrite
            | Self::DeriveKey
            | Self::EcdhInto
            | Self::KdfInto
            | Self::SecureBootStore => Some(slot),
            Self::Ecdh => {
                let to_next = zone.slot_config(slot).private_key_uses().bits() & 0b1000 != 0;
                to_next.then(|| Slot::from_nibble(slot.index() | 1))
            }
            Self::Read
            | Self::ReadEncrypted
            | Self::PublicKey
            | Self::Sign
            | Self::SignInternal
            | Self::EcdhOutput
            | Self::EcdhEncrypted
            | Self::EcdhTempKey
            | Self::Mac
            | Self::CheckMac
            | Self::CopyKey
            | Self::Hmac
            | Self::ShaHmac
            | Self::GenDig
            | Self::Aes
            | Self::Kdf
            | Self::KdfEncrypted
            | Self::KdfTempKey
            | Self::KdfAes
            | Self::Verify
            | Self::Validate
            | Self::SecureBoot
            | Self::SetLatch
            | Self::Lock => None,
        }
    }
}

/// Every command that would be executed now and changes what `slot` holds, with
/// the slot that the command names. None: nothing changes it.
#[must_use]
pub fn changers(zone: &ConfigZone, slot: Slot) -> Vec<(Operation, Slot)> {
    let asked = Operation::ALL
        .into_iter()
        .flat_map(|operation| Slot::ALL.map(|of| (operation, of)));
    asked
        .filter(|(operation, of)| {
            operation.target(zone, *of) == Some(slot)
                && evaluate(zone, *operation, *of).is_allowed()
        })
        .collect()
}
