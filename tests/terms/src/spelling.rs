//! Terms as bytes, and back.

use nerves_key::settings::term::MinorVersion;
use num_bigint::{BigInt, Sign};

use super::Term;

/// Why bytes are no setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wrong {
    /// This tag, at this byte, is a process, a port, a reference, a function or
    /// a compressed term.
    Foreign {
        /// The tag.
        tag: u8,
        /// Where it is.
        at: usize,
    },
    /// No term.
    Corrupt,
}

/// What `term_to_binary` of this minor version gives. Pairs are written in the
/// order that they have.
#[must_use]
pub fn encode(term: &Term, version: MinorVersion) -> Vec<u8> {
    let mut bytes = vec![131];
    put(term, version, &mut bytes);
    bytes
}

fn put(term: &Term, version: MinorVersion, out: &mut Vec<u8>) {
    match term {
        Term::Integer(number) => integer(number, out),
        Term::Float(number) => {
            out.push(b'F');
            out.extend(number.to_bits().to_be_bytes());
        }
        Term::Atom(name) => atom(name, version, out),
        Term::Bits(bytes, last) => {
            let whole = *last == 8 || bytes.is_empty();
            out.push(if whole { b'm' } else { b'M' });
            count::<4>(bytes.len(), out);
            if !whole {
                out.push(*last);
            }
            out.extend(bytes);
        }
        Term::List(elements, tail) => match (string(elements), tail) {
            (_, None) if elements.is_empty() => out.push(b'j'),
            (Some(bytes), None) if bytes.len() < 1 << 16 => {
                out.push(b'k');
                count::<2>(bytes.len(), out);
                out.extend(bytes);
            }
            (_, tail) => {
                out.push(b'l');
                count::<4>(elements.len(), out);
                all(elements, version, out);
                match tail {
                    Some(tail) => put(tail, version, out),
                    None => out.push(b'j'),
                }
            }
        },
        Term::Tuple(elements) => {
            if elements.len() < 256 {
                out.push(b'h');
                count::<1>(elements.len(), out);
            } else {
                out.push(b'i');
                count::<4>(elements.len(), out);
            }
            all(elements, version, out);
        }
        Term::Map(pairs) => {
            out.push(b't');
            count::<4>(pairs.len(), out);
            for (key, value) in pairs {
                put(key, version, out);
                put(value, version, out);
            }
        }
    }
}

fn all(terms: &[Term], version: MinorVersion, out: &mut Vec<u8>) {
    for term in terms {
        put(term, version, out);
    }
}

/// The last `N` bytes of a number, the greatest first.
pub(super) fn count<const N: usize>(number: usize, out: &mut Vec<u8>) {
    out.extend(&number.to_be_bytes()[size_of::<usize>() - N..]);
}

fn integer(number: &BigInt, out: &mut Vec<u8>) {
    if let Ok(byte) = u8::try_from(number) {
        out.extend([b'a', byte]);
    } else if let Ok(word) = i32::try_from(number) {
        out.push(b'b');
        out.extend(word.to_be_bytes());
    } else {
        let (sign, digits) = number.to_bytes_le();
        if digits.len() < 256 {
            out.push(b'n');
            count::<1>(digits.len(), out);
        } else {
            out.push(b'o');
            count::<4>(digits.len(), out);
        }
        out.push(u8::from(sign == Sign::Minus));
        out.extend(digits);
    }
}

fn atom(name: &str, version: MinorVersion, out: &mut Vec<u8>) {
    let latin: Option<Vec<u8>> = name.chars().map(|one| u8::try_from(one).ok()).collect();
    match (version, latin) {
        (MinorVersion::One, Some(latin)) => {
            out.push(b'd');
            count::<2>(latin.len(), out);
            out.extend(latin);
        }
        _ if name.len() < 256 => {
            out.push(b'w');
            count::<1>(name.len(), out);
            out.extend(name.as_bytes());
        }
        _ => {
            out.push(b'v');
            count::<2>(name.len(), out);
            out.extend(name.as_bytes());
        }
    }
}

/// The bytes of a list that has nothing else.
pub(super) fn string(elements: &[Term]) -> Option<Vec<u8>> {
    let byte = |one: &Term| match one {
        Term::Integer(number) => u8::try_from(number).ok(),
        _ => None,
    };
    elements.iter().map(byte).collect()
}

