#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test that fails should say where"
    )
)]

mod authority;
mod chip;
mod client;
mod error;
mod provider;
mod server;
mod signer;

pub use chip::TlsChip;
pub use client::ChipClient;
pub use error::OpenError;
pub use provider::ChipProvider;
pub use signer::ChipSignature;

pub use embedded_tls;
