//! Bus traffic that others recorded.
//!
//! Each importer gives the actions; where they come from is for the caller to
//! say, in a [`Header`](crate::Header). The JSON of recordings says it itself. What a source
//! does not tell is not made up: no times, no acknowledges, no wakes.

mod address;
mod annotation;
pub mod bus_pirate;
pub mod dsview;
mod error;
pub mod esp_idf;
mod format;
pub mod ftrace;
mod json;
pub mod pulseview;
pub mod saleae;
pub mod sigrok;
mod table;
mod value;
mod wire;

pub use error::{ImportError, Malformed};
pub use format::{Format, Unrecognized};
pub use json::{BESIDE, exchanges_beside, recording};

#[cfg(test)]
mod tests;
