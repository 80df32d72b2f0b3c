//! Encrypted reads and writes, of blocks and of private keys.

use atecc::Opcode;
use atecc::host::{self, CommandHeader};
use serde::Deserialize;

use super::row::{Row, Status, serial, unsuited};
use tests_vector_runner::{Checked, Hex, Verdict, same};

#[derive(Deserialize)]
pub(super) struct GenMacInputs {
    zone: u8,
    key_id: u16,
    sn: Hex,
    stored_value: Hex,
}

#[derive(Deserialize)]
pub(super) struct TempKeyOutput {
    temp_key_value: Hex,
}

/// The MAC of an encrypted write alone, which the library leaves in TempKey.
pub(super) fn gen_mac(row: &Row<GenMacInputs, TempKeyOutput>) -> Checked {
    let inputs = &row.inputs;
    if row.status != Status::Success {
        return unsuited(row.temp_key()?.is_usable());
    }
    let ours = host::encrypt_write(
        CommandHeader::new(Opcode::Write, inputs.zone, inputs.key_id),
        &inputs.stored_value.array()?,
        &row.temp_key()?.bytes()?,
        &serial(&inputs.sn)?,
    );
    same("MAC", &ours.mac[..], &row.output()?.temp_key_value.0)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct Inputs {
    zone: u8,
    key_id: u16,
    sn: Hex,
    input_data: Hex,
}

#[derive(Deserialize)]
pub(super) struct Output {
    encrypted_data: Hex,
    auth_mac: Hex,
}

pub(super) fn block(row: &Row<Inputs, Output>) -> Checked {
    let inputs = &row.inputs;
    if row.status != Status::Success {
        return unsuited(row.temp_key()?.is_usable());
    }
    let (plain, temp_key) = (inputs.input_data.array()?, row.temp_key()?.bytes()?);
    let ours = host::encrypt_write(
        CommandHeader::new(Opcode::Write, inputs.zone, inputs.key_id),
        &plain,
        &temp_key,
        &serial(&inputs.sn)?,
    );
    let theirs = row.output()?;
    same("encrypted", &ours.cipher[..], &theirs.encrypted_data.0)?;
    same("MAC", &ours.mac[..], &theirs.auth_mac.0)?;
    same("decrypted", host::xor(&ours.cipher, &temp_key), plain)?;
    Ok(Verdict::Pass)
}

pub(super) fn private_key(row: &Row<Inputs, Output>) -> Checked {
    let inputs = &row.inputs;
    if row.status != Status::Success {
        return unsuited(row.temp_key()?.is_usable());
    }
    let ours = host::encrypt_private_key(
        CommandHeader::new(Opcode::PrivWrite, inputs.zone, inputs.key_id),
        &inputs.input_data.array()?,
        &row.temp_key()?.bytes()?,
        &serial(&inputs.sn)?,
    );
    let theirs = row.output()?;
    same("encrypted", &ours.cipher[..], &theirs.encrypted_data.0)?;
    same("MAC", &ours.mac[..], &theirs.auth_mac.0)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct DecryptInputs {
    crypto_data: Hex,
}

#[derive(Deserialize)]
pub(super) struct Decrypted {
    data: Hex,
}

/// An encrypted read wants a TempKey that GenDig made of a random nonce.
pub(super) fn decrypt(row: &Row<DecryptInputs, Decrypted>) -> Checked {
    const RANDOM: u8 = 0x00;
    let temp_key = row.temp_key()?;
    if row.status != Status::Success {
        return unsuited(temp_key.suits(RANDOM) && temp_key.gen_dig_data == 1);
    }
    let cipher = row.inputs.crypto_data.array()?;
    let ours = host::xor(&cipher, &temp_key.bytes()?);
    same("decrypted", &ours[..], &row.output()?.data.0)?;
    Ok(Verdict::Pass)
}
