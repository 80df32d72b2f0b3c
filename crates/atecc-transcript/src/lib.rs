#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod action;
#[cfg(all(test, feature = "alloc"))]
mod arbitrary;
#[cfg(feature = "postcard")]
mod binary;
#[cfg(feature = "alloc")]
mod exchange;
#[cfg(feature = "alloc")]
mod header;
#[cfg(feature = "import")]
pub mod import;
mod provenance;
mod record;
mod recorder;
mod redaction;
#[cfg(feature = "alloc")]
mod text;
#[cfg(feature = "alloc")]
mod transcript;
mod word_address;

pub use action::{Ack, Action, Impossible, Time};
#[cfg(feature = "postcard")]
pub use binary::{Begin, BinarySink, EncodeError, begin, encode};
#[cfg(all(feature = "alloc", feature = "postcard"))]
pub use binary::{DecodeError, Fault};
#[cfg(feature = "alloc")]
pub use exchange::{Cause, Exchange, Reading, exchanges};
#[cfg(feature = "alloc")]
pub use header::{Header, Start};
pub use provenance::Provenance;
#[cfg(feature = "alloc")]
pub use provenance::UnknownProvenance;
pub use record::Record;
pub use recorder::{Clock, DelayRecorder, Lost, Recorder, Sink, Tape};
pub use redaction::{Redaction, Redactor};
#[cfg(feature = "alloc")]
pub use text::{ParseError, Problem, is_day};
#[cfg(feature = "alloc")]
pub use transcript::{Line, Transcript};
