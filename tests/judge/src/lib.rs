//! Searches for a wrong answer of [`atecc::session::Session`].
//!
//! Nothing here knows how the session works: it is driven through its public
//! interface, by every outcome at every step ([`search`]) or on emulated chips
//! whose truth is known, and what it says is compared with that truth.
#![forbid(unsafe_code)]

pub mod cases;
pub mod checked;
pub mod chips;
pub mod dropped;
pub mod figures;
pub mod gaps;
pub mod mischief;
pub mod operations;
pub mod pairs;
pub mod procedures;
pub mod search;
pub mod soak;
pub mod wire;
