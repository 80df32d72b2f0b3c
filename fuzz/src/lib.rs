//! What the fuzz targets share.
//!
//! A target is judged by more than its survival: the assertions in it are
//! rules that no input may break.
#![forbid(unsafe_code)]

pub mod bus;
pub mod commands;
pub mod guarded;
pub mod hostile;
