#![doc = include_str!("../README.md")]
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

mod chip;
mod error;
mod identity;
mod key;
mod origin;

pub use chip::{ChipError, TlsChip};
pub use error::{ReadDeviceError, ReadError};
pub use identity::{CertificatePair, TlsIdentity};
pub use key::ChipKey;
pub use origin::Origin;
