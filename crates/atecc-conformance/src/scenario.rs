//! Scenarios: what a host did with a chip, for a driver to do again.

use std::fmt;

use atecc::command::Request;
use atecc::commands::{InfoRevision, Random, SeedUpdate, ShaStart, Verdict, VerifyKey};
use atecc::error::Cause;
use atecc::parse::CommandGroup;
use atecc::procedure::{Answer, Next};
use atecc::procedures::{HashInChip, ReadConfig, SignDigest, VerifyDigest};
use atecc::{Failure, Family, Opcode, Procedure};
use atecc_decode::AnyCommand;

use crate::driver::device;
use crate::judgement::hex;
use crate::replay::{Replay, Spoken};

/// The error says what the driver understood wrongly; what it sent wrongly is
/// found by the bus.
pub type ScenarioResult = Result<(), String>;

/// What a driver does: given what was said, and the address of the chip, on
/// the bus with the recorded chip.
pub type ScenarioFn = dyn Fn(&[Spoken], u8, Replay) -> ScenarioResult;

/// A scenario by its name (`story`) in a transcript's header.
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Performs it.
    pub perform: Box<ScenarioFn>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Scenario {
    /// A scenario.
    pub fn new(
        name: impl Into<String>,
        perform: impl Fn(&[Spoken], u8, Replay) -> ScenarioResult + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            perform: Box::new(perform),
        }
    }
}

/// The scenarios of the crate `atecc`.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("info", info),
        Scenario::new("read-config", read_config),
        Scenario::new("random", random),
        Scenario::new("sha", sha),
        Scenario::new("genkey-sign-verify", genkey_sign_verify),
        // One awake session, in which TempKey lives from one command to the
        // next.
        Scenario::new("session", session),
    ]
}

fn payload(spoken: &Spoken) -> &[u8] {
    atecc::group::parse_group(&spoken.response).unwrap_or_default()
}

fn same(recorded: &[u8], understood: &[u8]) -> ScenarioResult {
    if recorded == understood {
        Ok(())
    } else {
        Err(format!("{} instead of {}", hex(understood), hex(recorded)))
    }
}

fn said<E: fmt::Display>(error: E) -> String {
    error.to_string()
}

fn info(script: &[Spoken], address: u8, bus: Replay) -> ScenarioResult {
    let revision = device(address, bus)?.execute(InfoRevision).map_err(said)?;
    let recorded = script.first().map(payload).unwrap_or_default();
    same(recorded, &revision.to_bytes())
}

fn read_config(script: &[Spoken], address: u8, bus: Replay) -> ScenarioResult {
    let config = device(address, bus)?.run(ReadConfig::new()).map_err(said)?;
    let recorded: Vec<u8> = script.iter().flat_map(payload).copied().collect();
    same(&recorded, config.as_bytes())
}

fn random(script: &[Spoken], address: u8, bus: Replay) -> ScenarioResult {
    let seed = SeedUpdate::Automatic;
    let random = device(address, bus)?
        .execute(Random { seed })
        .map_err(said)?;
    same(script.first().map(payload).unwrap_or_default(), &random)
}

/// The message is what the recorded host sent after the start. An ATECC508A
/// has one way to end; a 608 can leave the digest in `TempKey` as well.
fn sha(script: &[Spoken], address: u8, bus: Replay) -> ScenarioResult {
    let end = script
        .last()
        .and_then(|one| CommandGroup::parse(&one.command).ok());
    let family = match end.map(|end| end.param1) {
        Some(mode) if mode & 0xC0 == 0 => Family::Atecc508,
        _ => Family::Atecc608,
    };
    let pieces = script
        .iter()
        .skip(1)
        .filter_map(|one| CommandGroup::parse(&one.command).ok());
    let message: Vec<u8> = pieces.flat_map(|piece| piece.data).copied().collect();
    let hash = HashInChip::new(ShaStart::Sha256, family, &message);
    let digest = device(address, bus)?.run(hash).map_err(said)?;
    same(script.last().map(payload).unwrap_or_default(), &digest)
}

/// A public key, a signature by its key, and its verification by the chip.
fn genkey_sign_verify(script: &[Spoken], address: u8, bus: Replay) -> ScenarioResult {
    let find = |opcode| {
        let one = script
            .iter()
            .find(|one| one.command.get(1) == Some(&(opcode as u8)));
        one.ok_or_else(|| format!("no {opcode} in the transcript"))
    };
    let (key, nonce, sign) = (
        find(Opcode::GenKey)?,
        find(Opcode::Nonce)?,
        find(Opcode::Sign)?,
    );
    let digest = CommandGroup::parse(&nonce.command)
        .ok()
        .and_then(|group| group.data.try_into().ok());
    let digest: [u8; 32] = digest.ok_or("no digest of 32 bytes")?;
    let slot = CommandGroup::parse(&key.command).map_err(said)?.slot();
    let mut device = device(address, bus)?;
    let mode = atecc::commands::GenKeyMode::Public;
    let public = device
        .execute(atecc::commands::GenKey { mode, slot })
        .map_err(said)?;
    same(payload(key), &public.0)?;
    let signature = device.run(SignDigest::new(slot, digest)).map_err(said)?;
    same(payload(sign), &signature)?;
    let key = VerifyKey::External(public);
    let right = device
        .run(VerifyDigest::new(key, digest, signature))
        .map_err(said)?;
    let verified = payload(script.last().ok_or("no Verify")?) == [0];
    if (right == Verdict::Good) == verified {
        Ok(())
    } else {
        Err(format!("signature right: {right:?}, recorded: {verified}"))
    }
}

fn session(script: &[Spoken], address: u8, bus: Replay) -> ScenarioResult {
    let requests = script
        .iter()
        .map(|one| {
            let command = AnyCommand::parse(&one.command).map_err(said)?;
            let request = command.request();
            request.ok_or_else(|| format!("{} has no type", hex(&one.command)))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let talk = Talk {
        requests: requests.into_iter(),
        payloads: Vec::new(),
    };
    let payloads = device(address, bus)?.run(talk).map_err(said)?;
    for (one, understood) in script.iter().zip(&payloads) {
        same(payload(one), understood)?;
    }
    Ok(())
}

/// Requests one after the other; the failure of one is not the end.
struct Talk {
    requests: std::vec::IntoIter<Request>,
    payloads: Vec<Vec<u8>>,
}

impl Procedure for Talk {
    type Output = Vec<Vec<u8>>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => self.payloads.push(payload.to_vec()),
            Answer::Failed(failure) => match failure.cause {
                Cause::Status { status, .. } => self.payloads.push(vec![status.byte()]),
                _ => return Next::failed(failure),
            },
        }
        match self.requests.next() {
            Some(request) => Next::Send(request),
            None => Next::Done(Ok(std::mem::take(&mut self.payloads))),
        }
    }
}
