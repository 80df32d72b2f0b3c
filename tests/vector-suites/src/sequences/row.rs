//! The rows, and the parts of a chip in them.

use std::error::Error;

use atecc::{ConfigZone, PublicKey, SerialNumber, Status};
use nerves_key::{AuxiliarySlots, Snapshot};
use serde::Deserialize;
use serde_json::Value;

use tests_vector_runner::Hex;

/// One operation of the reference.
#[derive(Clone, Debug, Deserialize)]
pub struct Operation {
    name: String,
    pub(super) now: String,
    settings: Option<String>,
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
#[derive(Clone, Debug, Deserialize)]
struct Step {
    request: Option<Hex>,
    response: Option<Hex>,
    /// After which the reference gives up.
    timeout_ms: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
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

    /// The slots of auxiliary certificates, zeros where the row has none.
    pub(super) fn auxiliary(&self) -> AuxiliarySlots {
        let slot = |index| self.slot(index).unwrap_or([0; 72]);
        AuxiliarySlots {
            signer_public_key: slot(14),
            signer_certificate: slot(15),
            device_certificate: slot(9),
        }
    }

    /// Whether the reference raised an exception.
    pub(super) fn raised(&self) -> bool {
        self.result.get("raises").is_some()
    }

    /// The commands, in order: opcode, Param1, Param2, data.
    pub fn requests(&self) -> impl Iterator<Item = &[u8]> {
        let requests = self.steps.iter().filter_map(|step| step.request.as_ref());
        requests.map(|request| request.0.as_slice())
    }

    /// How long the reference waits at most for the answer to each of
    /// [`Self::requests`], in milliseconds, where the row says so.
    pub fn timeouts_ms(&self) -> impl Iterator<Item = Option<u32>> {
        let requests = self.steps.iter().filter(|step| step.request.is_some());
        requests.map(|step| step.timeout_ms)
    }

    /// Whether the chip refused every command.
    pub(super) fn is_refused(&self) -> bool {
        let mut answers = self.steps.iter().filter_map(|step| step.response.as_ref());
        answers.all(|answer| answer.0 == [Status::Execution.byte()])
    }

    /// What was asked, without the words about the chip.
    pub(super) fn asked(&self) -> &str {
        self.name.split(" on ").next().unwrap_or_default()
    }

    /// The settings that were put, as Elixir writes them.
    pub(super) fn settings(&self) -> Option<&str> {
        self.settings.as_deref()
    }

    /// Whether the reference made an open part a finished chip.
    #[must_use]
    pub fn provisions(&self) -> bool {
        let data_open = self.config_before.0.get(86) == Some(&0x55);
        data_open && self.is_irreversible() && !self.raised()
    }

    /// Whether the configuration was open before.
    #[must_use]
    pub fn chip_is_blank(&self) -> bool {
        self.config_before.0.get(87) == Some(&0x55)
    }

    /// The chip's serial number.
    ///
    /// # Errors
    /// When the row has no whole configuration.
    pub fn chip(&self) -> Result<SerialNumber, Box<dyn Error>> {
        Ok(ConfigZone(self.config_before.array()?).serial_number())
    }

    /// Whether the reference locked anything or made a key.
    pub(super) fn is_irreversible(&self) -> bool {
        let mut heads = self.requests().filter_map(<[u8]>::first_chunk);
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
            eui: None,
        })
    }
}
