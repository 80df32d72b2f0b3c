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

extern crate alloc;

mod answer;
mod any_command;
mod describe;
mod explain;
mod explained_bytes;
mod hex;
mod html;
mod labels;
mod response;
mod svg;

pub use atecc::parse::{CommandError, Part};

pub use any_command::{AnyCommand, AnyResponse, Unexpressed, Untyped};
pub use explain::{Explained, Outcome, Step, StepKind, Summary, facts};
pub use explained_bytes::{BytesKind, ExplainedBytes, explain_bytes};
pub use html::html;
pub use labels::{Labels, NoLabels};
pub use response::ResponseError;
pub use svg::svg;
