//! Settings of any shape, as programs keep them that have no type of their own.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// A value: all that an Erlang term can be without belonging to a running
/// system, and what JSON has.
///
/// Typed records keep a variant by its place: new ones come last.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Value {
    /// `nil`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A larger one, in decimal.
    BigInteger(String),
    /// A floating-point number.
    Float(f64),
    /// A binary that is UTF-8.
    Text(String),
    /// Another binary.
    Bytes(Vec<u8>),
    /// An atom other than `nil`, `true`, `false`.
    Atom(String),
    /// A list of bytes, as Erlang writes short ones: its strings.
    Charlist(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A map.
    Map(Vec<(Value, Value)>),
    /// Bytes of which the last one has so many bits, 1 to 7, its highest.
    Bits(Vec<u8>, u8),
    /// A list that ends with another term than the empty list.
    ImproperList(Vec<Value>, Box<Value>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    /// Typed records of earlier releases: a variant is its place, a number
    /// zigzag, a length before what it is of.
    #[test]
    fn stored_values_keep_their_bytes() {
        let one = || vec![Value::Null];
        let cases: [(Value, &[u8]); 14] = [
            (Value::Null, &[0]),
            (Value::Bool(true), &[1, 1]),
            (Value::Integer(-882), &[2, 0xE3, 0x0D]),
            (Value::BigInteger("10".into()), &[3, 2, b'1', b'0']),
            (Value::Float(-0.0), &[4, 0, 0, 0, 0, 0, 0, 0, 0x80]),
            (Value::Text("a".into()), &[5, 1, b'a']),
            (Value::Bytes(vec![0xFF]), &[6, 1, 0xFF]),
            (Value::Atom("a".into()), &[7, 1, b'a']),
            (Value::Charlist(vec![1]), &[8, 1, 1]),
            (Value::List(one()), &[9, 1, 0]),
            (Value::Tuple(one()), &[10, 1, 0]),
            (Value::Map(vec![(Value::Null, Value::Null)]), &[11, 1, 0, 0]),
            (Value::Bits(vec![0x80], 1), &[12, 1, 0x80, 1]),
            (
                Value::ImproperList(one(), Box::new(Value::Null)),
                &[13, 1, 0, 0],
            ),
        ];
        for (value, bytes) in cases {
            assert_eq!(postcard::to_allocvec(&value).unwrap(), bytes);
            assert_eq!(postcard::from_bytes::<Value>(bytes).unwrap(), value);
        }
    }
}
