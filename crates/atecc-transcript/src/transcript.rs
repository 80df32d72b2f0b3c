//! A whole transcript.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::{Action, Header, Time};

/// What passed on the bus, in order, and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transcript {
    /// Where it comes from.
    pub header: Header,
    /// What happened.
    pub lines: Vec<Line>,
}

/// One action, when it began and what it means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Its beginning, if known. Never before that of an earlier line.
    pub at: Option<Time>,
    /// What happened.
    pub action: Action<Vec<u8>>,
    /// The bytes that are not told, because they are or reveal a secret or the
    /// source does not have them; they are zero here. `0..0` for most lines.
    pub redacted: Range<usize>,
    /// For the reader; without meaning for any program.
    pub comment: Option<String>,
}
