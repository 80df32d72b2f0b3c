#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test that fails should say where"
    )
)]

mod definition;
mod error;
mod extension;
mod fit;
mod name;
mod read;
mod text;
mod values;

pub use definition::{Defined, Definition, SignedBy};
pub use error::{DefinitionError, IssueError, Problem, ValueError};
pub use fit::{FitError, Place, Unfit};
pub use values::Values;
