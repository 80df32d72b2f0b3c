//! What the processor does for a chip: the operations that benchmarks, counts of
//! instructions and the emulator's rate measure.
#![forbid(unsafe_code)]

pub mod emulator;
pub mod operation;
