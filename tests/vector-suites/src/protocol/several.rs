//! Calls of the reference that are several commands in one session, of which
//! the later ones need what the earlier ones left in the chip.

use std::error::Error;

use atecc::command::Request;
use atecc::commands::{
    self, Blocks, CheckMac, DigestTarget, IncludeSerial, InfoLatch, LoadNonce, Mac, MacBlocks,
    MacOtp, NonceTarget, OtpPart, RandomNonce, ReadBlock, SeedUpdate, ShaEnd, ShaPiece, ShaStart,
    SourceFlag,
};
use atecc::error::Cause;
use atecc::host::{self, CommandHeader, MacInput};
use atecc::{BlockAddress, Command, Failure, Opcode, Region, SerialNumber, Slot, Status};

use super::call::{Answer, Call, Sent, is_sent};
use super::script::{Send, Transfer, comparable, run};
use tests_vector_runner::{Checked, Verdict, holds, same};

/// Run `requests` on a chip that answers as the row's did: one wake, and
/// these commands.
fn session(row: &Call, requests: &[Request]) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let replies: Vec<_> = row.sends.iter().map(Sent::reply).collect();
    let (result, log) = run(Send::new(requests.iter().cloned()), &replies);
    let log = comparable(&log)?;
    let wakes = log.iter().filter(|transfer| **transfer == Transfer::Wake);
    same("wakes", wakes.count(), 1)?;
    same("last", log.last(), Some(&Transfer::sleep()))?;
    let commands = log.iter().filter(|transfer| transfer.is_command());
    same("commands", commands.count(), row.sends.len())?;
    Ok(result?)
}

fn two<T>(items: &[T]) -> Result<(&T, &T), Box<dyn Error>> {
    match items {
        [first, second] => Ok((first, second)),
        _ => Err(format!("{} commands or answers instead of 2", items.len()).into()),
    }
}

/// SHA with all data in the last command. The reference leaves their length
/// out of it.
pub(super) fn sha(row: &Call) -> Checked {
    let data = row.args.data()?;
    let end = ShaEnd {
        piece: ShaPiece::new(data)?,
        target: DigestTarget::OutputOnly,
    };
    let requests = [Request::new(&ShaStart::Sha256)?, Request::new(&end)?];
    let (first, last) = two(&row.sends)?;
    is_sent(&requests[0], first)?;
    let payloads = session(row, &requests)?;
    let (started, digest) = two(&payloads)?;
    ShaStart::Sha256.decode(started)?;
    row.answered(&end.decode(digest)?)?;
    if data.is_empty() {
        is_sent(&requests[1], last)?;
        return Ok(Verdict::Pass);
    }
    // Opcode and mode, then Param2, low byte first.
    let mut theirs = last.payload.0.clone();
    let [low, _] = u16::try_from(data.len())?.to_le_bytes();
    same("Param2", theirs.get(2..4), Some(&[0, 0]))?;
    theirs.splice(2..4, [low, 0]);
    same("command", super::payload(&requests[1]), theirs)?;
    Ok(Verdict::Differs("sha-length"))
}

/// MAC of the key in a slot over 32 bytes that are loaded into `TempKey`.
pub(super) fn mac_deterministic(row: &Call) -> Checked {
    let load = LoadNonce {
        target: NonceTarget::TempKey,
        value: row.args.input()?,
    };
    let mac = Mac {
        blocks: MacBlocks::KeyThenTempKey(SourceFlag::Input),
        otp: MacOtp::None,
        serial: IncludeSerial::Fixed,
        slot: row.args.slot()?,
    };
    let requests = [Request::new(&load)?, Request::new(&mac)?];
    let (first, last) = two(&row.sends)?;
    is_sent(&requests[0], first)?;
    is_sent(&requests[1], last)?;
    let payloads = session(row, &requests)?;
    let (loaded, answer) = two(&payloads)?;
    load.decode(loaded)?;
    row.answered(&mac.decode(answer)?)?;
    Ok(Verdict::Pass)
}

