//! How manufacturer serial numbers are given.

mod list;
mod pattern;

use std::fmt;

use nerves_key_schema::ManufacturerSerial;
use serde::{Deserialize, Serialize};

pub use list::{SerialList, SerialListError};
pub use pattern::{SerialPattern, SerialPatternError};

/// Where the serial numbers of a batch come from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SerialScheme {
    /// A counter in a text.
    Pattern(SerialPattern),
    /// One after the other of a list.
    List(SerialList),
    /// As somebody scans or types them.
    Scanned,
    /// The chip's own serial number, in Base32.
    Chip,
}

/// Why a number has no serial.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialError {
    /// The counter has no more digits.
    #[error(
        "the pattern {pattern:?} has run out: {number} is above its last number, {last}. Load a \
         batch with a pattern of more digits"
    )]
    PatternUsed {
        /// The pattern.
        pattern: String,
        /// The number that was to be given.
        number: u64,
        /// The highest that it can give.
        last: u64,
    },
    /// The list has no more lines.
    #[error("the list of {} has run out. Load a batch with a further list", count_serials(*length))]
    ListUsed {
        /// How many it has.
        length: usize,
    },
}

/// So many serials, one of them in the singular.
pub(crate) fn count_serials(count: impl fmt::Display) -> String {
    match count.to_string().as_str() {
        "1" => "1 serial".to_owned(),
        count => format!("{count} serials"),
    }
}

impl SerialScheme {
    /// Whether serials are given by a number.
    #[must_use]
    pub const fn is_numbered(&self) -> bool {
        matches!(self, Self::Pattern(_) | Self::List(_))
    }

    /// The first number to give.
    #[must_use]
    pub const fn first(&self) -> u64 {
        match self {
            Self::Pattern(pattern) => pattern.first(),
            Self::List(_) | Self::Scanned | Self::Chip => 0,
        }
    }

    /// The last number that has a serial; none where serials have no numbers.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        match self {
            Self::Pattern(pattern) => Some(pattern.last()),
            Self::List(list) => (list.len() as u64).checked_sub(1),
            Self::Scanned | Self::Chip => None,
        }
    }

    /// The serial of `number`; none where serials have no numbers.
    ///
    /// # Errors
    /// [`SerialError`] when there are no more.
    pub fn serial(&self, number: u64) -> Result<Option<ManufacturerSerial>, SerialError> {
        match self {
            Self::Pattern(pattern) => pattern.serial(number).map(Some),
            Self::List(list) => list.serial(number).map(Some),
            Self::Scanned | Self::Chip => Ok(None),
        }
    }

    /// What tells its numbers from those of other schemes of a product: two
    /// batches with one pattern go on with one counter.
    #[must_use]
    pub fn pool(&self) -> String {
        match self {
            Self::Pattern(pattern) => pattern.to_string(),
            Self::List(list) => format!("list {}", list.digest()),
            Self::Scanned => "scanned".to_owned(),
            Self::Chip => "chip".to_owned(),
        }
    }
}
