//! What a NervesKey keeps where: data and pure functions, no chip.
//!
//! A NervesKey is an ATECC508A, ATECC608A or ATECC608B whose configuration
//! zone, OTP zone and slots follow the layout of the Elixir library
//! `nerves_key` 1.3. This crate makes and reads those bytes:
//!
//! - [`slot`]: which slot holds what.
//! - [`Layout`] and [`configure`]: the configuration zone to write and lock.
//! - [`check_for_use`] and [`check_for_provisioning`]: whether a configuration
//!   is a NervesKey's, loosely (to read) and strictly (to provision).
//! - [`Otp`]: the 64 bytes of one-time-programmable memory.
//! - [`DataImage`]: the bytes of the slots that provisioning locks.
//! - [`VolatileKeys`]: the secrets of the volatile layout.
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
    Difference, Field, check_for_provisioning, check_for_use, differences, open_certificates,
};
pub use configuration::{ConfigWrite, configure, writes};
pub use data_image::DataImage;
pub use layout::Layout;
pub use otp::{BoardName, ManufacturerSerial, NotNervesKey, Offending, Otp, OtpError, OtpFlags};
pub use volatile_keys::VolatileKeys;