/// The term that `bytes` begin with, in whatever spelling.
///
/// # Errors
/// [`Wrong`].
pub fn decode(bytes: &[u8]) -> Result<Term, Wrong> {
    let mut input = Input { bytes, at: 0 };
    match input.number::<1>()? {
        131 => input.term(),
        _ => Err(Wrong::Corrupt),
    }
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Wrong> {
        let end = self.at.checked_add(len).ok_or(Wrong::Corrupt)?;
        let taken = self.bytes.get(self.at..end).ok_or(Wrong::Corrupt)?;
        self.at = end;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<usize, Wrong> {
        let bytes = self.take(N)?.iter();
        Ok(bytes.fold(0, |number, byte| number * 256 + usize::from(*byte)))
    }

    fn counted<const N: usize>(&mut self) -> Result<&'a [u8], Wrong> {
        let len = self.number::<N>()?;
        self.take(len)
    }

    fn terms(&mut self, len: usize) -> Result<Vec<Term>, Wrong> {
        (0..len).map(|_| self.term()).collect()
    }

    fn term(&mut self) -> Result<Term, Wrong> {
        let at = self.at;
        let tag = self.take(1)?[0];
        Ok(match tag {
            b'a' => Term::Integer(self.number::<1>()?.into()),
            b'b' => {
                let word = self.take(4)?.try_into().map_err(corrupt)?;
                Term::Integer(i32::from_be_bytes(word).into())
            }
            b'n' => {
                let len = self.number::<1>()?;
                self.digits(len)?
            }
            b'o' => {
                let len = self.number::<4>()?;
                self.digits(len)?
            }
            b'F' => {
                let bits = self.take(8)?.try_into().map_err(corrupt)?;
                finite(f64::from_be_bytes(bits))?
            }
            b'c' => {
                let text = self.take(31)?.split(|byte| *byte == 0).next();
                finite(decimal(text.unwrap_or_default()).ok_or(Wrong::Corrupt)?)?
            }
            b'd' => latin(self.counted::<2>()?)?,
            b's' => latin(self.counted::<1>()?)?,
            b'v' => utf8(self.counted::<2>()?)?,
            b'w' => utf8(self.counted::<1>()?)?,
            b'm' => Term::Bits(self.counted::<4>()?.to_vec(), 8),
            b'M' => {
                let len = self.number::<4>()?;
                let last = self.take(1)?[0];
                bits(self.take(len)?, last)?
            }
            b'j' => Term::List(vec![], None),
            b'k' => {
                let bytes = self.counted::<2>()?.iter();
                Term::List(
                    bytes.map(|byte| Term::Integer((*byte).into())).collect(),
                    None,
                )
            }
            b'l' => {
                let len = self.number::<4>()?;
                let elements = self.terms(len)?;
                list(elements, self.term()?)
            }
            b'h' => {
                let len = self.number::<1>()?;
                Term::Tuple(self.terms(len)?)
            }
            b'i' => {
                let len = self.number::<4>()?;
                Term::Tuple(self.terms(len)?)
            }
            b't' => self.map()?,
            // Processes, ports, references, functions; a compressed term.
            b'g' | b'X' | b'f' | b'Y' | b'x' | b'e' | b'r' | b'Z' | b'u' | b'p' | b'q' | b'P' => {
                return Err(Wrong::Foreign { tag, at });
            }
            _ => return Err(Wrong::Corrupt),
        })
    }

    /// An integer: sign, then digits of a byte, the least first.
    fn digits(&mut self, len: usize) -> Result<Term, Wrong> {
        let sign = match self.take(1)?[0] {
            0 => Sign::Plus,
            _ => Sign::Minus,
        };
        Ok(Term::Integer(BigInt::from_bytes_le(sign, self.take(len)?)))
    }

    fn map(&mut self) -> Result<Term, Wrong> {
        let len = self.number::<4>()?;
        let pair = |_| Ok((self.term()?, self.term()?));
        let pairs = (0..len).map(pair).collect::<Result<Vec<_>, Wrong>>()?;
        let mut keys: Vec<_> = pairs.iter().map(|(key, _)| key).collect();
        keys.sort();
        let before = keys.len();
        keys.dedup();
        if keys.len() < before {
            return Err(Wrong::Corrupt);
        }
        Ok(Term::Map(pairs))
    }
}

fn corrupt<E>(_: E) -> Wrong {
    Wrong::Corrupt
}

fn finite(number: f64) -> Result<Term, Wrong> {
    if number.is_finite() {
        Ok(Term::Float(number))
    } else {
        Err(Wrong::Corrupt)
    }
}

/// Sign, digits, point or comma, digits, and perhaps an exponent.
fn decimal(text: &[u8]) -> Option<f64> {
    let text = str::from_utf8(text).ok()?.replace(',', ".");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text.as_str(), None),
    };
    let unsigned = |text: &str| text.strip_prefix(['+', '-']).unwrap_or(text).to_owned();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = unsigned(mantissa);
    let (whole, fraction) = mantissa.split_once('.')?;
    let exponent = exponent.is_none_or(|exponent| is_digits(&unsigned(exponent)));
    (is_digits(whole) && is_digits(fraction) && exponent).then(|| text.parse().ok())?
}

fn atom_of(name: String) -> Result<Term, Wrong> {
    if name.chars().count() < 256 {
        Ok(Term::Atom(name))
    } else {
        Err(Wrong::Corrupt)
    }
}

fn latin(bytes: &[u8]) -> Result<Term, Wrong> {
    atom_of(bytes.iter().copied().map(char::from).collect())
}

fn utf8(bytes: &[u8]) -> Result<Term, Wrong> {
    atom_of(str::from_utf8(bytes).map_err(corrupt)?.to_owned())
}

/// What is not used of the last byte means nothing.
fn bits(bytes: &[u8], last: u8) -> Result<Term, Wrong> {
    let mut bytes = bytes.to_vec();
    match bytes.last_mut() {
        None if last == 0 => Ok(Term::Bits(bytes, 8)),
        Some(byte) if (1..=8).contains(&last) => {
            *byte &= 0xFF << (8 - last);
            Ok(Term::Bits(bytes, last))
        }
        _ => Err(Wrong::Corrupt),
    }
}

/// A list whose tail is a list is one list; one without elements is its tail.
fn list(mut elements: Vec<Term>, tail: Term) -> Term {
    match tail {
        Term::List(more, tail) => {
            elements.extend(more);
            Term::List(elements, tail)
        }
        tail if elements.is_empty() => tail,
        tail => Term::List(elements, Some(Box::new(tail))),
    }
}
