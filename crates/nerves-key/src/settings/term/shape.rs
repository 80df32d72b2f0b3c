//! Terms as the decoder can take them.
//!
//! The decoder makes room for as many elements as the bytes announce, up to
//! four thousand million; bytes from a chip may announce anything, so here is
//! seen first that whatever they announce is there. It takes old atoms for
//! UTF-8, which are Latin-1, and old floats for 32 bits, which are decimals:
//! both are spelled anew.
//! Source: Erlang documentation, "External Term Format", for tags and sizes.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::settings::SettingsError;

/// One whole term of a kind that settings have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Shape {
    /// The term, in spellings that the decoder knows.
    pub(super) bytes: Vec<u8>,
    /// Pairs in all of its maps.
    pub(super) pairs: usize,
}

impl Shape {
    /// Of the term at the beginning of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, SettingsError> {
        let mut reader = Reader {
            rest: bytes,
            spelled: Vec::with_capacity(bytes.len()),
            pairs: 0,
        };
        match reader.number::<1>()? {
            131 => reader.spelled.push(131),
            other => return Err(wrong(&format!("begins with {other}, not with 131"))),
        }
        let mut terms = 1_usize;
        while terms > 0 {
            let inner = reader.head()?;
            // Every term has a byte at least.
            if inner > reader.rest.len() {
                return Err(announced(inner, reader.rest.len()));
            }
            terms = terms - 1 + inner;
        }
        Ok(Self {
            bytes: reader.spelled,
            pairs: reader.pairs,
        })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    spelled: Vec<u8>,
    pairs: usize,
}

impl<'a> Reader<'a> {
    /// Pass over a term's own bytes: how many terms follow as its elements.
    fn head(&mut self) -> Result<usize, SettingsError> {
        let start = self.rest;
        let inner = match self.number::<1>()? {
            // Small integer, integer, float, empty list.
            97 => self.skip(1)?,
            98 => self.skip(4)?,
            70 => self.skip(8)?,
            106 => 0,
            99 => return self.old_float(),
            // Atoms in Latin-1, then in UTF-8; strings.
            100 => return self.old_atom::<2>(),
            115 => return self.old_atom::<1>(),
            107 | 118 => {
                let len = self.number::<2>()?;
                self.skip(len)?
            }
            119 => {
                let len = self.number::<1>()?;
                self.skip(len)?
            }
            // Binaries; big integers have a sign besides.
            109 => {
                let len = self.number::<4>()?;
                self.skip(len)?
            }
            110 => {
                let len = self.number::<1>()?;
                self.skip(len.saturating_add(1))?
            }
            111 => {
                let len = self.number::<4>()?;
                self.skip(len.saturating_add(1))?
            }
            // Tuples; lists have a tail; maps have pairs.
            104 => self.number::<1>()?,
            105 => self.number::<4>()?,
            108 => self.number::<4>()?.saturating_add(1),
            116 => {
                let pairs = self.number::<4>()?;
                self.pairs = self.pairs.saturating_add(pairs);
                pairs.saturating_mul(2)
            }
            tag => return Err(wrong(&format!("tag {tag} is of no setting"))),
        };
        let passed = start.len() - self.rest.len();
        self.spelled.extend(start.iter().take(passed));
        Ok(inner)
    }

    /// A float as 31 characters, zeros behind them.
    fn old_float(&mut self) -> Result<usize, SettingsError> {
        let text = self.take(31)?;
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(31);
        let text = String::from_utf8_lossy(text.get(..end).unwrap_or_default());
        let number: f64 = text
            .trim()
            .parse()
            .map_err(|error| wrong(&format!("float {text:?}: {error}")))?;
        self.spelled.push(70);
        self.spelled.extend(number.to_be_bytes());
        Ok(0)
    }

    /// An atom in Latin-1 with a length of `N` bytes, as one in UTF-8.
    fn old_atom<const N: usize>(&mut self) -> Result<usize, SettingsError> {
        let len = self.number::<N>()?;
        let name: String = self.take(len)?.iter().copied().map(char::from).collect();
        let len = u16::try_from(name.len())
            .map_err(|error| wrong(&format!("an atom of {} bytes: {error}", name.len())))?;
        self.spelled.push(118);
        self.spelled.extend(len.to_be_bytes());
        self.spelled.extend(name.as_bytes());
        Ok(0)
    }

    fn skip(&mut self, len: usize) -> Result<usize, SettingsError> {
        self.take(len).map(|_| 0)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], SettingsError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| announced(len, self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }

    /// A big-endian number of `N` bytes, at most 4.
    fn number<const N: usize>(&mut self) -> Result<usize, SettingsError> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| wrong("ends early"))?;
        self.rest = rest;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }
}

fn announced(announced: usize, left: usize) -> SettingsError {
    wrong(&format!(
        "announces {announced} more, {left} bytes are left"
    ))
}

fn wrong(what: &str) -> SettingsError {
    SettingsError::Term(what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_must_be_there() {
        assert!(Shape::of(&[131, 106]).is_ok());
        assert!(Shape::of(&[131, 104, 2, 97, 1, 97, 2]).is_ok());
        for bytes in [
            &[][..],
            &[131],
            &[130, 106],
            &[131, 108, 0xFF, 0xFF, 0xFF, 0xFF],
            &[131, 105, 0xFF, 0xFF, 0xFF, 0xFF, 106],
            &[131, 116, 0xFF, 0xFF, 0xFF, 0xFF, 106],
            &[131, 109, 0xFF, 0xFF, 0xFF, 0xFF, 1],
            &[131, 111, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1],
            &[131, 104, 2, 97, 1],
            &[131, 80, 0, 0, 0, 1],
        ] {
            assert!(Shape::of(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn old_atoms_are_latin_1() {
        let shape = Shape::of(&[131, 115, 1, 0xE4]).unwrap();
        assert_eq!(shape.bytes, [131, 118, 0, 2, 0xC3, 0xA4]);
    }
}
