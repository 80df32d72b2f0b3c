//! GenKey with a digest: what `TempKey` becomes.

use atecc::commands::{DigestPublicKey, GenKey, GenKeyMode};
use atecc::host::{self, CommandHeader};
use atecc::{Command, Opcode, PublicKey};
use serde::Deserialize;

use super::row::{Row, Status, serial, slot, unsuited};
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

/// A digest of the public key of a stored private key.
const DIGEST: u8 = 0x08;
/// A digest of a stored public key: other data instead of mode and Param2.
const STORED: u8 = 0x10;

#[derive(Deserialize)]
pub(super) struct Inputs {
    mode: u8,
    key_id: u16,
    public_key: Hex,
    other_data: Option<Hex>,
    sn: Hex,
}

#[derive(Deserialize)]
pub(super) struct Output {
    temp_key_value: Hex,
}

pub(super) fn digest(row: &Row<Inputs, Output>) -> Checked {
    let inputs = &row.inputs;
    match row.status {
        Status::BadParam => return without_other_data(inputs),
        Status::ExecutionError => return unsuited(row.temp_key()?.is_usable()),
        Status::Success => {}
    }
    let theirs = &row.output()?.temp_key_value.0;
    let temp_key = row.temp_key()?.bytes()?;
    let head = match (
        inputs.mode & STORED,
        inputs.mode & DIGEST,
        &inputs.other_data,
    ) {
        (STORED, _, Some(other_data)) => {
            let [mode, low, high] = other_data.array()?;
            CommandHeader::new(Opcode::GenKey, mode, u16::from_le_bytes([low, high]))
        }
        (0, DIGEST, _) => CommandHeader::new(Opcode::GenKey, inputs.mode, inputs.key_id),
        (0, 0, _) => {
            // Without a digest TempKey stays as it is.
            let slot = slot(inputs.key_id).ok_or("no slot")?;
            let heads = [GenKeyMode::Public, GenKeyMode::Create]
                .map(|mode| CommandHeader::of(&GenKey { mode, slot }));
            let head = CommandHeader::new(Opcode::GenKey, inputs.mode, inputs.key_id);
            holds("there is no such command", heads.contains(&head))?;
            same("TempKey", &temp_key[..], theirs)?;
            return Ok(Verdict::Pass);
        }
        mode => return Err(format!("ours has no such mode: {mode:02X?}").into()),
    };
    let public_key = PublicKey(inputs.public_key.array()?);
    let ours = host::gen_key_digest(head, &public_key, &temp_key, &serial(&inputs.sn)?);
    same("TempKey", &ours[..], theirs)?;
    Ok(Verdict::Pass)
}

/// The library wants other data; ours may leave them away, and then there is
/// no head to digest but the command's own.
fn without_other_data(inputs: &Inputs) -> Checked {
    let command = DigestPublicKey {
        slot: slot(inputs.key_id).ok_or("no slot")?,
        other_data: None,
    };
    holds("other data are given", inputs.other_data.is_none())?;
    same("mode", command.param1(), inputs.mode)?;
    same("data", command.data().0, &[])?;
    Ok(Verdict::Differs("no-other-data"))
}
