//! Nonce: what `TempKey` becomes.

use std::error::Error;

use atecc::command::Data;
use atecc::commands::{
    FixedNonce, LoadNonce, LoadNonce64, NonceTarget, NonceTarget64, RandomNonce, SeedUpdate,
};
use atecc::host::{self, CommandHeader};
use atecc::{Command, Opcode};
use serde::Deserialize;

use super::row::{Row, Status, no_such_command, unsuited};
use tests_vector_runner::{Checked, Hex, Verdict, same};

#[derive(Deserialize)]
pub(super) struct Inputs {
    mode: u8,
    /// Param2.
    zero: u16,
    num_in: Hex,
    rand_out: Hex,
}

#[derive(Deserialize)]
pub(super) struct Output {
    /// 64 bytes; those that are not in use stay as they were.
    temp_key_value: Hex,
}

const SEEDS: [SeedUpdate; 2] = [SeedUpdate::Automatic, SeedUpdate::Never];
const TARGETS: [NonceTarget; 3] = [
    NonceTarget::TempKey,
    NonceTarget::MessageDigestBuffer,
    NonceTarget::AlternateKeyBuffer,
];
const TARGETS_64: [NonceTarget64; 2] = [NonceTarget64::TempKey, NonceTarget64::MessageDigestBuffer];

pub(super) fn nonce(row: &Row<Inputs, Output>) -> Checked {
    let inputs = &row.inputs;
    let head = CommandHeader::new(Opcode::Nonce, inputs.mode, inputs.zero);
    match row.status {
        Status::BadParam => return no_such_command(head, &heads()),
        Status::ExecutionError => return unsuited(row.temp_key()?.is_usable()),
        Status::Success => {}
    }
    let Some(ours) = temp_key(row)? else {
        return no_such_command(head, &heads());
    };
    let theirs = &row.output()?.temp_key_value.0;
    if ours.len() == 64 && ours != *theirs {
        // The library copies half of what is loaded and leaves the rest.
        let before = &row.temp_key()?.value.0;
        same("first half", ours.get(..32), theirs.get(..32))?;
        same("second half", before.get(32..), theirs.get(32..))?;
        return Ok(Verdict::Differs("half-of-a-long-value"));
    }
    same("TempKey", Some(ours.as_slice()), theirs.get(..ours.len()))?;
    Ok(Verdict::Pass)
}

/// The bytes of TempKey that are in use afterwards; `None` when ours has no
/// such command.
fn temp_key(row: &Row<Inputs, Output>) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let inputs = &row.inputs;
    for seed in SEEDS {
        if seed as u8 != inputs.mode {
            continue;
        }
        let (input, answer) = (inputs.num_in.array()?, inputs.rand_out.array()?);
        let fixed = FixedNonce { input, seed };
        // The chip of a fixed nonce answers with TempKey itself.
        return Ok(Some(if fixed.param2() == inputs.zero {
            fixed.decode(&answer)?.to_vec()
        } else {
            host::random_nonce(&answer, &input, seed).to_vec()
        }));
    }
    for target in TARGETS {
        let mode = target as u8;
        if mode == inputs.mode {
            let value = inputs.num_in.array()?;
            return loaded(
                row,
                target == NonceTarget::TempKey,
                &LoadNonce { target, value },
            );
        }
    }
    for target in TARGETS_64 {
        let mode = target as u8;
        if mode == inputs.mode {
            let value = inputs.num_in.array()?;
            let into_temp_key = target == NonceTarget64::TempKey;
            return loaded(row, into_temp_key, &LoadNonce64 { target, value });
        }
    }
    Ok(None)
}

/// What is loaded, or TempKey as it was when that goes elsewhere.
fn loaded<C: Command>(
    row: &Row<Inputs, Output>,
    into_temp_key: bool,
    command: &C,
) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let Data(value, ..) = command.data();
    Ok(Some(if into_temp_key {
        value.to_vec()
    } else {
        row.temp_key()?.value.0.clone()
    }))
}

/// Every Nonce.
fn heads() -> Vec<CommandHeader> {
    let input = [0; 20];
    let hashed = SEEDS.into_iter().flat_map(|seed| {
        [
            CommandHeader::of(&RandomNonce { input, seed }),
            CommandHeader::of(&FixedNonce { input, seed }),
        ]
    });
    let value = [0; 32];
    let loaded = TARGETS.map(|target| CommandHeader::of(&LoadNonce { target, value }));
    let value = [0; 64];
    let loaded_64 = TARGETS_64.map(|target| CommandHeader::of(&LoadNonce64 { target, value }));
    hashed.chain(loaded).chain(loaded_64).collect()
}
