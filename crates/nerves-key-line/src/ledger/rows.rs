//! The rows that follow from an event.
//!
//! One function makes them when an event is written and again when the ledger
//! is audited, so that a row that was changed since stands out.

use serde_json::{Value as Json, json};

use super::database::Value;
use crate::event::{Event, EventKind};

/// A row and the table it belongs to.
pub(crate) type Row = (&'static str, Vec<Value>);

/// Columns of each table, in the order of [`rows`].
pub(crate) fn columns(table: &str) -> &'static [&'static str] {
    match table {
        "event" => &[
            "station", "seq", "id", "at", "operator", "chip", "kind", "body", "before", "digest",
        ],
        "mark" => &["station", "seq", "digest"],
        "batch" => &["name", "product", "digest", "document", "station", "seq"],
        "unit" => &["chip", "batch", "place", "serial", "station", "seq"],
        "step" => &["chip", "step", "state", "station", "seq"],
        "serial" => &["product", "serial", "chip", "station", "seq"],
        "number" => &[
            "product", "pool", "number", "round", "use", "station", "seq",
        ],
        "key" => &["key", "chip", "step", "station", "seq"],
        "certificate" => &[
            "signer",
            "serial",
            "chip",
            "step",
            "certificate",
            "station",
            "seq",
        ],
        _ => &[],
    }
}

/// The rows of `event`, itself first. A member that is missing from its body is
/// [`Value::Null`], which no table takes.
pub(crate) fn rows(event: &Event) -> Vec<Row> {
    let body: Json = serde_json::from_str(&event.body).unwrap_or(Json::Null);
    let text = |member: &Json| member.as_str().map_or(Value::Null, Value::from);
    let number = |member: &Json| member.as_i64().map_or(Value::Null, Value::from);
    let place = [Value::from(&*event.station), Value::from(event.seq)];
    let chip = event.chip.as_deref().map_or(Value::Null, Value::from);
    let mut rows = Vec::new();
    let mut add = |table, values: Vec<Value>| {
        rows.push((table, values.into_iter().chain(place.clone()).collect()));
    };
    match event.kind {
        EventKind::Loaded => {
            let members = ["name", "product", "digest", "document"];
            add("batch", members.map(|name| text(&body[name])).to_vec());
        }
        EventKind::Became(state) => {
            let step = number(&body["step"]);
            if body["place"].is_i64() {
                let (batch, serial) = (text(&body["batch"]), text(&body["serial"]));
                let (place, product) = (number(&body["place"]), text(&body["product"]));
                add("unit", vec![chip.clone(), batch, place, serial.clone()]);
                add("serial", vec![product, serial, chip.clone()]);
            }
            add(
                "step",
                vec![chip.clone(), step.clone(), state.name().into()],
            );
            if body["key"].is_string() {
                add("key", vec![text(&body["key"]), chip.clone(), step.clone()]);
            }
            let certificate = &body["certificate"];
            if certificate.is_object() {
                let [signer, serial, der] =
                    ["signer", "serial", "der"].map(|name| text(&certificate[name]));
                add("certificate", vec![signer, serial, chip, step, der]);
            }
        }
        EventKind::Failed | EventKind::Leased | EventKind::Returned => {}
    }
    // By all kinds: numbers that are taken or given back.
    for entry in body["numbers"].as_array().into_iter().flatten() {
        let (product, pool) = (text(&body["product"]), text(&body["pool"]));
        let (at, round) = (number(&entry["number"]), number(&entry["round"]));
        let used = match event.kind {
            EventKind::Leased => "leased",
            EventKind::Returned => "returned",
            _ => "unit",
        };
        add("number", vec![product, pool, at, round, used.into()]);
    }
    let [station, seq] = place;
    rows.push(("mark", vec![station, seq, event.digest().into()]));
    rows.push(("event", event.row()));
    rows.reverse();
    rows
}

/// Numbers for a body.
pub(crate) fn numbers(numbers: impl IntoIterator<Item = (i64, i64)>) -> Json {
    let numbers = numbers.into_iter();
    numbers
        .map(|(number, round)| json!({ "number": number, "round": round }))
        .collect()
}
