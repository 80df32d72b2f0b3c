//! The text form: one action per line, for people first. `docs/transcripts.md`
//! describes it.
//!
//! What is parsed is rendered so that it parses to the same again, and a text
//! that was rendered is rendered to the same text again.

mod action;
mod error;
mod header;
mod number;
mod parse;
mod render;

pub use error::{ParseError, Problem};
pub use header::is_day;

/// The first line, before the version.
const MAGIC: &str = "atecc-transcript";
const VERSION: &str = "1";

#[cfg(test)]
mod tests;
