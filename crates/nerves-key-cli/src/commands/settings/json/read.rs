//! JSON as a setting.
//!
//! Values are looked at as they are written: a number that becomes a float on
//! the way would lose digits, and of two members of one name one would be lost.
//! Settings may be passwords, so no error quotes them.

use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use nerves_key::settings::Value;
use nerves_key::settings::term::{DEPTH, TermError};
use serde_json::value::RawValue;

use super::{TAGS, key};
use crate::json_object::{Members, twice};
use crate::output::escape;

/// Why JSON is no setting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    #[error(transparent)]
    NotJson(#[from] serde_json::Error),
    #[error(transparent)]
    Term(#[from] TermError),
    #[error("{{{0:?}: ..}} is no setting")]
    Tag(String),
    #[error("{0:?} is no hex, two digits for each byte: {1}")]
    Hex(String, data_encoding::DecodeError),
    #[error("an object has a name twice: \"{0}\"")]
    Twice(String),
    #[error("setting \"{name}\": {error}")]
    Setting {
        /// The outermost name.
        name: String,
        #[source]
        error: Box<JsonError>,
    },
}

/// The setting that JSON says. An error names the setting that it is in.
pub(crate) fn to(text: &str) -> Result<Value, JsonError> {
    let json: &RawValue = serde_json::from_str(text)?;
    match value(json, DEPTH) {
        Err(error @ (JsonError::NotJson(_) | JsonError::Twice(_))) => Err(error),
        Err(error) => Err(with_member_name(json, error)),
        Ok(value) => Ok(value),
    }
}

/// `error` with the name of the first setting that has one itself.
fn with_member_name(json: &RawValue, error: JsonError) -> JsonError {
    let members = serde_json::from_str::<Members<'_>>(json.get());
    let members = members.map(|members| members.0).unwrap_or_default();
    if matches!(members.as_slice(), [(tag, _)] if TAGS.contains(&tag.as_str())) {
        return error;
    }
    let wrong = members.iter().find_map(|(name, json)| {
        let inner = inner(DEPTH).map_err(JsonError::from);
        let error = inner.and_then(|depth| value(json, depth)).err()?;
        Some((escape(name), error))
    });
    match wrong {
        Some((name, error)) => JsonError::Setting {
            name,
            error: Box::new(error),
        },
        None => error,
    }
}

/// With no more than `depth` values within values.
fn value(json: &RawValue, depth: usize) -> Result<Value, JsonError> {
    let text = json.get();
    Ok(match text.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => key(&serde_json::from_str::<String>(text)?),
        Some(b'[') => Value::List(all(json, depth)?),
        Some(b'{') => {
            let members = serde_json::from_str::<Members<'_>>(text)?.0;
            match members.as_slice() {
                [(tag, json)] if TAGS.contains(&tag.as_str()) => read_tagged(tag, json, depth)?,
                _ => object(&members, depth)?,
            }
        }
        _ => number(text)?,
    })
}

fn all(json: &RawValue, depth: usize) -> Result<Vec<Value>, JsonError> {
    let elements: Vec<&RawValue> = serde_json::from_str(json.get())?;
    let element = |json: &&RawValue| value(json, inner(depth)?);
    elements.iter().map(element).collect()
}

fn object(members: &[(String, &RawValue)], depth: usize) -> Result<Value, JsonError> {
    if let Some(name) = twice(members) {
        return Err(JsonError::Twice(escape(name)));
    }
    let pair = |(name, json): &(String, &RawValue)| Ok((key(name), value(json, inner(depth)?)?));
    let pairs = members.iter().map(pair);
    Ok(Value::Map(pairs.collect::<Result<_, JsonError>>()?))
}

fn read_tagged(tag: &str, json: &RawValue, depth: usize) -> Result<Value, JsonError> {
    let wrong = || JsonError::Tag(tag.into());
    let text = || match serde_json::from_str::<String>(json.get()) {
        Ok(text) => Ok(text),
        Err(_other) => Err(wrong()),
    };
    let bytes = || {
        HEX.decode(text()?.as_bytes())
            .map_err(|error| JsonError::Hex(tag.into(), error))
    };
    let is_list = json.get().starts_with('[');
    let list = || {
        if is_list {
            all(json, depth)
        } else {
            Err(wrong())
        }
    };
    Ok(match tag {
        "text" => Value::Text(text()?),
        "bytes" => Value::Bytes(bytes()?),
        "charlist" => Value::Charlist(bytes()?),
        "bitstring" => bits(&text()?).ok_or_else(wrong)?,
        "integer" => Value::from_decimal(&text()?)?,
        "improper_list" => {
            let mut values = list()?;
            let tail = values.pop().ok_or_else(wrong)?;
            Value::ImproperList(values, Box::new(tail))
        }
        "tuple" => Value::Tuple(list()?),
        _ => {
            let pair = |pair: Value| match pair {
                Value::List(pair) => <[Value; 2]>::try_from(pair).ok(),
                _ => None,
            };
            let pairs: Option<Vec<_>> = list()?.into_iter().map(pair).collect();
            let pairs = pairs.ok_or_else(wrong)?.into_iter();
            Value::Map(pairs.map(|[key, value]| (key, value)).collect())
        }
    })
}

fn inner(depth: usize) -> Result<usize, TermError> {
    depth.checked_sub(1).ok_or(TermError::Nested)
}

/// Digits without a point or an exponent are an integer, of any size.
fn number(text: &str) -> Result<Value, JsonError> {
    if !text.contains(['.', 'e', 'E']) {
        return Ok(Value::from_decimal(text)?);
    }
    match text.parse() {
        Ok(number) if f64::is_finite(number) => Ok(Value::Float(number)),
        _ => Err(TermError::NotFinite.into()),
    }
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