/// Prove to the chip that the host knows the key in a slot, then latch that.
pub(super) fn auth_volatile_key(row: &Call) -> Checked {
    let [config, nonce, check, latch @ ..] = row.sends.as_slice() else {
        return Err("less than three commands".into());
    };
    let read = ReadBlock {
        address: BlockAddress::new(Region::Config, 0)?,
    };
    is_sent(&Request::new(&read)?, config)?;
    let block = read.decode(&config.response.0)?;

    let draw = RandomNonce {
        input: nonce.payload.0.get(4..).unwrap_or_default().try_into()?,
        seed: SeedUpdate::Automatic,
    };
    is_sent(&Request::new(&draw)?, nonce)?;
    let random = draw.decode(&nonce.response.0)?;
    let temp_key = host::random_nonce(&random, &draw.input, draw.seed);

    let proof = proof(row.args.slot()?, &row.args.key()?, &temp_key, &block);
    is_sent(&Request::new(&proof)?, check)?;
    if let [latch] = latch {
        is_sent(&Request::new(&InfoLatch::Set)?, latch)?;
    }
    outcome(row, read, &draw, &proof)
}

/// The CheckMac of a host that knows `key`.
fn proof(slot: Slot, key: &[u8; 32], temp_key: &[u8; 32], config: &[u8; 32]) -> CheckMac {
    let other_data = [0; 13];
    let command = CheckMac {
        blocks: Blocks::KeyThenTempKey(SourceFlag::Random),
        otp: OtpPart::None,
        slot,
        challenge: [0; 32],
        response: [0; 32],
        other_data,
    };
    let input = MacInput {
        first: key,
        second: temp_key,
        otp: &[0; 64],
        serial: &serial(config),
    };
    CheckMac {
        response: host::check_mac_response(CommandHeader::of(&command), &input, &other_data),
        ..command
    }
}

/// Bytes 0 to 3 and 8 to 12. Source: ATECC508A datasheet, "Configuration
/// Zone".
fn serial(block: &[u8; 32]) -> SerialNumber {
    let mut serial = [0; 9];
    let bytes = block[..4].iter().chain(&block[8..13]);
    serial
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    SerialNumber(serial)
}

/// What comes of it: a verdict and a latch are answers, a status is a failure.
fn outcome(row: &Call, read: ReadBlock, draw: &RandomNonce, proof: &CheckMac) -> Checked {
    let first = [Request::new(&read)?, Request::new(draw)?];
    let all = first.into_iter().chain([Request::new(proof)?]);
    let latch = (row.sends.len() > 3).then(|| Request::new(&InfoLatch::Set));
    let requests: Vec<_> = all.chain(latch.transpose()?).collect();
    let payloads = match session(row, &requests) {
        Ok(payloads) => payloads,
        Err(error) => return refused(row, error.downcast_ref::<Failure>()),
    };
    let verdict = proof.decode(payloads.get(2).ok_or("no verdict")?)?;
    let latched = payloads.get(3).map(|latch| InfoLatch::Set.decode(latch));
    let right = verdict == commands::Verdict::Good;
    match (&row.result, right, latched.transpose()?) {
        (Answer::Other(ok), true, Some(true)) => same("result", ok.as_str(), Some("ok"))?,
        (Answer::Error(error), true, Some(false)) => {
            same("result", error.as_str(), ":latch_failed_to_set")?;
        }
        (Answer::Error(error), false, None) => {
            same("result", error.as_str(), ":checkmac_mismatch")?;
        }
        other => return Err(format!("the results are {other:?}").into()),
    }
    Ok(Verdict::Pass)
}

/// The chip refuses to compare, which the reference does not expect.
fn refused(row: &Call, failure: Option<&Failure>) -> Checked {
    let last = row.sends.last().ok_or("nothing is sent")?;
    let [status] = last.response.array()?;
    let ours = Cause::Status {
        opcode: Opcode::CheckMac,
        parameters: last.parameters()?,
        status: Status::from_byte(status),
    }
    .before_execution();
    same("failure", failure, Some(&ours))?;
    let theirs = match &row.result {
        Answer::Other(result) => result.get("raises"),
        _ => None,
    };
    holds("the reference does not raise", theirs.is_some())?;
    Ok(Verdict::Differs("refusal-is-no-verdict"))
}
