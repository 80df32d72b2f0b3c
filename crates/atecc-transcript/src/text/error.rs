//! What can be wrong with a transcript.

use alloc::string::String;

use crate::{Impossible, UnknownProvenance};

/// A text that is no transcript.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// The line, from 1; the one after the header when something is missing.
    pub line: usize,
    /// What is wrong there, and what belongs there.
    pub problem: Problem,
}

/// What is wrong in one line of a transcript.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The first line is another.
    #[error("not a transcript: the first line must be \"atecc-transcript 1\"")]
    Magic,
    /// The format has a version that this program does not know.
    #[error("version {0} of the format is unknown to this program, which knows version 1")]
    Version(String),
    /// A character that no text has.
    #[error("control character {0:?}; a transcript has none but line ends and tabs")]
    Control(char),
    /// A line of the header without a colon.
    #[error("{0:?} is no header line, \"key: value\"; an empty line ends the header")]
    HeaderLine(String),
    /// A key that no header has.
    #[error(
        "unknown key {0:?}: the keys are id, chip, revision, address, scl-hz, provenance, host, \
         story, date, origin, licence, note and start"
    )]
    Key(String),
    /// A key that may be there once is there again.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// A key without a value.
    #[error("{0} has no value: leave the line out if it is not known")]
    Empty(&'static str),
    /// The header ends without something.
    #[error("the header has no line \"{0}: ..\"")]
    Missing(&'static str),
    /// A value that its key cannot have.
    #[error("{key} {value:?}: must be {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it is given.
        value: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// As it says.
    #[error(transparent)]
    Provenance(#[from] UnknownProvenance),
    /// A line of an image where none belongs.
    #[error("lines of an image, \"| ..\", follow \"start: known\" or \"start: constructed\" alone")]
    Image,
    /// A line of bytes that continues nothing.
    #[error("a line that begins with blanks continues the bytes of a write or read before it")]
    Continuation,
    /// Not a time.
    #[error(
        "{0:?} is no time: microseconds with up to three decimals, or \"-\" when it is not known"
    )]
    Time(String),
    /// The line begins before an earlier one.
    #[error("{0} is before the time of an earlier line")]
    Backwards(String),
    /// The line has no action, or an unknown one.
    #[error(
        "{0:?} is no action: wake, write, read, rewind, idle, sleep or delay, after the time of \
         its beginning or \"-\""
    )]
    Action(String),
    /// Not the address of a chip.
    #[error("{0:?} is no seven-bit address: two hexadecimal digits, 00 to 7f")]
    Address(String),
    /// Not bytes.
    #[error("{0:?} are no bytes: pairs of hexadecimal digits, \"..\" for a redacted byte")]
    Bytes(String),
    /// Redacted bytes at two places.
    #[error("the redacted bytes \"..\" of one action must follow each other")]
    Scattered,
    /// Not a way not to acknowledge.
    #[error(
        "{0:?} does not belong here: an action ends with nothing, \"nack\", \"nack after N\" or \
         \"nack somewhere\""
    )]
    End(String),
    /// Not a time to wait.
    #[error("{0:?} is no delay: microseconds with up to three decimals")]
    Delay(String),
    /// As it says.
    #[error(transparent)]
    Impossible(#[from] Impossible),
    /// A comment and no action.
    #[error("a comment belongs to an action, and there is none")]
    Comment,
}
