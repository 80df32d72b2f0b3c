//! Settings: stored as the reference stores them, read as it reads them.

use std::error::Error;
use std::path::Path;

use nerves_key::AuxiliarySlots;
use nerves_key::settings::{Area, Settings, SettingsError, Stored, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::tally::{Checked, Hex, Tally, Verdict, holds, run_list, same};

/// `settings.json`.
#[must_use]
pub fn settings(dir: &Path) -> Vec<Tally> {
    let file = "settings.json";
    vec![
        run_list(dir, file, "put", put),
        run_list(dir, file, "get", get),
        run_list(dir, file, "aux", auxiliary),
    ]
}

#[derive(Deserialize)]
struct Put {
    device_type: String,
    term: Json,
    term_to_binary: Hex,
    term_to_binary_minor_version_2: Option<Hex>,
    slots: Json,
}

#[derive(Deserialize)]
struct Slot {
    data: Hex,
}

fn put(row: &Put) -> Checked {
    let area = match row.device_type.as_str() {
        "nerves_key" => Area::NervesKey,
        _ => Area::TrustPart,
    };
    let empty = Settings::from_bytes(area, &[])?;
    let write = empty.write_term(&row.term_to_binary.0);
    if row.slots.get("raises").is_some() {
        let len = row.term_to_binary.0.len();
        let refused = matches!(
            write,
            Err(SettingsError::TooLarge { len: ours, limit })
                if ours == len && limit == area.size()
        );
        holds("refused by size", refused)?;
        return Ok(Verdict::Pass);
    }
    let slots: Vec<Slot> = serde_json::from_value(row.slots.clone())?;
    let theirs: Vec<u8> = slots.into_iter().flat_map(|slot| slot.data.0).collect();
    let write = write?;
    let ours = write.after().as_bytes();
    same("slots", ours, &theirs[..ours.len()])?;
    let Some(value) = tagged(&row.term)? else {
        holds("no setting", Value::from_term(ours).is_err())?;
        return Ok(Verdict::Differs("no-setting"));
    };
    let spellings = [
        Some(&row.term_to_binary),
        row.term_to_binary_minor_version_2.as_ref(),
    ];
    for spelling in spellings.into_iter().flatten() {
        same(
            "value",
            normal(Value::from_term(&spelling.0)?),
            value.clone(),
        )?;
    }
    let again = Value::from_term(&Value::from_term(ours)?.to_term()?)?;
    same("written again", normal(again), value)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
struct Get {
    raw: Hex,
    result: Json,
}

fn get(row: &Get) -> Checked {
    let area = if row.raw.0.len() == 524 {
        Area::NervesKey
    } else {
        Area::TrustPart
    };
    let settings = Settings::from_bytes(area, &row.raw.0)?;
    let ours = settings.value();
    match (row.result.get("ok"), ours) {
        (Some(term), Ok(Some(value))) => {
            let theirs = tagged(term)?.ok_or("ours reads what it should not")?;
            same("value", normal(value), theirs)?;
            Ok(Verdict::Pass)
        }
        (_, Err(SettingsError::Term(_))) if row.result.get("error").is_none() => {
            Ok(Verdict::Differs("no-setting"))
        }
        (None, Err(_)) => {
            holds("corrupt", row.result.get("error").is_some())?;
            Ok(Verdict::Pass)
        }
        (None, Ok(None)) => {
            same("nothing", settings.stored()?, Stored::Empty)?;
            Ok(Verdict::Differs("never-written"))
        }
        (None, Ok(Some(value))) => {
            holds("an atom", format!("{value:?}").contains("Atom("))?;
            Ok(Verdict::Differs("no-atom-table"))
        }
        (Some(term), ours) => Err(format!("{term}, ours: {ours:?}").into()),
    }
}

#[derive(Deserialize)]
struct Aux {
    slot9: Hex,
    has_aux_certificates: bool,
}

fn auxiliary(row: &Aux) -> Checked {
    let slots = AuxiliarySlots {
        device_certificate: row.slot9.array()?,
        ..AuxiliarySlots::EMPTY
    };
    if slots.device_certificate == [0xFF; 72] {
        holds("none are there", slots.is_empty())?;
        return Ok(Verdict::Differs("blank-slot"));
    }
    same("present", !slots.is_empty(), row.has_aux_certificates)?;
    Ok(Verdict::Pass)
}

/// A term as the file writes it; `None` for what is no setting.
fn tagged(term: &Json) -> Result<Option<Value>, Box<dyn Error>> {
    let all = |terms: &Json| -> Result<Option<Vec<Value>>, Box<dyn Error>> {
        let terms = terms.as_array().ok_or("no list")?;
        terms.iter().map(tagged).collect()
    };
    let text = |name: &str| term[name].as_str().ok_or("no text");
    let (tag, inner) = term
        .as_object()
        .and_then(|object| object.iter().next())
        .ok_or("no term")?;
    Ok(match tag.as_str() {
        "atom" => Some(match text("atom")? {
            "nil" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            name => Value::Atom(name.into()),
        }),
        "integer" => Some(match text("integer")?.parse() {
            Ok(number) => Value::Integer(number),
            Err(_larger) => Value::BigInteger(text("integer")?.into()),
        }),
        "binary" => {
            let bytes: Hex = serde_json::from_value(inner.clone())?;
            Some(match String::from_utf8(bytes.0) {
                Ok(text) => Value::Text(text),
                Err(error) => Value::Bytes(error.into_bytes()),
            })
        }
        "float" | "float_bits" => {
            let bits: Hex = serde_json::from_value(term["float_bits"].clone())?;
            Some(Value::Float(f64::from_be_bytes(bits.array()?)))
        }
        "list" => all(inner)?.map(Value::List),
        "tuple" => all(inner)?.map(Value::Tuple),
        "map" => {
            let pairs = inner.as_array().ok_or("no pairs")?;
            let mut map = Vec::new();
            for pair in pairs {
                let (Some(key), Some(value)) = (tagged(&pair[0])?, tagged(&pair[1])?) else {
                    return Ok(None);
                };
                map.push((key, value));
            }
            Some(normal(Value::Map(map)))
        }
        _ => None,
    })
}

/// A string of bytes is a list of small integers; maps have one order.
fn normal(value: Value) -> Value {
    match value {
        Value::Charlist(bytes) => Value::List(
            bytes
                .into_iter()
                .map(|byte| Value::Integer(byte.into()))
                .collect(),
        ),
        Value::List(values) => Value::List(values.into_iter().map(normal).collect()),
        Value::Tuple(values) => Value::Tuple(values.into_iter().map(normal).collect()),
        Value::Map(pairs) => {
            let pairs = pairs
                .into_iter()
                .map(|(key, one)| (normal(key), normal(one)));
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_by_cached_key(|(key, _)| format!("{key:?}"));
            Value::Map(pairs)
        }
        other => other,
    }
}
