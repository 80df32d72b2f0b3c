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

mod address;
#[cfg(feature = "async")]
pub mod asynch;
mod bus_address;
mod command;
pub mod commands;
pub mod config;
mod crc;
mod device;
mod error;
mod group;
#[cfg(feature = "host")]
pub mod host;
mod opcode;
#[cfg(feature = "parse")]
pub mod parse;
mod procedure;
pub mod procedures;
mod public_key;
mod revision;
#[cfg(feature = "rand_core")]
mod rng;
mod serial_number;
pub mod session;
#[cfg(feature = "signature")]
pub mod signer;
mod slot;
mod status;
mod timing;
pub mod word_address;

pub use address::{AddressError, BlockAddress, Region, WordAddress, Zone};
pub use bus_address::{BusAddress, InvalidBusAddress};
pub use command::{
    Chips, Command, Data, DecodeError, Request, RequestTooLong, ResponseKind, Retry,
};
pub use config::ConfigZone;
pub use crc::{Crc16, crc16};
pub use device::{Device, GeneralCall, WakePulse};
pub use error::{Cause, Error, Executed, Failure};
pub use group::{BodyLength, Group, GroupError, MAX_GROUP, MIN_GROUP, parse_group};
pub use opcode::Opcode;
pub use procedure::{Answer, Next, Once, Procedure, Run};
pub use public_key::PublicKey;
pub use revision::{Family, Revision};
#[cfg(feature = "rand_core")]
pub use rng::{ChipRng, RngError};
pub use serial_number::SerialNumber;
pub use session::{Left, Outcome, Session, Step};
pub use slot::{Slot, SlotOutOfRange};
pub use status::Status;
pub use timing::{ClockDivider, Timing};
