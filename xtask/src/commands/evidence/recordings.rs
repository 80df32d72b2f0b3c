//! Exchanges of real chips, MACs and AES blocks that they made.
//!
//! An exchange counts when `not_replayed.json` does not list it and the chip
//! did not answer with an error.

use serde::Deserialize;

use super::{bytes, json};
use crate::commands::frame::Frame;
use crate::error::Error;
use crate::run;

#[derive(Deserialize)]
struct Recording {
    id: String,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    #[serde(default)]
    macs: Vec<Mac>,
    #[serde(default)]
    aes: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Exchange {
    tx: String,
    rx: String,
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

#[derive(Deserialize)]
struct Omission {
    recording: String,
    kind: String,
    index: usize,
}

pub(super) fn frames() -> Result<Vec<Frame>, Error> {
    let folder = run::root().join("tests/recordings");
    let file = |error| Error::File {
        path: folder.clone(),
        error,
    };
    let omissions: Vec<Omission> = json(&folder.join("not_replayed.json"))?;
    let mut paths = std::fs::read_dir(&folder)
        .map_err(file)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(file)?;
    paths.retain(|path| {
        let is_json = path.extension().is_some_and(|end| end == "json");
        is_json && !path.ends_with("not_replayed.json")
    });
    paths.sort();
    let mut frames = Vec::new();
    for path in paths {
        let recording: Recording = json(&path)?;
        let omitted = |kind: &str, index| {
            let id = &recording.id;
            let is = |omission: &Omission| {
                (&omission.recording, omission.kind.as_str(), omission.index) == (id, kind, index)
            };
            omissions.iter().any(is)
        };
        let exchanges = recording.exchanges.iter().enumerate();
        let played = exchanges.filter(|(index, _)| !omitted("exchanges", *index));
        frames.extend(played.filter_map(|(_, exchange)| exchange.frame()));
        frames.extend(recording.macs.iter().flat_map(Mac::frames));
        // Each is an encryption of one block with slot 3.
        frames.extend(recording.aes.iter().map(|_| Frame::new(0x51, 0x00, 3, 16)));
    }
    Ok(frames)
}

impl Exchange {
    /// The command, when its answer is no error.
    fn frame(&self) -> Option<Frame> {
        let good = match bytes(&self.rx)?.as_slice() {
            [4, status, _, _] => *status == 0x00,
            response => response.len() > 4,
        };
        good.then(|| Frame::of_write(&bytes(&self.tx)?))?
    }
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
