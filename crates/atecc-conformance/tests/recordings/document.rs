//! Recordings, and what comes of them.

use atecc::group::Group;
use atecc_conformance::{Case, Engine, Judge, Judged, Reason, Verdict};
use serde_json::{Value, json};

/// A blank part's zone. Source: the recording `factbird-608a-blank`.
pub(crate) const BLANK_608: &str = "012396940000600246f2026cee014100c0000000832087208f20c48f8f8f8f8f\
    9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff\
    000000000000000000000000000000000000000000005555ffff000000000000\
    3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00";

/// A recording with these lists.
pub(crate) fn recording(chip: &str, lists: &Value) -> Value {
    let mut document = json!({
        "schema": "atecc-recording/1", "id": "made-for-this", "source": {},
        "chip": chip, "provenance": "real-hardware",
    });
    let lists = lists.as_object().expect("lists");
    let document_fields = document.as_object_mut().expect("a recording");
    document_fields.extend(lists.clone());
    document
}

pub(crate) fn judged(recording: &Value) -> Judged {
    let case = Case::parse(recording.to_string().as_bytes()).expect("a recording");
    Engine::new().judge(&case)
}

pub(crate) fn failures(recording: &Value) -> Vec<String> {
    judged(recording).failures().collect()
}

/// Everything that was judged, by judge: what of which item.
pub(crate) fn passed(recording: &Value, judge: Judge) -> Vec<String> {
    let judged = judged(recording);
    let own = judged.findings.iter().filter(|one| one.judge == judge);
    own.filter(|one| one.verdict == Verdict::Passed)
        .map(|one| format!("{}: {}", one.item, one.what))
        .collect()
}

/// Bytes as pairs of digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .expect("pairs of digits")
}

pub(crate) fn group(body: &[u8]) -> Vec<u8> {
    let group = Group::new(body).expect("a short body");
    group.as_bytes().to_vec()
}

/// A command as it is written, word address first.
pub(crate) fn command(opcode: u8, p1: u8, p2: u16, data: &[u8]) -> String {
    let [low, high] = p2.to_le_bytes();
    let body = [&[opcode, p1, low, high], data].concat();
    hex(&[&[0x03], &group(&body)[..]].concat())
}

/// A payload as it is read.
pub(crate) fn answer(payload: &[u8]) -> String {
    hex(&group(payload))
}

pub(crate) fn write(data: &str) -> Value {
    json!({"dir": "write", "addr": "60", "addr_ack": true, "data": data})
}

pub(crate) fn read(data: &str) -> Value {
    json!({"dir": "read", "addr": "60", "addr_ack": true, "data": data})
}

/// What is skipped: where, by whom, and why.
pub(crate) fn skips(recording: &Value) -> Vec<(String, Judge, Reason)> {
    let judged = judged(recording);
    judged
        .skips()
        .map(|(one, reason)| (one.item.to_string(), one.judge, reason))
        .collect()
}
