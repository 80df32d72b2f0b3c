//! Explains what passes between a host and an ATECC508A, ATECC608A or
//! ATECC608B: groups become typed commands and responses, and words.
//!
//! ```
//! use atecc_decode::{AnyCommand, NoLabels};
//!
//! let info = [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
//! let command = AnyCommand::parse(&info)?;
//! assert_eq!(command.explain(&NoLabels), "Info revision");
//! assert_eq!(command.group(), info);
//! # Ok::<(), atecc_decode::CommandError>(())
//! ```
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

extern crate alloc;

mod answer;
mod any_command;
mod commands;
mod explain;
mod frame;
mod frame_text;
mod hex;
mod html;
mod labels;
mod response;

pub use any_command::{AnyCommand, AnyResponse, Unexpressed, Untyped};
pub use explain::{Explained, Outcome, Step, StepKind, Summary, facts};
pub use frame::{CommandError, Part};
pub use frame_text::{FrameKind, FrameText, explain_frame};
pub use html::html;
pub use labels::{Labels, NoLabels};
pub use response::ResponseError;
