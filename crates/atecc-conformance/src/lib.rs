//! Judges codec, driver and emulator of ATECC508A, ATECC608A and ATECC608B by
//! what real chips said: by [`atecc_transcript`]s.
//!
//! An [`Engine`] gives three judgements for each [`Case`]:
//!
//! - **Codec**: each group parses to a typed command or response, and encodes
//!   to the same bytes again.
//! - **Driver**: given each command, and where it is known the story of the
//!   transcript, a [`Driver`] sends just these groups and understands the
//!   answers. Another project's driver is judged by implementing the trait.
//! - **Emulator**: the same writes give the same bytes back, wherever the
//!   recording determines the answer; what it does not is skipped with a
//!   [`Reason`] that the engine finds by itself.
#![forbid(unsafe_code)]

mod codec;
mod data;
mod driver;
mod emulator;
mod engine;
mod group;
mod judgement;
mod knowledge;
mod reason;
mod recording;
mod replay;
pub mod report;
mod sensitivity;
mod source;
mod start;
mod story;
mod suite;
mod usage;
mod words;

pub use driver::{Atecc, Driver, Refused};
pub use engine::Engine;
pub use judgement::{Difference, Finding, Item, Judge, Judged, Verdict};
pub use knowledge::{Knowledge, StartError};
pub use reason::Reason;
pub use replay::{Nack, Replay, Spoken, spoken};
pub use report::{Count, Coverage, Total};
pub use sensitivity::Sensitivity;
pub use source::{Case, LoadError, Problem, files};
pub use story::{Perform, Story, stories};
pub use suite::{ORIGINS, SKIPS, Suite};
