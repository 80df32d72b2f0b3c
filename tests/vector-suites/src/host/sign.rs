//! Messages that the chip makes to sign them, and the MAC of a verification.

use std::error::Error;

use atecc::Opcode;
use atecc::config::{ConfigZone, KeyConfig, LockState, SlotConfig};
use atecc::host::{self, CommandHeader, InternalMessage, TempKeyState, Validity};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::row::{Row, TempKey, serial, slot};
use tests_vector_runner::{Checked, Hex, Verdict, same};

#[derive(Deserialize)]
pub(super) struct ConfigInputs {
    config: Hex,
}

#[derive(Deserialize)]
pub(super) struct State {
    slot_config: u16,
    key_config: u16,
    use_flag: u8,
    update_count: u8,
    is_slot_locked: bool,
}

pub(super) fn config(row: &Row<ConfigInputs, State>) -> Checked {
    let temp_key = row.temp_key()?;
    let key = slot(temp_key.key_id.into()).ok_or("no slot")?;
    let zone = ConfigZone(row.inputs.config.array()?);
    let ours = TempKeyState::of(flags(temp_key), &zone, key, Validity::NotValidated);
    let theirs = row.output()?;
    same("SlotConfig", ours.slot_config.0, theirs.slot_config)?;
    same("KeyConfig", ours.key_config.0, theirs.key_config)?;
    same("locked", ours.slot_lock.is_locked(), theirs.is_slot_locked)?;
    same("unused", [0, 0], [theirs.use_flag, theirs.update_count])?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct SignInputs {
    mode: u8,
    key_id: u16,
    #[serde(flatten)]
    state: State,
    for_invalidate: bool,
    sn: Hex,
}

#[derive(Deserialize)]
pub(super) struct Message {
    message: Hex,
    verify_other_data: Hex,
    digest: Hex,
}

pub(super) fn message(row: &Row<SignInputs, Message>) -> Checked {
    let (inputs, temp_key) = (&row.inputs, row.temp_key()?);
    let state = &inputs.state;
    same("unused", [0, 0], [state.use_flag, state.update_count])?;
    let ours = InternalMessage::new(
        CommandHeader::new(Opcode::Sign, inputs.mode, inputs.key_id),
        &temp_key.bytes()?,
        &TempKeyState {
            flags: flags(temp_key),
            slot_config: SlotConfig(state.slot_config),
            key_config: KeyConfig(state.key_config),
            slot_lock: if state.is_slot_locked {
                LockState::Locked
            } else {
                LockState::Unlocked
            },
            validated: if inputs.for_invalidate {
                Validity::Validated
            } else {
                Validity::NotValidated
            },
        },
        &serial(&inputs.sn)?,
    );
    let theirs = row.output()?;
    same("message", &ours.as_bytes()[..], &theirs.message.0)?;
    same("digest", &ours.digest()[..], &theirs.digest.0)?;
    let other_data = &theirs.verify_other_data.0;
    same("other data", &ours.other_data()[..], other_data)?;
    Ok(Verdict::Pass)
}

/// What Info tells of a TempKey. Source: ATECC508A datasheet, "`TempKey`".
const fn flags(temp_key: &TempKey) -> u8 {
    temp_key.no_mac_flag << 7
        | temp_key.gen_key_data << 6
        | temp_key.gen_dig_data << 5
        | temp_key.source_flag << 4
        | temp_key.key_id
}

#[derive(Deserialize)]
pub(super) struct VerifyInputs {
    mode: u8,
    key_id: u16,
    signature: Hex,
    other_data: Hex,
    msg_dig_buf: Hex,
    io_key: Hex,
    sn: Hex,
}

#[derive(Deserialize)]
pub(super) struct Mac {
    mac: Hex,
}

pub(super) fn verify_mac(row: &Row<VerifyInputs, Mac>) -> Checked {
    /// Param1: the digest is in the message digest buffer.
    const BUFFER: u8 = 0x20;
    /// Param1: validate or invalidate.
    const VALIDATE: u8 = 0x03;
    let inputs = &row.inputs;
    let buffer: [u8; 64] = inputs.msg_dig_buf.array()?;
    let (first, second) = halves(&buffer)?;
    let temp_key = row.temp_key()?.bytes()?;
    let (digest, nonce) = match inputs.mode & BUFFER {
        0 => (temp_key, first),
        _ => (first, second),
    };
    // A validation is always of TempKey.
    let digest = match inputs.mode & VALIDATE {
        VALIDATE => validated(&temp_key, inputs)?,
        _ => digest,
    };
    let ours = host::verify_mac(
        CommandHeader::new(Opcode::Verify, inputs.mode, inputs.key_id),
        &inputs.io_key.array()?,
        &digest,
        &nonce,
        &inputs.signature.array()?,
    );
    same("MAC", &ours[..], &row.output()?.mac.0)?;
    Ok(Verdict::Pass)
}

fn halves(buffer: &[u8; 64]) -> Result<([u8; 32], [u8; 32]), Box<dyn Error>> {
    let (first, second) = buffer.split_at(32);
    Ok((first.try_into()?, second.try_into()?))
}

/// What a validation verifies: the message that the other data complete. A row
/// has any other data, of which no [`InternalMessage`] is made.
fn validated(digest: &[u8; 32], inputs: &VerifyInputs) -> Result<[u8; 32], Box<dyn Error>> {
    let other_data: [u8; 19] = inputs.other_data.array()?;
    let [a, b, .., i] = serial(&inputs.sn)?.0;
    let (state, rest) = other_data.split_at(10);
    let (middle, last) = rest.split_at(4);
    let parts: [&[u8]; 7] = [
        digest,
        &[Opcode::Sign as u8],
        state,
        &[i],
        middle,
        &[a, b],
        last,
    ];
    Ok(Sha256::digest(parts.concat()).into())
}
