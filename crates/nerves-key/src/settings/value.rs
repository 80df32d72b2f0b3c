//! Settings of any shape, as programs keep them that have no type of their own.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// A value: all that an Erlang term can be without belonging to a running
/// system, and what JSON has.
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
}
