//! Erlang's order of terms, as bytes that compare as the terms do.
//! Source: Erlang documentation, "Term Comparisons"; as between keys of a map,
//! where all integers come before all floats.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::settings::Value;

const NEGATIVE: u8 = 0;
const INTEGER: u8 = 1;
const FLOAT: u8 = 2;
const ATOM: u8 = 3;
const TUPLE: u8 = 4;
const MAP: u8 = 5;
/// The end of a list.
const NIL: u8 = 6;
/// An element of a list, before what follows it.
const ELEMENT: u8 = 7;
const BITS: u8 = 8;

/// Of a value in normal form.
pub(super) fn key(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, &mut out);
    out
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Integer(number) => integer(&number.to_string(), out),
        Value::BigInteger(digits) => integer(digits, out),
        Value::Float(number) => {
            let bits = number.to_bits();
            let magnitude = if number.is_sign_negative() {
                !bits
            } else {
                bits | 1 << 63
            };
            out.push(FLOAT);
            out.extend(magnitude.to_be_bytes());
        }
        Value::Null => bytes(ATOM, b"nil", 0, out),
        Value::Bool(true) => bytes(ATOM, b"true", 0, out),
        Value::Bool(false) => bytes(ATOM, b"false", 0, out),
        Value::Atom(name) => bytes(ATOM, name.as_bytes(), 0, out),
        Value::Text(text) => bytes(BITS, text.as_bytes(), 8, out),
        Value::Bytes(of) => bytes(BITS, of, 8, out),
        Value::Bits(of, last) => bytes(BITS, of, *last, out),
        Value::Charlist(of) => {
            for byte in of {
                out.push(ELEMENT);
                integer(&byte.to_string(), out);
            }
            out.push(NIL);
        }
        Value::List(values) => {
            elements(values, out);
            out.push(NIL);
        }
        Value::ImproperList(values, tail) => {
            elements(values, out);
            put(tail, out);
        }
        Value::Tuple(values) => {
            count(TUPLE, values.len(), out);
            for value in values {
                put(value, out);
            }
        }
        Value::Map(pairs) => {
            count(MAP, pairs.len(), out);
            let keyed = pairs.iter().map(|(one, value)| (key(one), value));
            let mut keyed: Vec<_> = keyed.collect();
            keyed.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            for (key, _) in &keyed {
                out.extend(key);
            }
            for (_, value) in keyed {
                put(value, out);
            }
        }
    }
}

/// More digits are more; of as many, the first that differs tells. Of negative
/// numbers all the other way round.
fn integer(decimal: &str, out: &mut Vec<u8>) {
    match decimal.strip_prefix('-') {
        None => {
            count(INTEGER, decimal.len(), out);
            out.extend(decimal.bytes());
        }
        Some(digits) => {
            out.push(NEGATIVE);
            out.extend(digits.len().to_be_bytes().map(|byte| !byte));
            out.extend(digits.bytes().map(|byte| !byte));
        }
    }
}

/// What ends comes before what goes on; of as many bytes, less bits before
/// more.
fn bytes(kind: u8, bytes: &[u8], last: u8, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(bytes.iter().flat_map(|byte| [1, *byte]));
    out.extend([0, last]);
}

fn elements(values: &[Value], out: &mut Vec<u8>) {
    for value in values {
        out.push(ELEMENT);
        put(value, out);
    }
}

fn count(kind: u8, count: usize, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(count.to_be_bytes());
}
