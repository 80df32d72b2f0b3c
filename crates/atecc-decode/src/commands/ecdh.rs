//! `ECDH`.

use alloc::format;
use alloc::string::String;

use atecc::PublicKey;
use atecc::commands::{Ecdh, EcdhMode};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let slot = frame.slot();
    let mode = match frame.param1 {
        0x00 => EcdhMode::Compatible(slot),
        0x02 => EcdhMode::CompatibleEncrypted(slot),
        0x05 => EcdhMode::TempKeyToSlot(slot),
        0x08 => EcdhMode::SlotToTempKey(slot),
        0x09 => EcdhMode::TempKeyToTempKey,
        0x0C => EcdhMode::SlotToOutput(slot),
        0x0D => EcdhMode::TempKeyToOutput,
        0x0E => EcdhMode::SlotToEncryptedOutput(slot),
        0x0F => EcdhMode::TempKeyToEncryptedOutput,
        _ => return Err(frame.wrong_mode()),
    };
    let peer = PublicKey(frame.exactly()?);
    Ok(Ecdh { mode, peer }.into())
}

impl Known for Ecdh {
    fn words(&self, labels: &dyn Labels) -> String {
        let of = |slot| Labelled(labels, slot);
        match self.mode {
            EcdhMode::Compatible(slot) => format!("ECDH with {}", of(slot)),
            EcdhMode::CompatibleEncrypted(slot) => {
                format!("ECDH with {}, encrypted", of(slot))
            }
            EcdhMode::SlotToTempKey(slot) => format!("ECDH with {} to TempKey", of(slot)),
            EcdhMode::SlotToOutput(slot) => format!("ECDH with {} to output", of(slot)),
            EcdhMode::SlotToEncryptedOutput(slot) => {
                format!("ECDH with {} to output, encrypted", of(slot))
            }
            EcdhMode::TempKeyToSlot(slot) => format!("ECDH with TempKey to {}", of(slot)),
            EcdhMode::TempKeyToTempKey => "ECDH with TempKey to TempKey".into(),
            EcdhMode::TempKeyToOutput => "ECDH with TempKey to output".into(),
            EcdhMode::TempKeyToEncryptedOutput => "ECDH with TempKey to output, encrypted".into(),
        }
    }
}
