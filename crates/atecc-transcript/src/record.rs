//! One action on its way to a transcript, without anything on a heap.

use core::ops::Range;

use crate::{Action, Time};

/// What a [`Sink`](crate::Sink) is given and the binary form holds.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "postcard", derive(serde::Serialize, serde::Deserialize))]
pub struct Record<'a> {
    /// When it began, if known.
    pub at: Option<Time>,
    /// What happened.
    #[cfg_attr(feature = "postcard", serde(borrow))]
    pub action: Action<&'a [u8]>,
    /// The bytes that are not told, which are zero here.
    pub redacted: Range<usize>,
    /// For the reader.
    pub comment: Option<&'a str>,
    /// How many actions directly before this one were not recorded.
    pub lost: u32,
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::format;
    use alloc::string::{String, ToString};

    use super::Record;
    use crate::{Action, Line};

    impl Line {
        /// The same, borrowed.
        #[must_use]
        pub fn record(&self) -> Record<'_> {
            Record {
                at: self.at,
                action: self.action.borrowed(),
                redacted: self.redacted.clone(),
                comment: self.comment.as_deref(),
                lost: 0,
            }
        }
    }

    impl From<&Record<'_>> for Line {
        /// What was lost becomes a comment.
        fn from(record: &Record<'_>) -> Self {
            let action = match record.action {
                Action::Wake => Action::Wake,
                Action::Write {
                    address,
                    bytes,
                    ack,
                } => Action::Write {
                    address,
                    bytes: bytes.to_vec(),
                    ack,
                },
                Action::Read {
                    address,
                    bytes,
                    ack,
                } => Action::Read {
                    address,
                    bytes: bytes.to_vec(),
                    ack,
                },
                Action::Delay(ns) => Action::Delay(ns),
            };
            let lost = match record.lost {
                0 => None,
                1 => Some("one action before this is lost".to_string()),
                count => Some(format!("{count} actions before this are lost")),
            };
            let comment = match (lost, record.comment) {
                (lost, None) => lost,
                (None, Some(comment)) => Some(String::from(comment)),
                (Some(lost), Some(comment)) => Some(format!("{lost}; {comment}")),
            };
            let redacted = if record.redacted.is_empty() {
                0..0
            } else {
                record.redacted.clone()
            };
            Self {
                at: record.at,
                action,
                redacted,
                comment,
            }
        }
    }
}
