//! Each check of a provisioning, and what it stops.
//!
//! The answers of an emulated chip, or a signer's, are changed on their way to
//! the runner; then the error is the right one, and no further lock was sent.
//! `cargo xtask mutants safety` deletes each check in turn, and has to find a
//! test that notices.

mod issue;
mod locked;
mod open;
mod plan;
mod resumed;
mod tampered;
