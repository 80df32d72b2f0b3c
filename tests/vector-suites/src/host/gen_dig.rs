//! GenDig: what `TempKey` becomes.

use std::error::Error;

use atecc::commands::{CounterId, DigSource, GenDig, Half, Quarter};
use atecc::config::{KeyConfig, LockState, SlotConfig};
use atecc::host::{self, CommandHeader, DigInput};
use atecc::{Opcode, Slot};
use serde::Deserialize;

use super::row::{Row, Status, no_such_command, serial, unsuited};
use tests_vector_runner::{Checked, Hex, Verdict, same};

#[derive(Deserialize)]
pub(super) struct Inputs {
    zone: u8,
    key_id: u16,
    is_key_nomac: bool,
    slot_conf: u16,
    key_conf: u16,
    /// The byte of the message, which is 0 for a locked slot.
    slot_locked: u8,
    counter: u32,
    sn: Hex,
    stored_value: Hex,
    other_data: Hex,
}

#[derive(Deserialize)]
pub(super) struct Output {
    temp_key_value: Hex,
}

pub(super) fn gen_dig(row: &Row<Inputs, Output>) -> Checked {
    let inputs = &row.inputs;
    let head = CommandHeader::new(Opcode::GenDig, inputs.zone, inputs.key_id);
    match row.status {
        Status::BadParam => return no_such_command(head, &heads()),
        Status::ExecutionError => return unsuited(row.temp_key()?.is_usable()),
        Status::Success => {}
    }
    let temp_key = row.temp_key()?.bytes()?;
    let (stored, other) = (inputs.stored_value.array()?, inputs.other_data.array()?);
    let ours = host::gen_dig(
        head,
        input(inputs, &stored, &other)?,
        &temp_key,
        &serial(&inputs.sn)?,
    );
    same("TempKey", &ours[..], &row.output()?.temp_key_value.0)?;
    Ok(Verdict::Pass)
}

fn input<'a>(
    inputs: &Inputs,
    stored: &'a [u8; 32],
    other: &'a [u8; 32],
) -> Result<DigInput<'a>, Box<dyn Error>> {
    let [a, b, c, d, ..] = *other;
    Ok(match inputs.zone {
        0..=2 if inputs.is_key_nomac => DigInput::NoMac(stored, [a, b, c, d]),
        0..=2 => DigInput::Stored(stored),
        3 if inputs.key_id & 0x8000 == 0 => DigInput::SharedNonce(other),
        3 => DigInput::SharedNonceLast(other),
        4 => DigInput::Counter(inputs.counter),
        5 => {
            let lock = match inputs.slot_locked {
                0 => LockState::Locked,
                _ => LockState::Unlocked,
            };
            let (slot, key) = (SlotConfig(inputs.slot_conf), KeyConfig(inputs.key_conf));
            DigInput::KeyConfig(slot, key, lock)
        }
        zone => return Err(format!("ours has no zone {zone}").into()),
    })
}

/// Every GenDig, with the same shared nonces and without further transport
/// keys, which zone 2 all have.
fn heads() -> Vec<CommandHeader> {
    let nonce = [0; 32];
    let config = [
        Quarter::First,
        Quarter::Second,
        Quarter::Third,
        Quarter::Fourth,
    ]
    .map(DigSource::Config);
    let otp = [Half::First, Half::Second].map(DigSource::Otp);
    let counters = [CounterId::Zero, CounterId::One].map(DigSource::Counter);
    let slots = Slot::ALL.into_iter().flat_map(|slot| {
        [
            DigSource::Data(slot),
            DigSource::DataNoMac(slot, [0; 4]),
            DigSource::KeyConfig(slot),
        ]
    });
    let nonces = (0..=u8::MAX).flat_map(|location| {
        [
            DigSource::SharedNonce { location, nonce },
            DigSource::SharedNonceLast { location, nonce },
        ]
    });
    config
        .into_iter()
        .chain(otp)
        .chain(counters)
        .chain(slots)
        .chain(nonces)
        .chain([DigSource::TransportKey(0)])
        .map(|source| CommandHeader::of(&GenDig { source }))
        .collect()
}
