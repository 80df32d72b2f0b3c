//! The vectors of whole operations: what a chip holds in the end, and what is
//! read from it.
//!
//! Ours is not the reference's sequence of commands; what counts is the chip
//! that comes out. It is compared zone by zone, slot by slot and lock by lock,
//! but for what is random: the device key and the signature in slot 10, which
//! is verified instead.

mod end_state;
mod kept;
pub mod operation;
mod query;
mod refused;
mod row;

pub use row::Operation;

use std::path::Path;

use tests_vector_runner::Tally;

/// transcripts.json. The last tally counts what was compared in the chips of
/// the first one.
#[must_use]
pub fn transcripts(dir: &Path) -> Vec<Tally> {
    let file = "transcripts.json";
    let (operations, end_states) = operation::operations(dir, file);
    vec![operations, query::queries(dir, file), end_states]
}
