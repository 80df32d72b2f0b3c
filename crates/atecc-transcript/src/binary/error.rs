//! What can be wrong with a recording.

use crate::Impossible;

/// Bytes that are no recording. What is before `offset` is one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("byte {offset}: {fault}")]
pub struct DecodeError {
    /// Where the frame begins.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with one frame.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The first frame is none that begins a recording.
    #[error("not a recording: the first frame does not begin one")]
    NoBegin,
    /// The format has a version that this program does not know.
    #[error("version {0} of the format is unknown to this program, which knows version 1")]
    Version(u8),
    /// A frame that stands at the beginning alone is elsewhere.
    #[error("a frame that belongs at the beginning: has the recorder been restarted?")]
    Again,
    /// The last frame has no end.
    #[error("the last frame is cut off")]
    Cut,
    /// A byte is lost or changed.
    #[error("the frame is damaged")]
    Damaged,
    /// The frame is whole, but means nothing.
    #[error("the frame cannot be read: {0}")]
    Postcard(postcard::Error),
    /// As it says.
    #[error(transparent)]
    Impossible(#[from] Impossible),
    /// The action begins before an earlier one.
    #[error("the action begins before an earlier one")]
    Backwards,
}
