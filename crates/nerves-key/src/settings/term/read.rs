//! Terms as `binary_to_term` takes them.

use alloc::vec::Vec;

use super::error::ForeignKind;
use super::integer::Integer;
use super::{DEPTH, MinorVersion, TermError, normal, tag};
use crate::settings::Value;

/// The value of the term that `bytes` begin with, in normal form, and how its
/// atoms are spelled.
pub(super) fn term(bytes: &[u8]) -> Result<(Value, MinorVersion), TermError> {
    let mut reader = Reader {
        bytes,
        rest: bytes,
        version: MinorVersion::default(),
    };
    match reader.byte()? {
        tag::VERSION => {}
        other => return Err(TermError::Version(other)),
    }
    if reader.rest.first() == Some(&tag::COMPRESSED) {
        let (at, kind) = (reader.at(), ForeignKind::Compressed);
        return Err(TermError::Foreign { at, kind });
    }
    let value = reader.term()?;
    Ok((value, reader.version))
}

/// What a tag begins.
enum Head {
    Whole(Value),
    Open(Open),
}

/// A term of which some terms are still to come.
struct Open {
    kind: Kind,
    left: usize,
    values: Vec<Value>,
}

enum Kind {
    /// Its tail comes last.
    List,
    Tuple,
    /// Keys and values by turns.
    Map,
}

impl Open {
    const fn begin(kind: Kind, left: usize) -> Head {
        let values = Vec::new();
        Head::Open(Self { kind, left, values })
    }

    fn close(self) -> Result<Value, TermError> {
        let mut values = self.values;
        match self.kind {
            Kind::Tuple => Ok(Value::Tuple(values)),
            Kind::List => Ok(match values.pop() {
                Some(tail) => normal::list(values, tail),
                None => Value::List(values),
            }),
            Kind::Map => {
                let mut values = values.into_iter();
                let pairs = core::iter::from_fn(|| values.next().zip(values.next()));
                normal::map(pairs.collect())
            }
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    rest: &'a [u8],
    version: MinorVersion,
}

impl<'a> Reader<'a> {
    fn term(&mut self) -> Result<Value, TermError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.head()? {
                Head::Whole(value) => value,
                Head::Open(term) if term.left == 0 => term.close()?,
                Head::Open(term) if open.len() < DEPTH => {
                    open.push(term);
                    continue;
                }
                Head::Open(_) => return Err(TermError::Nested),
            };
            // It may be the last of the term that it is in, and so on.
            loop {
                let Some(mut term) = open.pop() else {
                    return Ok(value);
                };
                term.values.push(value);
                term.left -= 1;
                if term.left > 0 {
                    open.push(term);
                    break;
                }
                value = term.close()?;
            }
        }
    }

    /// A term, or the beginning of one that has others in it. Each of these has
    /// a byte at least, so that a count that is only announced ends with the
    /// bytes.
    fn head(&mut self) -> Result<Head, TermError> {
        let at = self.at();
        Ok(Head::Whole(match self.byte()? {
            tag::LIST => return Ok(Open::begin(Kind::List, self.count::<4>()? + 1)),
            tag::SMALL_TUPLE => return Ok(Open::begin(Kind::Tuple, self.count::<1>()?)),
            tag::LARGE_TUPLE => return Ok(Open::begin(Kind::Tuple, self.count::<4>()?)),
            tag::MAP => return Ok(Open::begin(Kind::Map, self.count::<4>()? * 2)),
            tag::SMALL_INTEGER => Value::Integer(self.byte()?.into()),
            tag::INTEGER => Value::Integer(i32::from_be_bytes(self.array()?).into()),
            tag::SMALL_BIG => {
                let len = self.count::<1>()?;
                self.big(len)?
            }
            tag::LARGE_BIG => {
                let len = self.count::<4>()?;
                self.big(len)?
            }
            tag::NEW_FLOAT => normal::float(f64::from_be_bytes(self.array()?))?,
            tag::FLOAT => {
                let text = float(&self.array()?).ok_or(TermError::FloatText { at })?;
                normal::float(text)?
            }
            tag::ATOM => {
                self.version = MinorVersion::One;
                latin_1(self.counted::<2>()?)?
            }
            tag::SMALL_ATOM => latin_1(self.counted::<1>()?)?,
            tag::ATOM_UTF8 => utf_8(at, self.counted::<2>()?)?,
            tag::SMALL_ATOM_UTF8 => utf_8(at, self.counted::<1>()?)?,
            tag::BINARY => normal::binary(self.counted::<4>()?.into()),
            tag::BIT_BINARY => {
                let len = self.count::<4>()?;
                let last = self.byte()?;
                normal::bits(self.take(len)?.into(), last)?
            }
            tag::NIL => Value::List(Vec::new()),
            tag::STRING => normal::string(self.counted::<2>()?),
            tag => return Err(foreign(at, tag)),
        }))
    }

    /// A sign, then a magnitude of so many bytes.
    fn big(&mut self, len: usize) -> Result<Value, TermError> {
        let negative = self.byte()? != 0;
        let magnitude = self.take(len)?.into();
        Ok(normal::integer(&Integer::from_bytes(negative, magnitude)))
    }

    /// How many bytes are behind.
    const fn at(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    fn byte(&mut self) -> Result<u8, TermError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TermError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.ends(N))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], TermError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(self.ends(len))?;
        self.rest = rest;
        Ok(taken)
    }

    /// A big-endian number of `N` bytes, at most 4.
    fn count<const N: usize>(&mut self) -> Result<usize, TermError> {
        let bytes = self.array::<N>()?;
        let number = bytes
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte));
        if number > self.rest.len() {
            return Err(self.ends(number));
        }
        Ok(number)
    }

    /// As many bytes as `N` bytes count.
    fn counted<const N: usize>(&mut self) -> Result<&'a [u8], TermError> {
        let len = self.count::<N>()?;
        self.take(len)
    }

    const fn ends(&self, wanted: usize) -> TermError {
        TermError::Ends {
            at: self.at(),
            wanted,
            left: self.rest.len(),
        }
    }
}

const fn foreign(at: usize, tag: u8) -> TermError {
    let kind = match tag {
        tag::PID | tag::NEW_PID => ForeignKind::Process,
        tag::PORT | tag::NEW_PORT | tag::V4_PORT => ForeignKind::Port,
        tag::REFERENCE | tag::NEW_REFERENCE | tag::NEWER_REFERENCE => ForeignKind::Reference,
        tag::FUN | tag::NEW_FUN | tag::EXPORT => ForeignKind::Function,
        tag => return TermError::Tag { at, tag },
    };
    TermError::Foreign { at, kind }
}

fn latin_1(name: &[u8]) -> Result<Value, TermError> {
    normal::atom(name.iter().copied().map(char::from).collect())
}

fn utf_8(at: usize, name: &[u8]) -> Result<Value, TermError> {
    match str::from_utf8(name) {
        Ok(name) => normal::atom(name.into()),
        Err(error) => Err(TermError::Name { at, error }),
    }
}

/// A float as up to 31 characters, zeros behind them: as C prints it, and some
/// locales print a comma.
fn float(bytes: &[u8; 31]) -> Option<f64> {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    let text = str::from_utf8(bytes.get(..end)?).ok()?.replace(',', ".");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, unsigned(exponent)),
        None => (text.as_str(), "0"),
    };
    let (whole, fraction) = unsigned(mantissa).split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_float = digits(whole) && digits(fraction) && digits(exponent);
    is_float.then(|| text.parse().ok()).flatten()
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}
