//! Why a recording could not be imported.

use alloc::string::String;

use crate::Impossible;

/// Text that is not what it is taken for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {malformed}")]
pub struct ImportError {
    /// The line, from 1; the last when the text as a whole is wrong.
    pub line: usize,
    /// What is wrong there.
    pub malformed: Malformed,
}

/// What is wrong with one line of a recording.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// The first line names other columns.
    #[error(
        "not a table of an I2C analyzer: the columns must be name, type, start_time, ack, address, \
         read and data, or Time [s], Packet ID, Address, Data, Read/Write and ACK/NAK, or the last \
         one Decoded Protocol Result; nor lines of the terminal, such as \"write to 0x60 ack data: \
         0x03\""
    )]
    Columns,
    /// A field that its column cannot have.
    #[error("{column} {value:?}: must be {wanted}")]
    Field {
        /// The column, or what it is in a trace.
        column: &'static str,
        /// What is there.
        value: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// An event of another kind than all that are known.
    #[error("unknown event {0:?}")]
    Event(String),
    /// A byte without an address before it.
    #[error("a byte before any address")]
    Stray,
    /// Nothing says whether a byte was acknowledged.
    #[error("no ACK or NACK after an address or a byte: export these as well")]
    Unacknowledged,
    /// The event is before an earlier one.
    #[error("the time is before that of an earlier line")]
    Backwards,
    /// Events of several buses.
    #[error("events of i2c-{0} and i2c-{1}: choose one")]
    Adapters(u32, u32),
    /// Lines of several decoders, each of which may be of another bus.
    #[error("lines of the decoders {0:?} and {1:?}: keep those of one")]
    Decoders(String, String),
    /// As it says.
    #[error(transparent)]
    Impossible(#[from] Impossible),
    /// Not JSON, or not of this form.
    #[error("not a recording: {0}")]
    Json(String),
    /// The source lacks what an action needs.
    #[error("{what}: {remedy}")]
    Missing {
        /// What there is, and what is not.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// No bus traffic.
    #[error("nothing that passed on a bus")]
    Nothing,
}

pub(super) fn at(line: usize) -> impl Fn(Malformed) -> ImportError {
    move |malformed| ImportError { line, malformed }
}

pub(super) fn field(column: &'static str, value: &str, wanted: &'static str) -> Malformed {
    Malformed::Field {
        column,
        value: value.into(),
        wanted,
    }
}
