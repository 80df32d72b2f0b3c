//! What is left of secrets in the memory of this process, when whoever used
//! them has ended. Linux only: it looks by way of /proc/self/mem.
//!
//! The secrets are made at run time and kept masked, so that they are nowhere
//! else. Chips are in a process of their own: they hold the keys for good.
#![cfg(target_os = "linux")]

mod driver;
mod elsewhere;
mod memory;
mod provisioning;
mod signer;
