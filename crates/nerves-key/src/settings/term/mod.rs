//! Settings in Erlang's external term format, as the Elixir library has them.
//! Source: Erlang documentation, "External Term Format"; what it does not say,
//! such as how strict a reader is, was asked of Erlang/OTP 25 itself.
//!
//! Read is all that `binary_to_term` takes, in whatever spelling, but what
//! belongs to a running system (processes, ports, references, functions) and
//! compressed terms. Written is what `term_to_binary` gives. Values that mean
//! the same have one normal form (`normal`): reading gives it and writing goes
//! through it, so that what was read is written back as the same bytes.
//!
//! Bytes from a chip may announce anything. Nothing is allocated for what is
//! only announced, and terms lie within terms as deep as the bytes of a chip
//! can have them, no deeper.

mod error;
mod integer;
mod normal;
mod order;
mod read;
mod tag;
mod write;

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{Settings, SettingsError, Stored, Value, WriteSettings};
pub use error::{ForeignKind, TermError};
use integer::Integer;

/// Terms within terms: one-tuples in one-tuples, two bytes each, are what 524
/// bytes can hold most of, beside the first byte and the innermost term.
pub const DEPTH: usize = 261;

/// Which atoms `term_to_binary` writes: its option `minor_version`. Every
/// release of Erlang/OTP that runs Elixir reads both.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MinorVersion {
    /// Latin-1 where that has the characters: OTP 25 and before.
    One,
    /// UTF-8: OTP 26 and later.
    #[default]
    Two,
}

impl Settings {
    /// The value, in whatever format it is; `None` when there are no settings.
    ///
    /// # Errors
    /// As [`Settings::stored`]; [`SettingsError::Term`],
    /// [`SettingsError::Payload`].
    pub fn value(&self) -> Result<Option<Value>, SettingsError> {
        match self.stored()? {
            Stored::Empty => Ok(None),
            Stored::Typed(payload) => Ok(Some(postcard::from_bytes(payload)?)),
            Stored::Term(bytes) => Ok(Some(Value::from_term(bytes)?)),
        }
    }

    /// Write `value` as a term, with atoms as the term that is there has them.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`], [`SettingsError::Term`].
    pub fn write_value_as_term(&self, value: &Value) -> Result<WriteSettings, SettingsError> {
        self.write_term(&Zeroizing::new(value.to_term(self.minor_version())?))
    }

    fn minor_version(&self) -> MinorVersion {
        match self.stored() {
            Ok(Stored::Term(bytes)) => read::term(bytes).map_or_else(
                // What cannot be read is replaced.
                |_unreadable| MinorVersion::default(),
                |(_, version)| version,
            ),
            Ok(Stored::Empty | Stored::Typed(_)) | Err(_) => MinorVersion::default(),
        }
    }
}

impl Value {
    /// Of a term; what follows it is ignored.
    ///
    /// # Errors
    /// [`TermError`].
    pub fn from_term(bytes: &[u8]) -> Result<Self, TermError> {
        read::term(bytes).map(|(value, _)| value)
    }

    /// An integer of decimal digits, perhaps after a sign.
    ///
    /// # Errors
    /// [`TermError::Digits`].
    pub fn from_decimal(text: &str) -> Result<Self, TermError> {
        Integer::from_decimal(text).map(|number| normal::integer(&number))
    }

