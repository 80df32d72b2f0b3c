//! Settings as JSON, and back, without loss.
//!
//! | setting | JSON |
//! |---|---|
//! | atom | `":name"`; `nil`, `true`, `false` are JSON's own |
//! | text | a string; one that begins with `:` is `{"text": ".."}` |
//! | other bytes | `{"bytes": "hex"}` |
//! | string of bytes | `{"charlist": "hex"}` |
//! | bit string that is no bytes | `{"bitstring": "101"}` |
//! | integer of more than 64 bits | `{"integer": "decimal"}` |
//! | list with a tail | `{"improper_list": [.., tail]}` |
//! | tuple | `{"tuple": [..]}` |
//! | map | an object, or where keys are no names `{"map": [[key, value], ..]}` |

use atecc_text::{JsonText, hidden};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use nerves_key::settings::Value;
use serde_json::{Map, Number, Value as Json, json};

use crate::error::CliError;
use crate::output::shown;

/// Objects of one member that are no maps.
const TAGS: [&str; 8] = [
    "text",
    "bytes",
    "charlist",
    "bitstring",
    "integer",
    "improper_list",
    "tuple",
    "map",
];

/// A setting as JSON.
pub(super) fn of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::BigInteger(digits) => json!({ "integer": digits }),
        Value::Float(value) => json!(value),
        Value::Text(text) if text.starts_with(':') => json!({ "text": text }),
        Value::Text(text) => json!(text),
        Value::Atom(name) => json!(format!(":{name}")),
        Value::Bytes(bytes) => json!({ "bytes": HEX.encode(bytes) }),
        Value::Charlist(bytes) => json!({ "charlist": HEX.encode(bytes) }),
        Value::List(values) => Json::Array(values.iter().map(of).collect()),
        Value::Bits(bytes, last) => json!({ "bitstring": bitstring(bytes, *last) }),
        Value::ImproperList(values, tail) => {
            let all: Vec<_> = values.iter().chain([tail.as_ref()]).map(of).collect();
            json!({ "improper_list": all })
        }
        Value::Tuple(values) => json!({ "tuple": values.iter().map(of).collect::<Vec<_>>() }),
        Value::Map(pairs) => object(pairs).unwrap_or_else(|| {
            let pairs: Vec<_> = pairs.iter().map(|(key, one)| [of(key), of(one)]).collect();
            json!({ "map": pairs })
        }),
    }
}

fn object(pairs: &[(Value, Value)]) -> Option<Json> {
    let mut object = Map::new();
    for (key, value) in pairs {
        let Json::String(key) = of(key) else {
            return None;
        };
        object.insert(key, of(value));
    }
    let tagged = object.len() == 1 && object.keys().all(|key| TAGS.contains(&key.as_str()));
    (!tagged && object.len() == pairs.len()).then_some(Json::Object(object))
}

/// The setting that JSON says.
pub(super) fn to(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => self::number(number)?,
        Json::String(text) => key(text),
        Json::Array(values) => Value::List(all(values)?),
        Json::Object(members) => match members.iter().next() {
            Some((tag, value)) if members.len() == 1 && TAGS.contains(&tag.as_str()) => {
                tagged(tag, value)?
            }
            _ => {
                let pairs = members.iter().map(|(name, one)| Ok((key(name), to(one)?)));
                Value::Map(pairs.collect::<Result<_, String>>()?)
            }
        },
    })
}

fn tagged(tag: &str, value: &Json) -> Result<Value, String> {
    // Settings may be passwords, so they are not quoted.
    let wrong = || format!("{{{tag:?}: ..}} is no setting");
    let text = || value.as_str().ok_or_else(wrong);
    let bytes = || {
        HEX.decode(text()?.as_bytes())
            .map_err(|error| format!("{tag}: {error}"))
    };
    let list = || value.as_array().ok_or_else(wrong);
    Ok(match tag {
        "text" => Value::Text(text()?.into()),
        "bytes" => Value::Bytes(bytes()?),
        "charlist" => Value::Charlist(bytes()?),
        "integer" => Value::BigInteger(text()?.into()),
        "bitstring" => bits(text()?).ok_or_else(wrong)?,
        "improper_list" => {
            let mut values = all(list()?)?;
            let tail = values.pop().ok_or_else(wrong)?;
            Value::ImproperList(values, Box::new(tail))
        }
        "tuple" => Value::Tuple(all(list()?)?),
        _ => {
            let pair = |pair: &Json| match pair.as_array().map(Vec::as_slice) {
                Some([key, one]) => Ok((to(key)?, to(one)?)),
                _ => Err(wrong()),
            };
            Value::Map(list()?.iter().map(pair).collect::<Result<_, _>>()?)
        }
    })
}

fn all(values: &[Json]) -> Result<Vec<Value>, String> {
    values.iter().map(to).collect()
}

