//! What can be wrong with settings.

use super::term::TermError;

/// Why settings could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// More than the slots hold.
    #[error("the settings have {len} bytes, {over} too many: {limit} fit", over = .len - .limit)]
    TooLarge {
        /// Bytes there are.
        len: usize,
        /// Bytes that fit.
        limit: usize,
    },
    /// A write did not end. Nothing of the value can be trusted.
    #[error("a write of the settings was interrupted: they are lost, write them again")]
    Torn,
    /// Neither a term nor a typed record.
    #[error("the settings are neither an Erlang term nor a typed record")]
    Unknown,
    /// A term where a typed value was asked for, or the other way round.
    #[error("the settings are in the other format")]
    OtherFormat,
    /// The payload of a typed record is of another type.
    #[error("the settings' payload: {0}")]
    Payload(#[from] postcard::Error),
    /// Not an Erlang term, or one that settings cannot have.
    #[error("the settings' term: {0}")]
    Term(#[from] TermError),
}

impl SettingsError {
    /// `bytes`, if they are at most `limit`.
    pub(crate) const fn fitting(bytes: &[u8], limit: usize) -> Result<&[u8], Self> {
        let len = bytes.len();
        if len > limit {
            Err(Self::TooLarge { len, limit })
        } else {
            Ok(bytes)
        }
    }
}
