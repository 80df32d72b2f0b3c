//! Bytes as text.

use core::fmt;

/// All of them, in lower case, without spaces.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The first eight of them, and `..` where there are more.
pub(crate) struct Short<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_first_chunk::<8>() {
            Some((head, rest)) if !rest.is_empty() => write!(f, "{}..", Hex(head)),
            _ => Hex(self.0).fmt(f),
        }
    }
}
