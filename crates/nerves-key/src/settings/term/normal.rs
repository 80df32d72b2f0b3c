//! One form for all values that mean the same.
//!
//! Erlang knows no difference between a list of bytes and a string of them,
//! nor between an integer of 64 bits and a large one that would fit; a binary
//! is a bit string, `nil` an atom, and a map has no order.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::integer::Integer;
use super::{TermError, order};
use crate::settings::Value;

/// Characters of an atom's name.
pub(super) const ATOM_CHARACTERS: usize = 255;
/// Bytes of a list that is written as a string. A longer one is a list.
const STRING_BYTES: usize = u16::MAX as usize;
/// Pairs of a map whose order is that of its keys. Source: `MAP_SMALL_MAP_LIMIT`
/// of Erlang/OTP.
const SORTED_PAIRS: usize = 32;

impl Value {
    /// The normal form, where no more than `depth` terms are within terms.
    pub(super) fn normal(&self, depth: usize) -> Result<Self, TermError> {
        match self {
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Text(_) => Ok(self.clone()),
            Self::BigInteger(digits) => Ok(integer(&Integer::from_decimal(digits)?)),
            Self::Float(number) => float(*number),
            Self::Bytes(bytes) => Ok(binary(bytes.clone())),
            Self::Bits(bytes, last) => bits(bytes.clone(), *last),
            Self::Atom(name) => atom(name.clone()),
            Self::Charlist(bytes) => Ok(string(bytes)),
            Self::List(values) => Ok(proper(all(values, depth)?)),
            Self::ImproperList(values, tail) => {
                let values = all(values, depth)?;
                Ok(list(values, tail.inner(depth)?))
            }
            Self::Tuple(values) => Ok(Self::Tuple(all(values, depth)?)),
            Self::Map(pairs) => {
                let mut normal = Vec::new();
                for (key, value) in pairs {
                    normal.push((key.inner(depth)?, value.inner(depth)?));
                }
                map(normal)
            }
        }
    }

    fn inner(&self, depth: usize) -> Result<Self, TermError> {
        self.normal(depth.checked_sub(1).ok_or(TermError::Nested)?)
    }
}

fn all(values: &[Value], depth: usize) -> Result<Vec<Value>, TermError> {
    let mut normal = Vec::new();
    for value in values {
        normal.push(value.inner(depth)?);
    }
    Ok(normal)
}

pub(super) fn integer(number: &Integer) -> Value {
    let digits = number.to_decimal();
    digits
        .parse()
        .map_or_else(|_larger| Value::BigInteger(digits), Value::Integer)
}

pub(super) fn float(number: f64) -> Result<Value, TermError> {
    if number.is_finite() {
        Ok(Value::Float(number))
    } else {
        Err(TermError::NotFinite)
    }
}

pub(super) fn atom(name: String) -> Result<Value, TermError> {
    let characters = name.chars().count();
    Ok(match name.as_str() {
        "nil" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if characters > ATOM_CHARACTERS => return Err(TermError::LongAtom(characters)),
        _ => Value::Atom(name),
    })
}

pub(super) fn binary(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    }
}

/// A bit string, of which the last byte has `last` bits. The others of that
/// byte mean nothing.
pub(super) fn bits(mut bytes: Vec<u8>, last: u8) -> Result<Value, TermError> {
    match (bytes.last_mut(), last) {
        (Some(byte), 1..8) => {
            *byte &= 0xFF << (8 - last);
            Ok(Value::Bits(bytes, last))
        }
        (Some(_), 8) | (None, 0) => Ok(binary(bytes)),
        (_, last) => Err(TermError::Bits(last)),
    }
}

/// A list with a tail. Where that is a list, both are one.
pub(super) fn list(mut values: Vec<Value>, tail: Value) -> Value {
    match tail {
        Value::List(more) => values.extend(more),
        Value::Charlist(bytes) => values.extend(integers(&bytes)),
        Value::ImproperList(more, tail) => {
            values.extend(more);
            return Value::ImproperList(values, tail);
        }
        tail if values.is_empty() => return tail,
        tail => return Value::ImproperList(values, Box::new(tail)),
    }
    proper(values)
}

/// A list of bytes.
pub(super) fn string(bytes: &[u8]) -> Value {
    if bytes.is_empty() || bytes.len() > STRING_BYTES {
        Value::List(integers(bytes).collect())
    } else {
        Value::Charlist(bytes.into())
    }
}

fn proper(values: Vec<Value>) -> Value {
    let byte = |value: &Value| match value {
        Value::Integer(number) => u8::try_from(*number).ok(),
        _ => None,
    };
    if values.is_empty() || values.len() > STRING_BYTES {
        return Value::List(values);
    }
    let bytes: Option<_> = values.iter().map(byte).collect();
    bytes.map_or_else(|| Value::List(values), Value::Charlist)
}

fn integers(bytes: &[u8]) -> impl Iterator<Item = Value> {
    bytes.iter().map(|byte| Value::Integer((*byte).into()))
}

/// A map; its keys are in normal form.
pub(super) fn map(pairs: Vec<(Value, Value)>) -> Result<Value, TermError> {
    let mut keys: Vec<_> = pairs.iter().map(|(key, _)| order::key(key)).collect();
    keys.sort_unstable();
    if keys
        .windows(2)
        .any(|two| matches!(two, [one, other] if one == other))
    {
        return Err(TermError::KeyTwice);
    }
    let mut pairs = pairs;
    if pairs.len() <= SORTED_PAIRS {
        pairs.sort_by_cached_key(|(key, _)| order::key(key));
    }
    Ok(Value::Map(pairs))
}
