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

mod read;

use std::borrow::Cow;

use atecc_text::{JsonText, hidden};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use nerves_key::settings::Value;
use serde_json::{Map, Value as Json, json};

use crate::error::CliError;
use crate::output::escape;
pub(super) use read::{JsonError, to};

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

/// One digit for each bit.
fn bitstring(bytes: &[u8], last: u8) -> String {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let unused = 8_usize.saturating_sub(last.into());
    let used = bits.take((8 * bytes.len()).saturating_sub(unused));
    used.map(|bit| if bit == 0 { '0' } else { '1' }).collect()
}

/// A name, or with a colon an atom.
pub(super) fn key(text: &str) -> Value {
    match text.strip_prefix(':') {
        // As they are read.
        Some("nil") => Value::Null,
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        Some(atom) => Value::Atom(atom.into()),
        None => Value::Text(text.into()),
    }
}

/// The place of the setting that `wanted`, as typed, names: a plain name is also
/// that of an atom, where no text has it.
pub(super) fn place(pairs: &[(Value, Value)], wanted: &Value) -> Option<usize> {
    let atom = |key: &Value| match (key, wanted) {
        (Value::Atom(key), Value::Text(wanted)) => key == wanted,
        _ => false,
    };
    let exact = pairs.iter().position(|(key, _)| key == wanted);
    exact.or_else(|| pairs.iter().position(|(key, _)| atom(key)))
}

/// A new plain name is an atom where all others are atoms.
pub(super) fn like(key: &Value, others: &[(Value, Value)]) -> Value {
    let atoms = others.iter().all(|(one, _)| matches!(one, Value::Atom(_)));
    match key {
        Value::Text(name) if atoms && !others.is_empty() => Value::Atom(name.clone()),
        key => key.clone(),
    }
}

/// The value of the setting `name` from the command line: JSON, or else text that
/// does not begin as a JSON text of several parts does. Such a one is a mistake
/// more likely than a wish, and is not quoted: it may be a password.
pub(super) fn argument(name: &str, text: &str) -> Result<Value, CliError> {
    match to(text) {
        Ok(value) => Ok(value),
        Err(JsonError::NotJson(_)) if !text.trim_start().starts_with(['{', '[', '"']) => {
            Ok(key(text))
        }
        Err(error @ JsonError::NotJson(_)) => Err(CliError::refused(error)
            .about(format!("setting \"{}\"", escape(name)))
            .with_advice("It begins as JSON: mend it, or give --text to store it as it is.")),
        Err(error) => Err(CliError::refused(error).about(format!("setting \"{}\"", escape(name)))),
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
        Some(_) => escape(&text),
    }
}

/// A value for scripts: the bytes of an Elixir binary are its own, everything else
/// is as for people, which is JSON.
pub(super) fn bytes(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::Text(text) => Cow::Borrowed(text.as_bytes()),
        Value::Bytes(bytes) => Cow::Borrowed(bytes),
        Value::Atom(name) => Cow::Owned(format!(":{name}").into_bytes()),
        other => Cow::Owned(json_text(other).into_bytes()),
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
    use nerves_key::settings::term::{DEPTH, TermError};

    #[test]
    fn nothing_is_lost() {
        let integer = |text: &str| Value::from_decimal(text).unwrap();
        let settings = [
            Value::Null,
            Value::Bool(true),
            Value::Integer(i64::MIN),
            integer("9223372036854775808"),
            integer("-340282366920938463463374607431768211456"),
            Value::Float(0.5),
            Value::Float(-0.0),
            Value::Float(1e23),
            Value::Float(f64::MAX),
            Value::Float(5e-324),
            Value::Text("x".into()),
            Value::Text(":x".into()),
            Value::Bytes(vec![0xFF]),
            Value::Bits(vec![0xA8, 0x6E, 0x80], 1),
            Value::Atom("hotel".into()),
            Value::Charlist(vec![1, 2]),
            Value::List(vec![Value::Integer(1), Value::List(vec![])]),
            Value::ImproperList(vec![Value::Null], Box::new(Value::Integer(2))),
            Value::Tuple(vec![Value::Atom("ok".into())]),
            Value::Map(vec![(Value::Atom("a".into()), Value::Integer(1))]),
            Value::Map(vec![(Value::Text("map".into()), Value::Integer(1))]),
            Value::Map(vec![(Value::Text("bytes".into()), Value::Null)]),
            Value::Map(vec![(Value::Integer(1), Value::Integer(2))]),
            Value::Map(vec![]),
        ];
        for value in settings {
            let text = of(&value).to_string();
            let back = to(&text).unwrap();
            // Equal floats may be two: -0.0 and 0.0.
            assert_eq!(format!("{back:?}"), format!("{value:?}"), "{text}");
        }
        assert_eq!(
            of(&Value::Bits(vec![0xA8, 0x6E, 0x80], 1)).to_string(),
            r#"{"bitstring":"10101000011011101"}"#
        );
    }

    /// Digits that a float would round come back bit by bit.
    #[test]
    fn floats_keep_their_bits() {
        let mut bits = 1_u64;
        for _ in 0..10_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = f64::from_bits(bits);
            if number.is_finite() {
                let text = of(&Value::Float(number)).to_string();
                let Ok(Value::Float(back)) = to(&text) else {
                    panic!("{text}")
                };
                assert_eq!(back.to_bits(), bits, "{text}");
            }
        }
    }

    #[test]
    fn numbers_are_what_they_say() {
        let big = "18446744073709551617";
        for (text, value) in [
            ("-0", Value::Integer(0)),
            ("9223372036854775807", Value::Integer(i64::MAX)),
            (big, Value::BigInteger(big.into())),
            ("1e2", Value::Float(100.0)),
            ("9007199254740993.0", Value::Float(9_007_199_254_740_992.0)),
            (r#"{"integer": "+007"}"#, Value::Integer(7)),
            (" [ 1 ]\n", Value::List(vec![Value::Integer(1)])),
        ] {
            assert_eq!(to(text).unwrap(), value, "{text}");
        }
        assert_eq!(argument("a", "007").unwrap(), Value::Text("007".into()));
        assert_eq!(argument("a", "1]").unwrap(), Value::Text("1]".into()));
        assert!(argument("a", "[1").is_err());
    }

    #[test]
    fn what_is_no_setting_says_so() {
        let error = |text: &str| to(text).unwrap_err().to_string();
        assert_eq!(error(r#"{"bytes": 3}"#), r#"{"bytes": ..} is no setting"#);
        assert_eq!(
            error(r#"{"a": 1, "a": 2}"#),
            r#"an object has a name twice: "a""#
        );
        assert_eq!(
            error(r#"{"a": 1, "port": {"bytes": 3}}"#),
            r#"setting "port": {"bytes": ..} is no setting"#
        );
        assert_eq!(
            error(r#"{"host": [{"x": {"bytes": "0"}}]}"#),
            r#"setting "host": "bytes" is no hex, two digits for each byte: invalid length at 0"#
        );
        assert_eq!(error("1e999"), TermError::NotFinite.to_string());
        for text in [
            r#"{"map": [[1]]}"#,
            r#"{"map": [1]}"#,
            r#"{"bitstring": "102"}"#,
            r#"{"improper_list": []}"#,
            r#"{"tuple": {}}"#,
        ] {
            assert!(matches!(to(text), Err(JsonError::Tag(_))), "{text}");
        }
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(to(&nested(DEPTH + 1)).is_ok());
        for depth in [DEPTH + 2, 30_000] {
            assert_eq!(error(&nested(depth)), TermError::Nested.to_string());
        }
    }
}
