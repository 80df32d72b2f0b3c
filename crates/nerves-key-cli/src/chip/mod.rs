//! The chip of a command, opened and recorded.

mod open;
mod recording;

pub(crate) use open::RecordedDevice;
pub(crate) use recording::transcript_id;
