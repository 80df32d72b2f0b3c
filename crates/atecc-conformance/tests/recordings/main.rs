//! Recordings in JSON, made for this: a sound one of each kind passes, and with
//! one fact changed it does not.

mod answers;
mod beside;
mod document;
mod self_test;
