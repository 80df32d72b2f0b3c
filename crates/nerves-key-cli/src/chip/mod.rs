//! The chip of a command, opened and recorded.

mod narration;
mod open;
mod recording;

pub(crate) use open::{RecordedDevice, is_absent, refuse_absent};
pub(crate) use recording::transcript_id;
