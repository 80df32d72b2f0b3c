//! The rows, and the parts of a chip in them.

use std::error::Error;

use atecc::{ConfigZone, PublicKey};
use nerves_key::Snapshot;
use serde::Deserialize;
use serde_json::Value;

use crate::tally::Hex;

/// One operation of the reference.
#[derive(Clone, Deserialize)]
pub(super) struct Operation {
    pub(super) now: String,
    pub(super) manufacturer_sn: Option<String>,
    pub(super) board_name: Option<String>,
    pub(super) signer_private_key: Option<Hex>,
    pub(super) signer_pem: Option<String>,
    /// Of the volatile layout only.
    pub(super) activation_key: Option<Hex>,
    /// Of the volatile layout only.
    pub(super) encryption_key: Option<Hex>,
    pub(super) config_before: Hex,
    pub(super) otp_before: Hex,
    pub(super) public_key: Option<Hex>,
    pub(super) result: Value,
    pub(super) config_after: Hex,
    pub(super) otp_after: Hex,
    slots_after: Vec<SlotContents>,
    steps: Vec<Step>,
}

/// A command, or the begin or end of a transaction.
#[derive(Clone, Deserialize)]
struct Step {
    request: Option<Hex>,
}

#[derive(Clone, Deserialize)]
struct SlotContents {
    slot: u8,
    data: Hex,
}

impl Operation {
    /// The first `N` bytes of a slot, as the reference left it; what it has
    /// past the slot's true size is only its own rounding.
    pub(super) fn slot<const N: usize>(&self, index: u8) -> Option<[u8; N]> {
        self.slot_bytes(index)?.first_chunk().copied()
    }

    pub(super) fn slot_bytes(&self, index: u8) -> Option<&[u8]> {
        let slot = self.slots_after.iter().find(|slot| slot.slot == index)?;
        Some(&slot.data.0)
    }

    /// Whether the reference raised an exception.
    pub(super) fn raised(&self) -> bool {
        self.result.get("raises").is_some()
    }

    /// Whether the reference locked anything or made a key.
    pub(super) fn is_irreversible(&self) -> bool {
        let requests = self.steps.iter().filter_map(|step| step.request.as_ref());
        let mut heads = requests.filter_map(|request| request.0.first_chunk());
        heads.any(|head| matches!(head, [0x17, _] | [0x40, 0x04]))
    }

    /// What ours reads from the chip that the reference left.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Box<dyn Error>> {
        let public_key = self.public_key.as_ref().map(Hex::array).transpose()?;
        Ok(Snapshot {
            config: ConfigZone(self.config_after.array()?),
            otp: Some(self.otp_after.array()?),
            device_certificate: self.slot(10),
            signer_public_key: self.slot(11),
            signer_certificate: self.slot(12),
            public_key: public_key.map(PublicKey),
        })
    }
}
