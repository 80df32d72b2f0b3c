//! MAC, CheckMac and HMAC.

use atecc::Opcode;
use atecc::commands::{
    Blocks, CheckMac, Hmac, IncludeSerial, Mac, MacBlocks, MacOtp, OtpPart, SourceFlag,
};
use atecc::host::{self, CommandHeader, MacInput};
use serde::Deserialize;

use super::row::{Row, Status, no_such_command, otp, serial, slot, unsuited};
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

const FLAGS: [SourceFlag; 2] = [SourceFlag::Random, SourceFlag::Input];
const SERIALS: [IncludeSerial; 2] = [IncludeSerial::Fixed, IncludeSerial::Whole];
const OTPS: [MacOtp; 3] = [MacOtp::None, MacOtp::First11, MacOtp::First8];

#[derive(Deserialize)]
pub(super) struct MacInputs {
    mode: u8,
    key_id: u16,
    challenge: Hex,
    key: Hex,
    otp: Hex,
    sn: Hex,
}

#[derive(Deserialize)]
pub(super) struct Response {
    response: Hex,
}

pub(super) fn mac(row: &Row<MacInputs, Response>) -> Checked {
    let inputs = &row.inputs;
    let head = CommandHeader::new(Opcode::Mac, inputs.mode, inputs.key_id);
    let typed = macs(inputs.key_id);
    let temp_key = row.temp_key()?;
    match row.status {
        Status::BadParam => return no_such_command(head, &typed),
        Status::ExecutionError => return unsuited(temp_key.suits(inputs.mode)),
        Status::Success => {}
    }
    // The typed command takes one of the two OTP bits, and bit 2 where TempKey
    // takes part.
    let idle_flag = inputs.mode & 0x07 == 0x04;
    if !typed.is_empty() && inputs.mode & 0x30 != 0x30 && !idle_flag {
        holds("there is no such command", typed.contains(&head))?;
    }
    let volatile = temp_key.bytes()?;
    let (key, challenge) = (inputs.key.array()?, inputs.challenge.array()?);
    let ours = host::mac(
        head,
        &MacInput {
            first: pick(inputs.mode & 0x02, &key, &volatile),
            second: pick(inputs.mode & 0x01, &challenge, &volatile),
            otp: &otp(&inputs.otp),
            serial: &serial(&inputs.sn)?,
        },
    );
    same("MAC", &ours[..], &row.output()?.response.0)?;
    Ok(Verdict::Pass)
}

/// Every MAC with a key id.
fn macs(key_id: u16) -> Vec<CommandHeader> {
    let Some(slot) = slot(key_id) else {
        return Vec::new();
    };
    let challenge = [0; 32];
    let blocks = FLAGS.into_iter().flat_map(|flag| {
        [
            MacBlocks::KeyThenChallenge(challenge),
            MacBlocks::KeyThenTempKey(flag),
            MacBlocks::TempKeyThenChallenge(flag, challenge),
            MacBlocks::TempKeyTwice(flag),
        ]
    });
    let mut heads = Vec::new();
    for blocks in blocks {
        for otp in OTPS {
            for serial in SERIALS {
                heads.push(CommandHeader::of(&Mac {
                    blocks,
                    otp,
                    serial,
                    slot,
                }));
            }
        }
    }
    heads
}

/// One of two blocks, as a bit of the mode says.
fn pick<'a>(bit: u8, given: &'a [u8; 32], temp_key: &'a [u8; 32]) -> &'a [u8; 32] {
    if bit == 0 { given } else { temp_key }
}

#[derive(Deserialize)]
pub(super) struct CheckMacInputs {
    mode: u8,
    key_id: u16,
    sn: Hex,
    client_chal: Hex,
    other_data: Hex,
    otp: Hex,
    slot_key: Hex,
}

#[derive(Deserialize)]
pub(super) struct ClientResponse {
    client_resp: Hex,
}

