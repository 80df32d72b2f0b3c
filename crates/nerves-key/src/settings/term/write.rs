//! Values in normal form as `term_to_binary` writes them.

use alloc::vec::Vec;

use super::integer::Integer;
use super::{MinorVersion, TermError, tag};
use crate::settings::{Area, Value};

/// A value in normal form as a term.
pub(super) fn term(value: &Value, version: MinorVersion) -> Result<Vec<u8>, TermError> {
    let mut writer = Writer {
        // Settings may be passwords, and a vector that grows leaves copies.
        bytes: Vec::with_capacity(Area::NervesKey.size()),
        version,
    };
    writer.bytes.push(tag::VERSION);
    writer.term(value)?;
    Ok(writer.bytes)
}

struct Writer {
    bytes: Vec<u8>,
    version: MinorVersion,
}

impl Writer {
    fn term(&mut self, value: &Value) -> Result<(), TermError> {
        match value {
            Value::Null => self.atom("nil"),
            Value::Bool(true) => self.atom("true"),
            Value::Bool(false) => self.atom("false"),
            Value::Atom(name) => self.atom(name),
            Value::Integer(number) => self.integer(*number),
            Value::BigInteger(digits) => self.big(&Integer::from_decimal(digits)?),
            Value::Float(number) => {
                self.bytes.push(tag::NEW_FLOAT);
                self.bytes.extend(number.to_be_bytes());
                Ok(())
            }
            Value::Text(text) => self.counted(tag::BINARY, text.as_bytes()),
            Value::Bytes(bytes) => self.counted(tag::BINARY, bytes),
            Value::Bits(bytes, last) => {
                self.count(tag::BIT_BINARY, bytes.len())?;
                self.bytes.push(*last);
                self.bytes.extend(bytes);
                Ok(())
            }
            Value::Charlist(bytes) => {
                self.short_count(tag::STRING, bytes.len())?;
                self.bytes.extend(bytes);
                Ok(())
            }
            Value::List(values) if values.is_empty() => {
                self.bytes.push(tag::NIL);
                Ok(())
            }
            Value::List(values) => {
                self.count(tag::LIST, values.len())?;
                self.terms(values)?;
                self.bytes.push(tag::NIL);
                Ok(())
            }
            Value::ImproperList(values, tail) => {
                self.count(tag::LIST, values.len())?;
                self.terms(values)?;
                self.term(tail)
            }
            Value::Tuple(values) => {
                match u8::try_from(values.len()) {
                    Ok(len) => self.bytes.extend([tag::SMALL_TUPLE, len]),
                    Err(_larger) => self.count(tag::LARGE_TUPLE, values.len())?,
                }
                self.terms(values)
            }
            Value::Map(pairs) => {
                self.count(tag::MAP, pairs.len())?;
                for (key, value) in pairs {
                    self.term(key)?;
                    self.term(value)?;
                }
                Ok(())
            }
        }
    }

    fn terms(&mut self, values: &[Value]) -> Result<(), TermError> {
        values.iter().try_for_each(|value| self.term(value))
    }

    fn integer(&mut self, number: i64) -> Result<(), TermError> {
        if let Ok(byte) = u8::try_from(number) {
            self.bytes.extend([tag::SMALL_INTEGER, byte]);
        } else if let Ok(word) = i32::try_from(number) {
            self.bytes.push(tag::INTEGER);
            self.bytes.extend(word.to_be_bytes());
        } else {
            return self.big(&number.into());
        }
        Ok(())
    }

    fn big(&mut self, number: &Integer) -> Result<(), TermError> {
        match u8::try_from(number.magnitude.len()) {
            Ok(len) => self.bytes.extend([tag::SMALL_BIG, len]),
            Err(_larger) => self.count(tag::LARGE_BIG, number.magnitude.len())?,
        }
        self.bytes.push(number.negative.into());
        self.bytes.extend(&number.magnitude);
        Ok(())
    }

    fn atom(&mut self, name: &str) -> Result<(), TermError> {
        let latin = || name.chars().map(|one| u8::try_from(one).ok()).collect();
        let latin: Option<Vec<u8>> = match self.version {
            MinorVersion::One => latin(),
            MinorVersion::Two => None,
        };
        if let Some(latin) = latin {
            self.short_count(tag::ATOM, latin.len())?;
            self.bytes.extend(latin);
            return Ok(());
        }
        match u8::try_from(name.len()) {
            Ok(len) => self.bytes.extend([tag::SMALL_ATOM_UTF8, len]),
            Err(_larger) => self.short_count(tag::ATOM_UTF8, name.len())?,
        }
        self.bytes.extend(name.as_bytes());
        Ok(())
    }

    fn counted(&mut self, tag: u8, bytes: &[u8]) -> Result<(), TermError> {
        self.count(tag, bytes.len())?;
        self.bytes.extend(bytes);
        Ok(())
    }

    /// A tag and a count of four bytes.
    fn count(&mut self, tag: u8, count: usize) -> Result<(), TermError> {
        let Ok(count) = u32::try_from(count) else {
            return Err(TermError::Count(count));
        };
        self.bytes.push(tag);
        self.bytes.extend(count.to_be_bytes());
        Ok(())
    }

    /// A tag and a count of two bytes.
    fn short_count(&mut self, tag: u8, count: usize) -> Result<(), TermError> {
        let Ok(count) = u16::try_from(count) else {
            return Err(TermError::Count(count));
        };
        self.bytes.push(tag);
        self.bytes.extend(count.to_be_bytes());
        Ok(())
    }
}