    /// As a term.
    ///
    /// Pairs of a map of up to 32 are written in the order of their keys, as
    /// Erlang does. The order of more is that of a hash which each machine has
    /// its own of: it is left as it is.
    ///
    /// # Errors
    /// [`TermError`] for what no term is.
    pub fn to_term(&self, version: MinorVersion) -> Result<Vec<u8>, TermError> {
        write::term(&self.normal(DEPTH)?, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Area;
    use std::boxed::Box;
    use std::string::String;
    use std::vec;

    fn integers(numbers: &[i64]) -> Value {
        Value::List(numbers.iter().copied().map(Value::Integer).collect())
    }

    fn written(value: &Value) -> Vec<u8> {
        value.to_term(MinorVersion::Two).unwrap()
    }

    /// Bytes of `term_to_binary` of Erlang/OTP 25.
    #[test]
    fn written_as_erlang_does() {
        let cases = [
            (
                integers(&[123, 169, -882]),
                &b"\x83l\0\0\0\x03a\x7Ba\xA9b\xFF\xFF\xFC\x8Ej"[..],
            ),
            (
                Value::BigInteger("18446744073709551617".into()),
                b"\x83n\x09\0\x01\0\0\0\0\0\0\0\x01",
            ),
            (Value::BigInteger("-5".into()), b"\x83b\xFF\xFF\xFF\xFB"),
            (Value::Float(-0.0), b"\x83F\x80\0\0\0\0\0\0\0"),
            (Value::Bits(vec![0xBF], 3), b"\x83M\0\0\0\x01\x03\xA0"),
            (Value::Bits(vec![0xBF], 8), b"\x83m\0\0\0\x01\xBF"),
            (Value::Charlist(vec![]), b"\x83j"),
            (integers(&[1, 2]), b"\x83k\0\x02\x01\x02"),
            (
                Value::ImproperList(vec![Value::Integer(1)], Box::new(Value::Integer(2))),
                b"\x83l\0\0\0\x01a\x01a\x02",
            ),
            (
                Value::ImproperList(vec![Value::Integer(1)], Box::new(integers(&[2]))),
                b"\x83k\0\x02\x01\x02",
            ),
        ];
        for (value, bytes) in cases {
            assert_eq!(written(&value), bytes, "{value:?}");
        }
    }

    #[test]
    fn a_map_has_the_order_of_its_keys() {
        // As Erlang/OTP 25 writes it.
        let keys = [
            Value::Integer(-5),
            Value::Integer(0),
            Value::BigInteger("99999999999999999999".into()),
            Value::Float(-1.5),
            Value::Float(1.0),
            Value::Atom("a".into()),
            Value::Bool(true),
            Value::Tuple(vec![Value::Integer(1)]),
            Value::Tuple(vec![Value::Float(1.0)]),
            Value::Map(vec![]),
            Value::List(vec![]),
            Value::Charlist(vec![1]),
            Value::Bits(vec![0xA0], 3),
            Value::Bytes(vec![0xA0]),
            Value::Bytes(vec![0xA0, 0]),
        ];
        let sorted = Value::Map(keys.iter().map(|key| (key.clone(), Value::Null)).collect());
        let reversed = keys.iter().rev().map(|key| (key.clone(), Value::Null));
        let bytes = written(&Value::Map(reversed.collect()));
        assert_eq!(bytes, written(&sorted));
        assert_eq!(Value::from_term(&bytes), Ok(sorted));
        let twice = [integers(&[1]), Value::Charlist(vec![1])].map(|key| (key, Value::Null));
        let twice = Value::Map(twice.to_vec()).to_term(MinorVersion::Two);
        assert_eq!(twice, Err(TermError::KeyTwice));
    }

    /// Asked of Erlang/OTP 25.
    #[test]
    fn other_spellings_mean_the_same() {
        let read = |bytes: &[u8]| Value::from_term(&[&[131], bytes].concat());
        for (bytes, value) in [
            // A list of nothing is its tail; a tail that is a list goes on.
            (&b"l\0\0\0\0a\x05"[..], Value::Integer(5)),
            (b"l\0\0\0\x01a\x01k\0\x01\x02", Value::Charlist(vec![1, 2])),
            (b"k\0\0", Value::List(vec![])),
            (b"n\x02\x07\x05\0", Value::Integer(-5)),
            (b"o\0\0\0\0\x01", Value::Integer(0)),
            (b"M\0\0\0\x01\x08a", Value::Text("a".into())),
            (b"M\0\0\0\0\0", Value::Text(String::new())),
            (b"i\0\0\0\0", Value::Tuple(vec![])),
            (b"d\0\x03nil", Value::Null),
            (b"d\0\x04true", Value::Bool(true)),
            (b"d\0\x05false", Value::Bool(false)),
        ] {
            assert_eq!(read(bytes), Ok(value), "{bytes:?}");
        }
        assert_eq!(read(b"M\0\0\0\0\x03"), Err(TermError::Bits(3)));
        assert_eq!(read(b"M\0\0\0\x01\x09a"), Err(TermError::Bits(9)));
        // A list of more bytes than two bytes count is no string.
        for list in [
            |len| Value::Charlist(vec![1; len]),
            |len| integers(&vec![1; len]),
        ] {
            assert!(written(&list(65_535)).starts_with(b"\x83k\xFF\xFF"));
            let longer = written(&list(65_536));
            assert!(longer.starts_with(b"\x83l\0\x01\0\0a\x01"));
        }
    }

    /// The order of a large map is its own, and no difference.
    #[test]
    fn a_large_map_keeps_its_order() {
        let pairs = (0..33).map(|key| (Value::Integer(key * 7 % 33), Value::Null));
        let map = Value::Map(pairs.clone().collect());
        assert_eq!(Value::from_term(&written(&map)), Ok(map.clone()));
        let reversed = Value::Map(pairs.rev().collect());
        let twice = Value::Map(vec![(map, Value::Null), (reversed, Value::Null)]);
        let error = twice.to_term(MinorVersion::Two);
        assert_eq!(error, Err(TermError::KeyTwice));
    }

    #[test]
    fn what_is_announced_must_be_there() {
        for head in [
            &[108, 0xFF, 0xFF, 0xFF, 0xFF][..],
            &[105, 0xFF, 0xFF, 0xFF, 0xFF],
            &[116, 0xFF, 0xFF, 0xFF, 0xFF],
            &[109, 0xFF, 0xFF, 0xFF, 0xFF],
            &[111, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            let bytes: Vec<_> = [131].iter().chain(head).chain(&[106]).copied().collect();
            let error = TermError::Ends {
                at: 6,
                wanted: 0xFFFF_FFFF,
                left: 1,
            };
            assert_eq!(Value::from_term(&bytes), Err(error));
        }
        let (at, wanted, left) = (5, 1, 0);
        let error = TermError::Ends { at, wanted, left };
        assert_eq!(Value::from_term(&[131, 104, 2, 97, 1]), Err(error));
        assert_eq!(Value::from_term(&[130]), Err(TermError::Version(130)));
    }

    #[test]
    fn what_belongs_to_a_running_system_is_no_setting() {
        use ForeignKind::{Compressed, Function, Port, Process, Reference};
        for (tag, kind) in [
            (103, Process),
            (88, Process),
            (102, Port),
            (89, Port),
            (120, Port),
            (101, Reference),
            (114, Reference),
            (90, Reference),
            (117, Function),
            (112, Function),
            (113, Function),
        ] {
            let error = TermError::Foreign { at: 5, kind };
            let bytes = [131, 104, 2, 97, 1, tag, 0, 0];
            assert_eq!(Value::from_term(&bytes), Err(error));
        }
        let (at, kind) = (1, Compressed);
        let error = TermError::Foreign { at, kind };
        assert_eq!(Value::from_term(&[131, 80, 0, 0]), Err(error));
        // Only a whole term is compressed.
        let error = TermError::Tag { at: 3, tag: 80 };
        assert_eq!(Value::from_term(&[131, 104, 1, 80, 0]), Err(error));
    }

    /// On a stack that is small for a machine with Linux.
    #[test]
    fn as_deep_as_a_chip_holds() {
        let small = std::thread::Builder::new().stack_size(1 << 20);
        small.spawn(deepest).unwrap().join().unwrap();
    }

    /// The deepest that a chip can hold, and one more.
    fn deepest() {
        let nested = |depth| {
            let tuples = [104, 1].repeat(depth);
            [&[131], tuples.as_slice(), &[106]].concat()
        };
        let deepest = nested(DEPTH);
        assert_eq!(deepest.len(), Area::NervesKey.size());
        assert_eq!(written(&Value::from_term(&deepest).unwrap()), deepest);
        let error = Err(TermError::Nested);
        assert_eq!(Value::from_term(&nested(DEPTH + 1)), error);
        assert_eq!(Value::from_term(&nested(1_000_000)), error);
        let deeper = Value::Tuple(vec![Value::from_term(&deepest).unwrap()]);
        assert_eq!(deeper.to_term(MinorVersion::Two), Err(TermError::Nested));
    }

    #[test]
    fn atoms_stay_in_their_spelling() {
        let empty = Settings::from_bytes(Area::NervesKey, &[]).unwrap();
        let value = Value::Tuple(vec![Value::Atom("ä".into()), Value::Atom("語".into())]);
        let latin_1 = b"\x83h\x02d\0\x01\xE4w\x03\xE8\xAA\x9E";
        let utf_8 = b"\x83h\x02w\x02\xC3\xA4w\x03\xE8\xAA\x9E";
        for bytes in [&latin_1[..], utf_8] {
            let settings = empty.write_term(bytes).unwrap().after().clone();
            assert_eq!(settings.value().unwrap(), Some(value.clone()));
            let write = settings.write_value_as_term(&value).unwrap();
            assert_eq!(write.after(), &settings);
        }
        let write = empty.write_value_as_term(&value).unwrap();
        assert!(write.after().as_bytes().starts_with(utf_8));
        let long = Value::Atom("ä".repeat(256)).to_term(MinorVersion::One);
        assert_eq!(long, Err(TermError::LongAtom(256)));
    }

    /// Asked of Erlang/OTP 25.
    #[test]
    fn floats_as_text() {
        let float = |text: &str| {
            let mut bytes = [&[131, 99], text.as_bytes()].concat();
            bytes.resize(33, 0);
            Value::from_term(&bytes)
        };
        for (text, number) in [
            ("1.50000000000000000000e+00", 1.5),
            ("-0.0", -0.0),
            ("+00001,5E3", 1500.0),
            ("4.9e-324", f64::from_bits(1)),
            ("1.5e-999", 0.0),
        ] {
            assert_eq!(float(text), Ok(Value::Float(number)), "{text}");
        }
        for text in ["1e5", "1.", ".5", " 1.5", "1.5 ", "inf", "NaN", "1.5e", ""] {
            assert_eq!(float(text), Err(TermError::FloatText { at: 1 }), "{text}");
        }
        assert_eq!(float("1.0e999"), Err(TermError::NotFinite));
        let infinite = [131, 70, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Value::from_term(&infinite), Err(TermError::NotFinite));
        assert_eq!(
            Value::Float(f64::NAN).to_term(MinorVersion::Two),
            Err(TermError::NotFinite)
        );
    }
}