fn number(number: &Number) -> Result<Value, String> {
    if let Some(integer) = number.as_i64() {
        return Ok(Value::Integer(integer));
    }
    match (number.as_u64(), number.as_f64()) {
        (Some(integer), _) => Ok(Value::BigInteger(integer.to_string())),
        (None, Some(float)) => Ok(Value::Float(float)),
        (None, None) => Err(format!("{number} is no number")),
    }
}

/// One digit for each bit.
fn bitstring(bytes: &[u8], last: u8) -> String {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let unused = 8_usize.saturating_sub(last.into());
    let used = bits.take((8 * bytes.len()).saturating_sub(unused));
    used.map(|bit| if bit == 0 { '0' } else { '1' }).collect()
}

/// A digit for each bit.
fn bits(digits: &str) -> Option<Value> {
    let mut bytes = Vec::new();
    for chunk in digits.as_bytes().chunks(8) {
        let mut byte = 0;
        for (digit, bit) in chunk.iter().zip((0..8).rev()) {
            byte |= match digit {
                b'0' => 0,
                b'1' => 1 << bit,
                _ => return None,
            };
        }
        bytes.push(byte);
    }
    Some(match u8::try_from(digits.len() % 8) {
        Ok(last @ 1..) => Value::Bits(bytes, last),
        _ => Value::Bytes(bytes),
    })
}

/// A name, or with a colon an atom.
pub(super) fn key(text: &str) -> Value {
    match text.strip_prefix(':') {
        Some(atom) => Value::Atom(atom.into()),
        None => Value::Text(text.into()),
    }
}

/// Whether `wanted`, as typed, names the setting `key`: a plain name also an
/// atom of that name.
pub(super) fn names(key: &Value, wanted: &Value) -> bool {
    match (key, wanted) {
        (Value::Atom(key), Value::Text(wanted)) => key == wanted,
        (key, wanted) => key == wanted,
    }
}

/// A new plain name is an atom where all others are atoms.
pub(super) fn like(key: &Value, others: &[(Value, Value)]) -> Value {
    let atoms = others.iter().all(|(one, _)| matches!(one, Value::Atom(_)));
    match key {
        Value::Text(name) if atoms && !others.is_empty() => Value::Atom(name.clone()),
        key => key.clone(),
    }
}

/// A value from the command line: JSON, or else text.
pub(super) fn argument(text: &str) -> Result<Value, CliError> {
    match serde_json::from_str::<Json>(text) {
        Ok(json) => to(&json).map_err(CliError::refused),
        Err(_not_json) => Ok(key(text)),
    }
}

/// A value for people: text that can be shown as it is, everything else
/// escaped.
pub(super) fn text(value: &Value) -> String {
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Atom(name) => format!(":{name}"),
        other => return json_text(other),
    };
    match hidden(&text) {
        None => text,
        Some(_) => shown(&text),
    }
}

/// A value as JSON that can be shown.
fn json_text(value: &Value) -> String {
    JsonText(&of(value).to_string()).to_string()
}

/// A line for each setting.
pub(super) fn lines(value: &Value) -> String {
    match value {
        Value::Map(pairs) if pairs.is_empty() => "no settings: an empty map".into(),
        Value::Map(pairs) => {
            let line = |(key, one): &(Value, Value)| format!("{} = {}", text(key), json_text(one));
            pairs.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        other => json_text(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let settings = [
            Value::Null,
            Value::Bool(true),
            Value::Integer(i64::MIN),
            Value::BigInteger("340282366920938463463374607431768211456".into()),
            Value::Float(0.5),
            Value::Text("x".into()),
            Value::Text(":x".into()),
            Value::Bytes(vec![0xFF]),
            Value::Atom("hotel".into()),
            Value::Charlist(vec![1, 2]),
            Value::Bits(vec![0xA8, 0x6E, 0x80], 1),
            Value::ImproperList(vec![Value::Null], Box::new(Value::Integer(2))),
            Value::List(vec![Value::Integer(1), Value::List(vec![])]),
            Value::Tuple(vec![Value::Atom("ok".into())]),
            Value::Map(vec![(Value::Atom("a".into()), Value::Integer(1))]),
            Value::Map(vec![(Value::Text("map".into()), Value::Integer(1))]),
            Value::Map(vec![(Value::Text("bytes".into()), Value::Null)]),
            Value::Map(vec![(Value::Integer(1), Value::Integer(2))]),
            Value::Map(vec![]),
        ];
        for value in settings {
            let text = of(&value).to_string();
            let back = to(&serde_json::from_str(&text).unwrap());
            assert_eq!(back, Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_setting_says_so() {
        let error = to(&json!({ "bytes": 3 })).unwrap_err();
        assert_eq!(error, "{\"bytes\": ..} is no setting");
        assert!(to(&json!({ "map": [[1]] })).is_err());
    }
}