pub(super) fn check_mac(row: &Row<CheckMacInputs, ClientResponse>) -> Checked {
    let inputs = &row.inputs;
    let head = CommandHeader::new(Opcode::CheckMac, inputs.mode, inputs.key_id);
    let temp_key = row.temp_key()?;
    match row.status {
        Status::BadParam => return no_such_command(head, &check_macs(inputs.key_id)),
        Status::ExecutionError => return unsuited(temp_key.suits(inputs.mode)),
        Status::Success => {}
    }
    // Without TempKey bit 2 has no meaning, and the typed command has it clear.
    if inputs.mode & 0x03 != 0 {
        let typed = check_macs(inputs.key_id);
        holds("there is no such command", typed.contains(&head))?;
    }
    let volatile = temp_key.bytes()?;
    let (key, challenge) = (inputs.slot_key.array()?, inputs.client_chal.array()?);
    let ours = host::check_mac_response(
        head,
        &MacInput {
            first: pick(inputs.mode & 0x02, &key, &volatile),
            second: pick(inputs.mode & 0x01, &challenge, &volatile),
            otp: &otp(&inputs.otp),
            serial: &serial(&inputs.sn)?,
        },
        &inputs.other_data.array()?,
    );
    same("response", &ours[..], &row.output()?.client_resp.0)?;
    Ok(Verdict::Pass)
}

/// Every CheckMac with a key id.
fn check_macs(key_id: u16) -> Vec<CommandHeader> {
    let Some(slot) = slot(key_id) else {
        return Vec::new();
    };
    let blocks = FLAGS.into_iter().flat_map(|flag| {
        [
            Blocks::KeyThenChallenge,
            Blocks::KeyThenTempKey(flag),
            Blocks::TempKeyThenChallenge(flag),
            Blocks::TempKeyTwice(flag),
        ]
    });
    let mut heads = Vec::new();
    for blocks in blocks {
        for otp in [OtpPart::None, OtpPart::First8] {
            heads.push(CommandHeader::of(&CheckMac {
                blocks,
                otp,
                slot,
                challenge: [0; 32],
                response: [0; 32],
                other_data: [0; 13],
            }));
        }
    }
    heads
}

#[derive(Deserialize)]
pub(super) struct HmacInputs {
    mode: u8,
    key_id: u16,
    key: Hex,
    otp: Hex,
    sn: Hex,
}

pub(super) fn hmac(row: &Row<HmacInputs, Response>) -> Checked {
    let inputs = &row.inputs;
    let head = CommandHeader::new(Opcode::Hmac, inputs.mode, inputs.key_id);
    let typed = hmacs(inputs.key_id);
    match row.status {
        Status::BadParam => return no_such_command(head, &typed),
        Status::ExecutionError => return unsuited(row.temp_key()?.suits(inputs.mode)),
        Status::Success => {}
    }
    // The typed command takes one of the two OTP bits.
    if !typed.is_empty() && inputs.mode & 0x30 != 0x30 {
        holds("there is no such command", typed.contains(&head))?;
    }
    let ours = host::hmac_508(
        head,
        &MacInput {
            first: &inputs.key.array()?,
            second: &row.temp_key()?.bytes()?,
            otp: &otp(&inputs.otp),
            serial: &serial(&inputs.sn)?,
        },
    );
    same("HMAC", &ours[..], &row.output()?.response.0)?;
    Ok(Verdict::Pass)
}

/// Every HMAC with a key id.
fn hmacs(key_id: u16) -> Vec<CommandHeader> {
    let Some(slot) = slot(key_id) else {
        return Vec::new();
    };
    let mut heads = Vec::new();
    for temp_key in FLAGS {
        for otp in OTPS {
            for serial in SERIALS {
                heads.push(CommandHeader::of(&Hmac {
                    slot,
                    temp_key,
                    otp,
                    serial,
                }));
            }
        }
    }
    heads
}
