//! Erlang's external term format, by the crate `eetf`.
//! Source: Erlang documentation, "External Term Format".

mod shape;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use eetf::{Atom, BigInteger, Binary, ByteList, FixInteger, Float, List, Map, Term, Tuple};
use num_bigint::BigInt;
use zeroize::Zeroizing;

use shape::Shape;

use super::{Settings, SettingsError, Stored, Value, WriteSettings};

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
            Stored::Term(bytes) => Value::from_term(bytes).map(Some),
        }
    }

    /// Write `value` as a term.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`], [`SettingsError::Term`].
    pub fn write_value_as_term(&self, value: &Value) -> Result<WriteSettings, SettingsError> {
        self.write_term(&Zeroizing::new(value.to_term()?))
    }
}

impl Value {
    /// Of a term; what follows it is ignored.
    ///
    /// # Errors
    /// [`SettingsError::Term`] for what is no term, or one with processes,
    /// ports, references, functions, bit strings or improper lists.
    pub fn from_term(bytes: &[u8]) -> Result<Self, SettingsError> {
        let Shape { bytes, pairs } = Shape::of(bytes)?;
        let term = Term::decode(bytes.as_slice())
            .map_err(|error| SettingsError::Term(error.to_string()))?;
        let value = value(term)?;
        if value.pairs() == pairs {
            Ok(value)
        } else {
            Err(SettingsError::Term("a map has a key twice".to_string()))
        }
    }

    /// As a term.
    ///
    /// # Errors
    /// [`SettingsError::Term`] for a number that is none.
    pub fn to_term(&self) -> Result<Vec<u8>, SettingsError> {
        let mut bytes = Vec::new();
        term(self)?
            .encode(&mut bytes)
            .map_err(|error| SettingsError::Term(error.to_string()))?;
        Ok(bytes)
    }
}

impl Value {
    /// Pairs in all maps.
    fn pairs(&self) -> usize {
        match self {
            Self::Map(pairs) => {
                let inner = pairs.iter().map(|(key, one)| key.pairs() + one.pairs());
                pairs.len() + inner.sum::<usize>()
            }
            Self::List(values) | Self::Tuple(values) => values.iter().map(Self::pairs).sum(),
            _ => 0,
        }
    }
}

fn value(term: Term) -> Result<Value, SettingsError> {
    Ok(match term {
        Term::Atom(Atom { name }) => match name.as_str() {
            "nil" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Atom(name),
        },
        Term::FixInteger(FixInteger { value }) => Value::Integer(value.into()),
        Term::BigInteger(BigInteger { value }) => match i64::try_from(&value) {
            Ok(value) => Value::Integer(value),
            Err(_larger) => Value::BigInteger(value.to_string()),
        },
        Term::Float(Float { value }) => Value::Float(value),
        Term::Binary(Binary { bytes }) => match String::from_utf8(bytes) {
            Ok(text) => Value::Text(text),
            Err(error) => Value::Bytes(error.into_bytes()),
        },
        Term::ByteList(ByteList { bytes }) => Value::Charlist(bytes),
        Term::List(List { elements }) => Value::List(values(elements)?),
        Term::Tuple(Tuple { elements }) => Value::Tuple(values(elements)?),
        Term::Map(Map { map }) => {
            let pairs = map
                .into_iter()
                .map(|(key, one)| Ok((value(key)?, value(one)?)));
            let mut pairs = pairs.collect::<Result<Vec<_>, SettingsError>>()?;
            // The crate's map has an order of its own each time.
            pairs.sort_by_cached_key(|(key, _)| format!("{key:?}"));
            Value::Map(pairs)
        }
        Term::Pid(_)
        | Term::Port(_)
        | Term::Reference(_)
        | Term::ExternalFun(_)
        | Term::InternalFun(_)
        | Term::BitBinary(_)
        | Term::ImproperList(_) => {
            let text = format!("{term} is no setting: read the bytes instead");
            return Err(SettingsError::Term(text));
        }
    })
}

fn values(terms: Vec<Term>) -> Result<Vec<Value>, SettingsError> {
    terms.into_iter().map(value).collect()
}

fn term(value: &Value) -> Result<Term, SettingsError> {
    let atom = |name: &str| {
        Term::Atom(Atom {
            name: name.to_string(),
        })
    };
    let terms = |values: &[Value]| values.iter().map(term).collect::<Result<Vec<_>, _>>();
    Ok(match value {
        Value::Null => atom("nil"),
        Value::Bool(true) => atom("true"),
        Value::Bool(false) => atom("false"),
        Value::Atom(name) => atom(name),
        Value::Integer(number) => match i32::try_from(*number) {
            Ok(value) => Term::FixInteger(FixInteger { value }),
            Err(_larger) => Term::BigInteger(BigInteger {
                value: BigInt::from(*number),
            }),
        },
        Value::BigInteger(digits) => Term::BigInteger(BigInteger {
            value: digits
                .parse()
                .map_err(|error| SettingsError::Term(format!("{digits:?}: {error}")))?,
        }),
        Value::Float(value) if value.is_finite() => Term::Float(Float { value: *value }),
        Value::Float(value) => {
            return Err(SettingsError::Term(format!("{value} is no number")));
        }
        Value::Text(text) => Term::Binary(Binary {
            bytes: text.as_bytes().to_vec(),
        }),
        Value::Bytes(bytes) => Term::Binary(Binary {
            bytes: bytes.clone(),
        }),
        Value::Charlist(bytes) => Term::ByteList(ByteList {
            bytes: bytes.clone(),
        }),
        Value::List(values) => Term::List(List {
            elements: terms(values)?,
        }),
        Value::Tuple(values) => Term::Tuple(Tuple {
            elements: terms(values)?,
        }),
        Value::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, one)| Ok((term(key)?, term(one)?)));
            Term::Map(Map {
                map: pairs.collect::<Result<_, SettingsError>>()?,
            })
        }
    })
}
