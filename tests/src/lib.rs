//! Tests across the crates of this repository, and their vectors.

pub mod station;
