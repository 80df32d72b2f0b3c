//! The reference's own: what it computes to authorize a volatile key.

use std::error::Error;

use atecc::commands::{Blocks, CheckMac, OtpPart, RandomNonce, SeedUpdate, SourceFlag};
use atecc::host::{self, CommandHeader, MacInput};
use atecc::{Command, Opcode, Slot};
use serde::Deserialize;

use super::row::serial;
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

const NO_OTP: [u8; 64] = [0; 64];

#[derive(Deserialize)]
pub(super) struct NonceRow {
    rng: Hex,
    rand: Hex,
    mode: u8,
    nonce: Hex,
}

/// The reference hashes any mode; a random nonce has two of them.
pub(super) fn random_nonce(row: &NonceRow) -> Checked {
    let (random, input) = (row.rng.array()?, row.rand.array()?);
    for seed in [SeedUpdate::Automatic, SeedUpdate::Never] {
        let ours = host::random_nonce(&random, &input, seed);
        if (RandomNonce { input, seed }).param1() == row.mode {
            same("nonce", &ours[..], &row.nonce.0)?;
            return Ok(Verdict::Pass);
        }
        holds("two modes, one nonce", ours[..] != row.nonce.0)?;
    }
    Ok(Verdict::Differs("no-such-command"))
}

#[derive(Deserialize)]
pub(super) struct CheckMacRow {
    key: Hex,
    nonce: Hex,
    sn: Hex,
    digest: Hex,
    other_data: Hex,
}

pub(super) fn check_mac(row: &CheckMacRow) -> Checked {
    let other_data = row.other_data.array()?;
    let command = CheckMac {
        blocks: Blocks::KeyThenTempKey(SourceFlag::Random),
        otp: OtpPart::None,
        slot: Slot::S1,
        challenge: [0; 32],
        response: row.digest.array()?,
        other_data,
    };
    let response = host::check_mac_response(
        CommandHeader::of(&command),
        &MacInput {
            first: &row.key.array()?,
            second: &row.nonce.array()?,
            otp: &NO_OTP,
            serial: &serial(&row.sn)?,
        },
        &other_data,
    );
    same("response", response, command.response)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct MacRow {
    key: Hex,
    nonce: Hex,
    opcode: Hex,
    mode: Hex,
    param2: Hex,
    sn: Hex,
    digest: Hex,
}

pub(super) fn mac(row: &MacRow) -> Checked {
    let digest = host::mac(
        head(row)?,
        &MacInput {
            first: &row.key.array()?,
            second: &row.nonce.array()?,
            otp: &NO_OTP,
            serial: &serial(&row.sn)?,
        },
    );
    same("MAC", &digest[..], &row.digest.0)?;
    Ok(Verdict::Pass)
}

fn head(row: &MacRow) -> Result<CommandHeader, Box<dyn Error>> {
    let ([opcode], [mode]) = (row.opcode.array()?, row.mode.array()?);
    let opcode = Opcode::from_byte(opcode).ok_or("no such opcode")?;
    Ok(CommandHeader::new(
        opcode,
        mode,
        u16::from_le_bytes(row.param2.array()?),
    ))
}
