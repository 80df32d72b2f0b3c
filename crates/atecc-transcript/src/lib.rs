//! Transcripts: what passed between a host and an ATECC508A, ATECC608A or
//! ATECC608B, action by action.
//!
//! An [`Action`] is what a bus can do. With the feature `alloc`, a
//! [`Transcript`] is many of them with a [`Header`] that says where they come
//! from, and [`exchanges`] finds the commands and responses in them.
//!
//! The crate knows the bus and the I/O groups, and no command's meaning.
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
#[cfg(feature = "alloc")]
mod exchange;
#[cfg(feature = "alloc")]
mod header;
#[cfg(feature = "alloc")]
mod text;
#[cfg(feature = "alloc")]
mod transcript;

pub use action::{Ack, Action, Impossible, Time};
#[cfg(feature = "alloc")]
pub use exchange::{Cause, Exchange, Reading, exchanges};
#[cfg(feature = "alloc")]
pub use header::{Header, Provenance, Start, UnknownProvenance};
#[cfg(feature = "alloc")]
pub use text::{ParseError, Problem};
#[cfg(feature = "alloc")]
pub use transcript::{Line, Transcript};
