//! A whole transcript in words: one [`Step`] for each exchange, and for each
//! action that is part of none.

mod reply;
mod text;
mod walk;

use alloc::string::String;
use alloc::vec::Vec;

use atecc_transcript::Transcript;

use crate::labels::Labels;
pub(crate) use reply::{damaged, damaged_request, silent};
pub(crate) use text::Milliseconds;
pub use text::facts;
pub(crate) use walk::clock;

/// A transcript, explained.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Explained {
    /// In order.
    pub steps: Vec<Step>,
    /// What came of them.
    pub summary: Summary,
}

/// One exchange, or one action that is part of none.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Indexes of its actions in the transcript, first and last.
    pub lines: (usize, usize),
    /// Nanoseconds since the start of the transcript, if it has times.
    pub at_ns: Option<u64>,
    /// The same, reckoned from delays and the bus clock where it has none.
    pub reckoned_ns: u64,
    /// What the host asked, in words.
    pub request: String,
    /// What the chip answered, in words; empty where nothing is to be said.
    pub answer: String,
    /// What came of it.
    pub outcome: Outcome,
    /// From the end of the request to the beginning of the answer, in
    /// nanoseconds, as far as times and delays tell.
    pub waited_ns: Option<u64>,
    /// Reads that nobody acknowledged: the chip was busy or asleep.
    pub polls: usize,
    /// Readings of the answer after the first.
    pub reread: usize,
    /// The same command was the one before it.
    pub again: bool,
    /// The request group, in hex; `..` for bytes that are redacted.
    pub request_bytes: String,
    /// The response group, the same.
    pub response_bytes: String,
}

/// What a [`Step`] is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub enum StepKind {
    /// A wake pulse.
    Wake,
    /// A command.
    Command,
    /// To idle.
    Idle,
    /// To sleep.
    Sleep,
    /// A transfer that is none of these, also with other chips.
    Other,
}

/// What came of a [`Step`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub enum Outcome {
    /// Success.
    Ok,
    /// The chip refused, or a comparison failed.
    Failed,
    /// Bytes that are damaged or no answer.
    Damaged,
    /// Nobody acknowledged.
    Nack,
    /// No answer was read.
    Unread,
}

impl Outcome {
    /// Its name, also the class of an element of the timeline.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Damaged => "damaged",
            Self::Nack => "nack",
            Self::Unread => "unread",
        }
    }
}

/// Numbers of a transcript.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Summary {
    /// Actions on the bus.
    pub actions: usize,
    /// Commands that the chip took.
    pub commands: usize,
    /// Of these, sent once more.
    pub repeated: usize,
    /// Statuses other than success, and comparisons that failed.
    pub failed: usize,
    /// Groups that are damaged.
    pub damaged: usize,
    /// Reads that were too early and were tried again with success.
    pub polls: usize,
    /// Other transfers that nobody acknowledged, wakes excepted.
    pub nacks: usize,
    /// Wake pulses.
    pub wakes: usize,
    /// From the first action to the end of the last, in nanoseconds.
    pub duration_ns: u64,
}

impl Explained {
    /// Explain `transcript`; `labels` name its slots.
    #[must_use]
    pub fn new(transcript: &Transcript, labels: &dyn Labels) -> Self {
        walk::explain(transcript, labels)
    }
}
