//! What can be wrong with an image file.

use std::io;
use std::path::PathBuf;

use crate::entropy::EntropyError;
use crate::revision::Revision;

/// Reading or writing an image file failed.
#[derive(Debug, thiserror::Error)]
pub enum ImageFileError {
    /// The file could not be read.
    #[error("cannot read chip image {}: {source}", path.display())]
    Read {
        /// The image file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be replaced; it holds what it held before.
    #[error("cannot write chip image {}: {source}", path.display())]
    Write {
        /// The image file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not an image.
    #[error("chip image {}, {problem}", path.display())]
    Malformed {
        /// The image file.
        path: PathBuf,
        /// Where and why.
        problem: ParseError,
    },
}

/// A chip could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, has the chip open.
    #[error("chip image {} is in use by another process", path.display())]
    InUse {
        /// The image file.
        path: PathBuf,
    },
    /// The lock file could not be made or locked.
    #[error("cannot lock {}: {source}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds another chip than was asked for.
    #[error("chip image {} holds an {holds}, not an {asked}", path.display())]
    AnotherChip {
        /// The image file.
        path: PathBuf,
        /// The chip in the file.
        holds: Revision,
        /// The chip that was asked for.
        asked: Revision,
    },
    /// The image could not be read or made.
    #[error(transparent)]
    Image(#[from] ImageFileError),
    /// No random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A text that is not an image.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// The line, from 1; the one after the last when something is missing.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong in one line of an image file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The first line is not the header.
    #[error("not a chip image: the first line must be \"atecc-emulator-image 1\"")]
    Header,
    /// The header names a version that this program does not know.
    #[error("version {0} of the format is unknown to this program, which knows version 1")]
    Version(String),
    /// The line starts with no known word. Its first eight characters.
    #[error("unknown field {0:?}")]
    Field(String),
    /// The chip is none that is emulated.
    #[error("unknown chip {0:?}")]
    Chip(String),
    /// The chip and configuration bytes 4 to 7 disagree, or the chip is given
    /// twice.
    #[error("chip {stated} contradicts configuration bytes 4 to 7 or an earlier line")]
    ChipMismatch {
        /// The chip of this line.
        stated: Revision,
    },
    /// The slot number is not 0 to 15.
    #[error("{0:?} is not a slot number from 0 to 15")]
    Slot(String),
    /// The offset is not hexadecimal.
    #[error("{0:?} is not an offset such as 0x20")]
    Offset(String),
    /// There are no bytes, or they are not pairs of hexadecimal digits. They
    /// are not shown, since they may be a key.
    #[error("{field} {start:#x} is not followed by hexadecimal bytes")]
    Bytes {
        /// Zone or slot.
        field: String,
        /// The offset at which the line starts.
        start: usize,
    },
    /// The bytes reach past the end of their zone or slot.
    #[error("{field} ends at byte {size}; this line reaches byte {end}")]
    TooLong {
        /// Zone or slot.
        field: String,
        /// Its bytes.
        size: usize,
        /// The end of this line's bytes.
        end: usize,
    },
    /// A byte is given twice.
    #[error("{field} byte {offset} was given before")]
    Twice {
        /// Zone or slot.
        field: String,
        /// The byte's offset therein.
        offset: usize,
    },
    /// The file ends without something.
    #[error("{0} is missing")]
    Missing(String),
}
