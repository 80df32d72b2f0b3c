//! Calls of the reference, and the commands that it sends for them.

use std::error::Error;

use atecc::command::Request;
use atecc::commands::{
    DigestSource, Ecdh, EcdhMode, GenKey, GenKeyMode, InfoLatch, LoadNonce, LockTarget,
    NonceTarget, Random, Sign,
};
use atecc::error::Cause;
use atecc::procedures::SignDigest;
use atecc::{Command, Opcode, PublicKey, Slot, Status, Zone};
use serde::Deserialize;

use super::script::{Reply, Send, Transfer, comparable, run};
use super::several;
use super::status::name;
use super::typed::Typed;
use tests_vector_runner::{Checked, Hex, Verdict, same};

/// A buffer for a digest, as Nonce and as Sign name it.
type Buffer = (NonceTarget, DigestSource);
const TEMP_KEY: Buffer = (NonceTarget::TempKey, DigestSource::TempKey);
const MESSAGE_DIGEST_BUFFER: Buffer = (
    NonceTarget::MessageDigestBuffer,
    DigestSource::MessageDigestBuffer,
);

#[derive(Deserialize)]
pub(super) struct Call {
    call: String,
    pub(super) args: Args,
    pub(super) sends: Vec<Sent>,
    pub(super) result: Answer,
}

impl Call {
    /// The reference returned `value`.
    pub(super) fn answered(&self, value: &[u8]) -> Result<(), Box<dyn Error>> {
        match &self.result {
            Answer::Ok(theirs) => same("value", value, &theirs.0),
            other => Err(format!("the reference has {other:?}").into()),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Args {
    zone: Option<String>,
    addr: Option<u16>,
    length: Option<usize>,
    slot: Option<u8>,
    create: Option<bool>,
    data: Option<Hex>,
    crc: Option<Hex>,
    digest: Option<Hex>,
    bytes: Option<Hex>,
    raw_pub_key: Option<Hex>,
    key: Option<Hex>,
    input: Option<Hex>,
}

impl Args {
    pub(super) fn slot(&self) -> Result<Slot, Box<dyn Error>> {
        Ok(Slot::new(self.slot.ok_or("no slot")?)?)
    }

    pub(super) fn data(&self) -> Result<&[u8], Box<dyn Error>> {
        let data = self.data.as_ref().ok_or("no data")?;
        Ok(&data.0)
    }

    pub(super) fn key(&self) -> Result<[u8; 32], Box<dyn Error>> {
        self.key.as_ref().ok_or("no key")?.array()
    }

    pub(super) fn input(&self) -> Result<[u8; 32], Box<dyn Error>> {
        self.input.as_ref().ok_or("no input")?.array()
    }
}

#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) payload: Hex,
    bus_write: Hex,
    response_payload_len: u8,
    bus_read_len: usize,
    pub(super) response: Hex,
}

impl Sent {
    /// What the chip answers.
    pub(super) fn reply(&self) -> Reply {
        Reply::new(&self.response.0)
    }

    /// Param1, Param2.
    pub(super) fn parameters(&self) -> Result<[u8; 3], &'static str> {
        let parameters = self.payload.0.get(1..).and_then(<[u8]>::first_chunk);
        parameters.copied().ok_or("a command without parameters")
    }
}

/// What the reference returned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// With a value.
    Ok(Hex),
    Error(String),
    /// `ok` alone, or anything else.
    #[serde(untagged)]
    Other(serde_json::Value),
}

pub(super) fn call(row: &Call) -> Checked {
    match row.call.as_str() {
        "sign_digest" => sign_digest(row),
        "sha" => several::sha(row),
        "mac_deterministic" => several::mac_deterministic(row),
        "auth_volatile_key" => several::auth_volatile_key(row),
        "get_latch" => get_latch(row),
        call => {
            let typed = typed(call, &row.args).ok_or("ours has no such command")?;
            single(row, &typed)
        }
    }
}

/// The one command of a call, made from its arguments.
fn typed(call: &str, args: &Args) -> Option<Typed> {
    let slot = || Slot::new(args.slot?).ok();
    let zone = || match args.zone.as_deref()? {
        "config" => Some(Zone::Config),
        "otp" => Some(Zone::Otp),
        "data" => Some(Zone::Data),
        _ => None,
    };
    Some(match call {
        "read_zone" => Typed::read(zone()?, args.addr?, args.length?)?,
        "write_zone" => Typed::write(zone()?, args.addr?, &args.data.as_ref()?.0)?,
        "genkey" => Typed::GenKey(GenKey {
            mode: if args.create? {
                GenKeyMode::Create
            } else {
                GenKeyMode::Public
            },
            slot: slot()?,
        }),
        "lock_zone" => {
            let crc = u16::from_le_bytes(args.crc.as_ref()?.array().ok()?);
            Typed::lock(match zone()? {
                Zone::Config => LockTarget::Config { crc },
                // One lock for both.
                Zone::Otp | Zone::Data => LockTarget::Data { crc },
            })
        }
        "lock_slot" => Typed::lock(LockTarget::Slot(slot()?)),
        "random" => Typed::Random(Random::default()),
        "set_temp_key" => Typed::LoadNonce(LoadNonce {
            target: NonceTarget::TempKey,
            value: args.bytes.as_ref()?.array().ok()?,
        }),
        // The reference always takes slot 0.
        "ecdh" => Typed::Ecdh(Ecdh {
            mode: EcdhMode::Compatible(Slot::S0),
            peer: PublicKey(args.raw_pub_key.as_ref()?.array().ok()?),
        }),
        _ => return None,
    })
}

