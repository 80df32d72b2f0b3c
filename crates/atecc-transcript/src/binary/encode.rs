//! Frames into a buffer of the caller's.

use postcard::ser_flavors::crc::CrcModifier;
use postcard::ser_flavors::{Cobs, Slice};

use super::{Begin, CHECK, Frame, MAGIC, VERSION};
use crate::Record;

/// A frame that could not be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// As it says. A record needs some 30 bytes more than its action has, and
    /// another for each 254.
    #[error("the frame does not fit in {0} bytes")]
    TooLong(usize),
    /// As postcard says; the types here give no cause for it.
    #[error("the frame cannot be written: {0}")]
    Postcard(postcard::Error),
}

/// The frame that begins a recording.
///
/// # Errors
/// [`EncodeError`].
pub fn begin<'b>(begin: &Begin<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
    let begin = Frame::Begin {
        magic: MAGIC,
        version: VERSION,
        begin: *begin,
    };
    frame(&begin, buffer)
}

/// The frame of one action.
///
/// # Errors
/// [`EncodeError`].
pub fn encode<'b>(record: &Record<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
    frame(&Frame::Record(record.clone()), buffer)
}

pub(super) fn frame<'b>(frame: &Frame<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
    let size = buffer.len();
    Cobs::try_new(Slice::new(buffer))
        .map(|cobs| CrcModifier::new(cobs, CHECK.digest()))
        .and_then(|flavor| postcard::serialize_with_flavor(frame, flavor))
        .map(|bytes| &*bytes)
        .map_err(|error| match error {
            postcard::Error::SerializeBufferFull => EncodeError::TooLong(size),
            error => EncodeError::Postcard(error),
        })
}
