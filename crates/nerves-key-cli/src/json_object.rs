//! JSON objects that are signed or stored as they were given.
//!
//! `serde_json` keeps the last of two members of one name, and makes a float of a
//! number that is too large for 64 bits: neither is what was asked for.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::output::escape;

/// Members in their order, two of one name included.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

/// Why JSON is not taken as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error(transparent)]
    NotJson(#[from] serde_json::Error),
    #[error("{0} is no JSON object")]
    Other(String),
    #[error("an object has the name \"{0}\" twice: leave one out")]
    Twice(String),
    #[error(
        "{0} is an integer of more than 64 bits, which would be rounded: put it into quotes, or \
         give one from -9223372036854775808 to 18446744073709551615"
    )]
    Integer(String),
    #[error(
        "{given} would be rounded to {kept}, since a float has 64 bits: give that, or put it into \
         quotes"
    )]
    Rounded { given: String, kept: String },
}

/// The object that `text` says.
///
/// # Errors
/// Where anything in it would be lost or changed.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, ObjectError> {
    let object = match serde_json::from_str(text)? {
        Value::Object(object) => object,
        other => return Err(ObjectError::Other(other.to_string())),
    };
    check(serde_json::from_str(text)?)?;
    Ok(object)
}

fn check(json: &RawValue) -> Result<(), ObjectError> {
    let text = json.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members = serde_json::from_str::<Members<'_>>(text)?.0;
            if let Some(name) = twice(&members) {
                return Err(ObjectError::Twice(escape(name)));
            }
            members.iter().try_for_each(|(_, json)| check(json))
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            elements.into_iter().try_for_each(check)
        }
        Some(b'-' | b'0'..=b'9') => number(text),
        _ => Ok(()),
    }
}

/// A name that two members have.
pub(crate) fn twice<'a>(members: &'a [(String, &RawValue)]) -> Option<&'a str> {
    let mut names = BTreeSet::new();
    let again = members.iter().find(|(name, _)| !names.insert(name));
    again.map(|(name, _)| name.as_str())
}

fn number(text: &str) -> Result<(), ObjectError> {
    let kept: serde_json::Number = serde_json::from_str(text)?;
    if kept.is_i64() || kept.is_u64() {
        return Ok(());
    }
    let kept = kept.to_string();
    if Decimal::of(text) == Decimal::of(&kept) {
        Ok(())
    } else if text.contains(['.', 'e', 'E']) {
        let given = text.to_owned();
        Err(ObjectError::Rounded { given, kept })
    } else {
        Err(ObjectError::Integer(text.to_owned()))
    }
}

/// A number of JSON as digits without zeros around them, and the power of ten of
/// the last one.
#[derive(Debug, Eq, PartialEq)]
struct Decimal {
    digits: String,
    power: i64,
}

impl Decimal {
    /// Zero has one form. `None` where the exponent is past all floats.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let sign = if whole.starts_with('-') { "-" } else { "" };
        let digits = [whole.trim_start_matches('-'), fraction].concat();
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            let digits = String::new();
            return Some(Self { digits, power: 0 });
        }
        let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        let places = i64::try_from(fraction.len()).ok()?;
        let power = exponent.parse::<i64>().ok()?.checked_add(zeros)?;
        Some(Self {
            digits: [sign, significant].concat(),
            power: power.checked_sub(places)?,
        })
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Each)
    }
}

struct Each;

impl<'de> Visitor<'de> for Each {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_stay_are_taken_and_no_others() {
        for text in [
            "0",
            "-0",
            "0.0",
            "1.10",
            "1e2",
            "12E-1",
            "0.1",
            "0.30000000000000004",
            "-9223372036854775808",
            "18446744073709551615",
            "1e300",
            "94.95886283158103",
            "-18.183216676054286",
            "1.5e-30",
        ] {
            let object = format!("{{\"a\":[{{\"b\":{text}}}]}}");
            assert!(read(&object).is_ok(), "{text}: {:?}", read(&object));
        }
        for (text, part) in [
            ("12345678901234567890123", "integer of more than 64 bits"),
            ("18446744073709551616", "integer of more than 64 bits"),
            ("-9223372036854775809", "integer of more than 64 bits"),
            ("0.12345678901234567891", "rounded to 0.123456789012345"),
            ("1e-400", "rounded to 0"),
            ("1e999", "out of range"),
        ] {
            let error = read(&format!("{{\"a\":[{{\"b\":{text}}}]}}")).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused_however_deep() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"b":[{"a":1,"\u0061":1}]}"#] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("the name \"a\" twice"), "{text}: {error}");
        }
        assert!(read(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }
}