/// One command in one awake session, and its decoded answer.
fn single(row: &Call, typed: &Typed) -> Checked {
    let value = typed.decode(&alone(row, &typed.request()?)?)?;
    let theirs: &[u8] = match &row.result {
        // The status alone is no value.
        Answer::Ok(hex) if value.is_empty() && hex.0 == [0x00] => &[],
        Answer::Ok(hex) => &hex.0,
        Answer::Other(value) if value == "ok" => &[],
        other => return Err(format!("the reference has {other:?}").into()),
    };
    same("value", value.as_slice(), theirs)?;
    Ok(Verdict::Pass)
}

/// The reference returns the four bytes of which the first one is the latch.
fn get_latch(row: &Call) -> Checked {
    let payload = alone(row, &Request::new(&InfoLatch::Read)?)?;
    row.answered(&[InfoLatch::Read.decode(&payload)?.into(), 0, 0, 0])?;
    Ok(Verdict::Pass)
}

/// One command in one awake session: its bytes, the length that is read, and
/// the payload that comes back.
fn alone(row: &Call, request: &Request) -> Result<Vec<u8>, Box<dyn Error>> {
    let [sent] = row.sends.as_slice() else {
        return Err("ours is one command".into());
    };
    is_sent(request, sent)?;
    let (result, log) = run(Send::new([request.clone()]), &[sent.reply()]);
    let expected = vec![
        Transfer::Wake,
        Transfer::Read(4, Some(vec![0x04, 0x11, 0x33, 0x43])),
        Transfer::Write(sent.bus_write.0.clone()),
        Transfer::Read(sent.bus_read_len, Some(sent.reply().group)),
        Transfer::sleep(),
    ];
    same("conversation", comparable(&log)?, expected)?;
    Ok(result?.pop().ok_or("no answer")?)
}

/// The bytes of a command, and how many are read for its answer.
pub(super) fn is_sent(request: &Request, sent: &Sent) -> Result<(), Box<dyn Error>> {
    same("command", request.as_bytes(), &sent.bus_write.0)?;
    let length = request.expect().payload_len();
    same("length of the answer", length, sent.response_payload_len)
}

/// The reference takes the message digest buffer, which only an ATECC608 has;
/// ours takes `TempKey`. Both forms of both commands exist here.
fn sign_digest(row: &Call) -> Checked {
    let slot = row.args.slot()?;
    let digest = row.args.digest.as_ref().ok_or("no digest")?.array()?;
    let theirs = through(MESSAGE_DIGEST_BUFFER, slot, digest);
    for (typed, sent) in theirs.iter().zip(&row.sends) {
        is_sent(&typed.request()?, sent)?;
    }
    let replies: Vec<_> = row.sends.iter().map(Sent::reply).collect();
    let (result, log) = run(SignDigest::new(slot, digest), &replies);
    let ours = through(TEMP_KEY, slot, digest);
    let ours = ours
        .iter()
        .map(Typed::request)
        .collect::<Result<Vec<_>, _>>()?;
    let sent: Vec<_> = log
        .iter()
        .filter(|transfer| transfer.is_command())
        .collect();
    for (sent, request) in sent.iter().zip(&ours) {
        same(
            "command",
            *sent,
            &Transfer::Write(request.as_bytes().to_vec()),
        )?;
    }
    let log = comparable(&log)?;
    let wakes = log.iter().filter(|transfer| **transfer == Transfer::Wake);
    same("wakes", wakes.count(), 1)?;
    let last = row.sends.last().ok_or("nothing is sent")?;
    if let &[status] = last.response.0.as_slice() {
        let opcode = last.payload.0.first().copied();
        let opcode = opcode.and_then(Opcode::from_byte).ok_or("which command?")?;
        let status = Status::from_byte(status);
        let request = ours.iter().find(|request| request.opcode() == opcode);
        let request = request.ok_or("a command that ours does not send")?;
        same(
            "failure",
            result,
            Err(Cause::Status {
                opcode,
                // Ours: that their digest is elsewhere is a difference of its own.
                parameters: request.parameters(),
                status,
            }
            .before_execution()),
        )?;
        return refused(status, &row.result);
    }
    same("commands", sent.len(), 2)?;
    match &row.result {
        Answer::Ok(signature) => same("signature", &result?[..], &signature.0)?,
        other => return Err(format!("the reference has {other:?}").into()),
    }
    Ok(Verdict::Differs("digest-in-temp-key"))
}

/// The chip refuses. The reference sees that of Nonce, not of Sign.
fn refused(status: Status, theirs: &Answer) -> Checked {
    match theirs {
        Answer::Error(theirs) => {
            same("meaning", &name(status), theirs)?;
            Ok(Verdict::Differs("digest-in-temp-key"))
        }
        Answer::Ok(taken) => {
            same("taken for a signature", &taken.0[..], &[status.byte()])?;
            Ok(Verdict::Differs("refusal-is-no-signature"))
        }
        Answer::Other(value) => Err(format!("the reference has {value}").into()),
    }
}

/// Nonce and Sign by way of one of the two buffers.
fn through((target, source): Buffer, slot: Slot, value: [u8; 32]) -> [Typed; 2] {
    [
        Typed::LoadNonce(LoadNonce { target, value }),
        Typed::Sign(Sign { source, slot }),
    ]
}
