#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod check;
mod configuration;
mod data_image;
mod layout;
mod otp;
pub mod slot;
mod volatile_keys;

pub use check::{
    ConfigField, Mismatch, check_for_provisioning, check_for_use, mismatches, open_certificates,
};
pub use configuration::{ConfigWrite, changes, configure, writes};
pub use data_image::DataImage;
pub use layout::Layout;
pub use otp::{BoardName, ManufacturerSerial, NotNervesKey, Offending, Otp, OtpError, OtpFlags};
pub use volatile_keys::VolatileKeys;
