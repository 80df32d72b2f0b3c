//! Wire protocol of the ATECC508A, ATECC608A and ATECC608B secure elements.
//!
//! The crate has three layers, each usable alone:
//!
//! 1. **Commands** are values ([`commands`]). A [`Command`] knows its bytes
//!    and how to read its response; [`Request`] is a command ready to send.
//! 2. **[`Session`]** is the sans-IO machine that carries commands over an I2C
//!    bus: wake, write, wait, poll, check, retry, sleep. It has no clock and
//!    no bus; it says what to do next and is told what came of it.
//!    A **[`Procedure`]** is a sequence of commands with a result
//!    ([`procedures`]), sans-IO as well.
//! 3. **[`Device`]** puts a bus under them: embedded-hal, or with the feature
//!    `async` embedded-hal-async.
//!
//! ```
//! # fn example<I2C: embedded_hal::i2c::I2c, D: embedded_hal::delay::DelayNs>(
//! #     i2c: I2C, delay: D, digest: [u8; 32],
//! # ) -> Result<(), atecc::Error<I2C::Error>> {
//! use atecc::{Device, Slot, procedures::SignDigest};
//!
//! let mut device = Device::new(i2c, delay);
//! let signature = device.run(SignDigest::new(Slot::ALL[0], digest))?;
//! # Ok(())
//! # }
//! ```
//!
//! # Secrets
//!
//! What is written may be a key: [`commands::WriteBlock`],
//! [`commands::WriteWord`] and the other commands and answers with keys in the
//! clear are zeroized when they are dropped, and a session wipes the command and
//! the answer at its end; one that is dropped before its end does not. A value
//! that is moved leaves copies on the stack, which the driver cannot know of:
//! who has threads or code that he does not trust in the same memory writes over
//! the stack when a procedure with a key is done.
//!
//! Sources: the public ATECC508A data sheet (DS20005927A), Microchip's public
//! pages on the ATECC608 trust parts, and what the open-source drivers of the
//! field do. The full ATECC608 data sheets are under NDA and were not used;
//! what rests on inference is marked *(unconfirmed)*.
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

pub use address::{AddressError, BlockAddress, Place, WordAddress, Zone};
pub use bus_address::{BusAddress, InvalidBusAddress};
pub use command::{Chips, Command, Data, DecodeError, Expect, Repeat, Request, RequestTooLong};
pub use config::ConfigZone;
pub use crc::{Crc16, crc16};
pub use device::{Device, GeneralCall, WakePulse};
pub use error::{Cause, Error, Executed, Failure};
pub use group::{GroupError, MAX_GROUP, MIN_GROUP, parse_group};
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
