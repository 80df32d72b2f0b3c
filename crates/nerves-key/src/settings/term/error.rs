//! What can be wrong with a term. Settings may be passwords: no error quotes
//! them.

use core::fmt;
use core::str::Utf8Error;

use super::DEPTH;
use super::normal::ATOM_CHARACTERS;

/// Why bytes are no term that settings have, or a value is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TermError {
    /// Another first byte.
    #[error("begins with {0}, not with 131")]
    Version(u8),
    /// The bytes end before the term does.
    #[error("at byte {at}: {wanted} more are announced, {left} bytes are left")]
    Ends {
        /// Offset from the version byte, which is 0.
        at: usize,
        /// Bytes or terms that are announced.
        wanted: usize,
        /// Bytes that there are.
        left: usize,
    },
    /// A term that settings do not have.
    #[error("at byte {at}: {kind} is no setting (the bytes can be read as they are)")]
    Foreign {
        /// Offset of its tag.
        at: usize,
        /// What it is.
        kind: ForeignKind,
    },
    /// No term begins so.
    #[error("at byte {at}: {tag} begins no term")]
    Tag {
        /// Offset of the tag.
        at: usize,
        /// The byte.
        tag: u8,
    },
    /// An atom's name is not UTF-8.
    #[error("at byte {at}: the name of an atom: {error}")]
    Name {
        /// Offset of its tag.
        at: usize,
        /// What is wrong.
        error: Utf8Error,
    },
    /// An atom's name is too long.
    #[error("an atom has {0} characters: {ATOM_CHARACTERS} are the most")]
    LongAtom(usize),
    /// The text of a float is none.
    #[error("at byte {at}: a float as text that is no number")]
    FloatText {
        /// Offset of its tag.
        at: usize,
    },
    /// Infinite, or not a number.
    #[error("a float that is infinite or not a number")]
    NotFinite,
    /// Not decimal digits, perhaps after a sign.
    #[error("an integer that is not in decimal digits")]
    Digits,
    /// A bit string whose last byte has no such number of bits.
    #[error("a bit string with {0} bits in its last byte: 1 to 8")]
    Bits(u8),
    /// A map has two equal keys.
    #[error("a map has a key twice")]
    KeyTwice,
    /// Terms within terms within terms.
    #[error("terms within terms: {DEPTH} are the most")]
    Nested,
    /// More than a term can count.
    #[error("{0} bytes or terms in one: {max} are the most", max = u32::MAX)]
    Count(usize),
}

/// Terms that settings do not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForeignKind {
    /// A process of a running system.
    Process,
    /// A port of one.
    Port,
    /// A reference of one.
    Reference,
    /// A function.
    Function,
    /// A whole term, compressed.
    Compressed,
}

impl fmt::Display for ForeignKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "a process",
            Self::Port => "a port",
            Self::Reference => "a reference",
            Self::Function => "a function",
            Self::Compressed => "a compressed term",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn what_is_no_setting_is_named() {
        for (kind, name) in [
            (ForeignKind::Process, "a process"),
            (ForeignKind::Port, "a port"),
            (ForeignKind::Reference, "a reference"),
            (ForeignKind::Function, "a function"),
            (ForeignKind::Compressed, "a compressed term"),
        ] {
            let text = TermError::Foreign { at: 3, kind }.to_string();
            let expected = "at byte 3: NAME is no setting (the bytes can be read as they are)";
            assert_eq!(text, expected.replace("NAME", name));
        }
    }
}
