//! DeriveKey: the new key, and the MAC that authorizes it.

use atecc::Opcode;
use atecc::commands::{DeriveKey, SourceFlag};
use atecc::host::{self, CommandHeader};
use serde::Deserialize;

use super::row::{Row, Status, no_such_command, serial, slot, unsuited};
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

#[derive(Deserialize)]
pub(super) struct Inputs {
    mode: u8,
    target_key_id: u16,
    sn: Hex,
    parent_key: Hex,
}

#[derive(Deserialize)]
pub(super) struct Key {
    target_key: Hex,
}

#[derive(Deserialize)]
pub(super) struct Mac {
    mac: Hex,
}

pub(super) fn key(row: &Row<Inputs, Key>) -> Checked {
    let inputs = &row.inputs;
    let head = inputs.head();
    match row.status {
        Status::BadParam => return no_such_command(head, &inputs.typed()),
        Status::ExecutionError => return unsuited(row.temp_key()?.suits(inputs.mode)),
        Status::Success => {}
    }
    holds("there is no such command", inputs.typed().contains(&head))?;
    let ours = host::derive_key(
        head,
        &inputs.parent_key.array()?,
        &row.temp_key()?.bytes()?,
        &serial(&inputs.sn)?,
    );
    same("key", &ours[..], &row.output()?.target_key.0)?;
    Ok(Verdict::Pass)
}

pub(super) fn mac(row: &Row<Inputs, Mac>) -> Checked {
    let inputs = &row.inputs;
    let head = inputs.head();
    if row.status != Status::Success {
        return no_such_command(head, &inputs.typed());
    }
    holds("there is no such command", inputs.typed().contains(&head))?;
    let parent = inputs.parent_key.array()?;
    let ours = host::derive_key_mac(head, &parent, &serial(&inputs.sn)?);
    same("MAC", &ours[..], &row.output()?.mac.0)?;
    Ok(Verdict::Pass)
}

impl Inputs {
    fn head(&self) -> CommandHeader {
        CommandHeader::new(Opcode::DeriveKey, self.mode, self.target_key_id)
    }

    /// Every DeriveKey of the target.
    fn typed(&self) -> Vec<CommandHeader> {
        let flags = [SourceFlag::Random, SourceFlag::Input];
        let commands = slot(self.target_key_id).into_iter().flat_map(|target| {
            flags.map(|temp_key| DeriveKey {
                target,
                temp_key,
                mac: None,
            })
        });
        commands
            .map(|command| CommandHeader::of(&command))
            .collect()
    }
}
