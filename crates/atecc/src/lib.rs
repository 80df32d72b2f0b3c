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

pub mod address;
#[cfg(feature = "async")]
pub mod asynch;
pub mod bus_address;
pub mod command;
pub mod commands;
pub mod config;
pub mod crc;
pub mod device;
pub mod devices;
pub mod error;
pub mod group;
#[cfg(feature = "host")]
pub mod host;
pub mod observed_times;
mod opcode;
#[cfg(feature = "parse")]
pub mod parse;
pub mod procedure;
pub mod procedures;
mod public_key;
mod revision;
#[cfg(feature = "rand_core")]
pub mod rng;
mod serial_number;
pub mod session;
#[cfg(feature = "signature")]
pub mod signer;
pub mod slot;
mod status;
pub mod timing;
pub mod word_address;

pub use address::{BlockAddress, Region, WordAddress, Zone};
pub use bus_address::BusAddress;
pub use command::Command;
pub use config::ConfigZone;
pub use device::Device;
pub use devices::Devices;
pub use error::{Error, Failure};
pub use observed_times::ObservedTimes;
pub use opcode::Opcode;
pub use procedure::Procedure;
pub use public_key::PublicKey;
pub use revision::{Family, Revision};
pub use serial_number::SerialNumber;
pub use slot::Slot;
pub use status::Status;
pub use timing::Timing;
