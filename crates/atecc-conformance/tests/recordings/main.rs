//! Recordings in JSON, made for this: a sound one of each kind passes, and with
//! one fact changed it does not.

mod answers;
mod beside;
mod digests;
mod document;
mod flips;
mod keys;
mod self_test;
mod zones;
