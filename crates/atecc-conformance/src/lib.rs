//! Judges codec, driver and emulator of ATECC508A, ATECC608A and ATECC608B by
//! what real chips said: by [`atecc_transcript`]s.
#![forbid(unsafe_code)]

mod emulator;
mod group;
mod judgement;
mod knowledge;
mod reason;
mod start;
mod usage;

pub use judgement::{Difference, Finding, Item, Judge, Judged, Verdict};
pub use knowledge::{Knowledge, StartError};
pub use reason::Reason;
