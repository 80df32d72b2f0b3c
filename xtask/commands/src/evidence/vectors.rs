//! Commands that the reference implementations sent, and values that they
//! computed: `requests.json`, `transcripts.json`, `host_crypto.json`.

use serde_json::Value;

use super::{bytes, json};
use crate::frame::Frame;
use xtask_support::error::Error;
use xtask_support::run;

pub(super) fn frames() -> Result<Vec<Frame>, Error> {
    let folder = run::root().join("tests/vectors");
    let mut frames = Vec::new();
    let requests: Value = json(&folder.join("requests.json"))?;
    for list in ["calls", "data_zone"] {
        walk(&requests[list], "", &mut frames);
    }
    let transcripts: Value = json(&folder.join("transcripts.json"))?;
    for list in ["operations", "queries"] {
        walk(&transcripts[list], "", &mut frames);
    }
    let computed: Value = json(&folder.join("host_crypto.json"))?;
    frames.extend(
        rows(&computed, "elixir_random_nonce")
            .filter_map(|row| Some(Frame::new(0x16, byte(&row["mode"])?, 0, 20))),
    );
    // The suite checks the responses of this one mode.
    frames.extend(rows(&computed, "elixir_checkmac").map(|_| Frame::new(0x28, 0x01, 1, 77)));
    frames.extend(rows(&computed, "elixir_mac").filter_map(|row| {
        let text = |field: &str| bytes(row[field].as_str()?);
        let head = [text("opcode")?, text("mode")?, text("param2")?].concat();
        let frame = Frame::from_body(&head)?;
        let len = if frame.param1 & 0x01 == 0 { 32 } else { 0 };
        Some(Frame::new(frame.opcode, frame.param1, frame.param2, len))
    }));
    Ok(frames)
}

/// The rows of a list.
fn rows<'a>(file: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    file[list].as_array().into_iter().flatten()
}

fn byte(value: &Value) -> Option<u8> {
    u8::try_from(value.as_u64()?).ok()
}

/// Every command below `value`. `bus_write` is what goes to the bus; a
/// transcript's requests are opcode, parameters and data.
fn walk(value: &Value, field: &str, frames: &mut Vec<Frame>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, field, frames)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(field, value)| walk(value, field, frames)),
        Value::String(text) => frames.extend(match field {
            "bus_write" => bytes(text).and_then(|bytes| Frame::from_write(&bytes)),
            "request" | "requests" => bytes(text).and_then(|bytes| Frame::from_body(&bytes)),
            _ => None,
        }),
        _ => {}
    }
}
