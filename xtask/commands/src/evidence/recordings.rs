//! Exchanges of real chips, MACs and AES blocks that they made.
//!
//! An exchange counts when the emulated chip gives the same answer, and it is
//! no error.

use atecc_conformance::{Case, Engine, Item, Judge, Verdict, files};
use atecc_transcript::{Cause, Exchange, exchanges};
use serde::Deserialize;

use super::json;
use crate::frame::Frame;
use xtask_support::error::Error;
use xtask_support::run;

#[derive(Deserialize)]
struct Recording {
    #[serde(default)]
    macs: Vec<Mac>,
    #[serde(default)]
    aes: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Mac {
    command: String,
    mode: u8,
    key_id: u16,
    derive_mode: Option<u8>,
    gendig_zone: Option<u8>,
    gendig_key_id: Option<u16>,
    challenge: Option<String>,
}

pub(super) fn frames() -> Result<Vec<Frame>, Error> {
    let folder = run::root().join("tests/recordings");
    let paths = files(&folder).map_err(|error| Error::Chip(error.to_string()))?;
    let engine = Engine::new();
    let mut frames = Vec::new();
    for path in paths {
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let case = Case::load(&path).map_err(|error| Error::Chip(error.to_string()))?;
        frames.extend(exchanged(&engine, &case));
        let recording: Recording = json(&path)?;
        frames.extend(recording.macs.iter().flat_map(Mac::frames));
        // Each is an encryption of one block with slot 3.
        frames.extend(recording.aes.iter().map(|_| Frame::new(0x51, 0x00, 3, 16)));
    }
    Ok(frames)
}

/// The commands of `case` that the emulated chip answered as the real one did.
fn exchanged(engine: &Engine, case: &Case) -> Vec<Frame> {
    let Some(transcript) = &case.transcript else {
        return Vec::new();
    };
    let judged = engine.judge(case);
    let passed = |line: usize| {
        judged.findings.iter().any(|finding| {
            finding.judge == Judge::Emulator
                && finding.item == Item::Action(line + 1)
                && finding.verdict == Verdict::Passed
        })
    };
    let all = exchanges(transcript.header.address, &transcript.lines);
    let same = all.iter().filter(|exchange| passed(exchange.line));
    same.filter_map(frame).collect()
}

/// The command, when its answer is no error.
fn frame(exchange: &Exchange) -> Option<Frame> {
    let Cause::Command(group) = &exchange.cause else {
        return None;
    };
    let good = match exchange.response()? {
        [4, status, _, _] => *status == 0x00,
        response => response.len() > 4,
    };
    good.then(|| Frame::from_write(&[&[0x03], &group[..]].concat()))?
}

impl Mac {
    fn frames(&self) -> Vec<Frame> {
        let derive = self
            .derive_mode
            .map(|mode| Frame::new(0x1C, mode, self.key_id, 0));
        let mixed = self.gendig_zone.zip(self.gendig_key_id);
        let mixed = mixed.map(|(zone, key_id)| Frame::new(0x15, zone, key_id, 0));
        let result = if self.command == "HMAC" {
            Frame::new(0x11, self.mode, self.key_id, 0)
        } else {
            let challenge = if self.challenge.is_some() { 32 } else { 0 };
            Frame::new(0x08, self.mode, self.key_id, challenge)
        };
        derive.into_iter().chain(mixed).chain([result]).collect()
    }
}
