//! Whether bytes can be a term at all.
//!
//! The decoder makes room for as many elements as the bytes announce, up to
//! four thousand million. Bytes from a chip may announce anything, so here is
//! seen first that whatever they announce is there.
//! Source: Erlang documentation, "External Term Format", for tags and sizes.

use alloc::format;
use alloc::string::ToString;

use crate::settings::SettingsError;

/// One whole term of a kind that settings have.
pub(super) fn check(bytes: &[u8]) -> Result<(), SettingsError> {
    let mut rest = Rest(bytes);
    match rest.number::<1>()? {
        131 => {}
        other => return Err(wrong(&format!("begins with {other}, not with 131"))),
    }
    let mut terms = 1_usize;
    while terms > 0 {
        let inner = rest.head()?;
        // Every term has a byte at least.
        if inner > rest.0.len() {
            return Err(announced(inner, rest.0.len()));
        }
        terms = terms - 1 + inner;
    }
    Ok(())
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Pass over a term's own bytes: how many terms follow as its elements.
    fn head(&mut self) -> Result<usize, SettingsError> {
        let skipped = match self.number::<1>()? {
            // Small integer, integer, float, old float, empty list.
            97 => 1,
            98 => 4,
            70 => 8,
            99 => 31,
            106 => 0,
            // Atoms and strings with a length of two bytes, atoms with one.
            100 | 107 | 118 => self.number::<2>()?,
            115 | 119 => self.number::<1>()?,
            // Binaries; big integers have a sign besides.
            109 => self.number::<4>()?,
            110 => self.number::<1>()?.saturating_add(1),
            111 => self.number::<4>()?.saturating_add(1),
            // Tuples; lists have a tail; maps have pairs.
            104 => return self.number::<1>(),
            105 => return self.number::<4>(),
            108 => return Ok(self.number::<4>()?.saturating_add(1)),
            116 => return Ok(self.number::<4>()?.saturating_mul(2)),
            tag => return Err(wrong(&format!("tag {tag} is of no setting"))),
        };
        self.0 = self
            .0
            .get(skipped..)
            .ok_or_else(|| announced(skipped, self.0.len()))?;
        Ok(0)
    }

    /// A big-endian number of `N` bytes, at most 4.
    fn number<const N: usize>(&mut self) -> Result<usize, SettingsError> {
        let (bytes, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| wrong("ends early"))?;
        self.0 = rest;
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
        assert!(check(&[131, 106]).is_ok());
        assert!(check(&[131, 104, 2, 97, 1, 97, 2]).is_ok());
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
            assert!(check(bytes).is_err(), "{bytes:?}");
        }
    }
}
