//! Emulated ATECC508A, ATECC608A and ATECC608B secure elements on an I2C bus.
//!
//! The emulator is a second reading of what is publicly known about these
//! chips. It shares no code with the driver, so that a byte which one of them
//! has wrong is noticed by the other. Sources are named where a fact is used;
//! what no public source settles is marked "(unconfirmed)".
//!
//! A [`Chip`] is its EEPROM ([`Image`]), its registers, and its states from
//! power-up to sleep. A [`Bus`] connects chips to a host: it implements
//! `embedded_hal::i2c::I2c`, keeps time on a simulated or real [`Clock`], and
//! injects [`Faults`]. On Linux, a [`server::Server`] puts buses on a Unix
//! socket for a [`client::Client`] in another process.
//!
//! ```
//! use atecc_emulator::{Bus, Chip, Revision};
//! use embedded_hal::{delay::DelayNs, i2c::I2c};
//!
//! let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
//! let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
//! // Nobody acknowledges the general call, but it wakes the chip.
//! assert!(i2c.write(0x00, &[0x00]).is_err());
//! delay.delay_us(1_500);
//! let mut answer = [0; 4];
//! i2c.read(0x60, &mut answer)?;
//! assert_eq!(answer, [0x04, 0x11, 0x33, 0x43]);
//! # Ok::<(), atecc_emulator::BusError>(())
//! ```

#![forbid(unsafe_code)]

mod blank;
mod bus;
mod chip;
#[cfg(target_os = "linux")]
pub mod client;
mod clock;
mod command;
mod crc;
mod defect;
mod entropy;
mod fault;
mod hex;
mod image_file;
mod memory;
#[cfg(target_os = "linux")]
pub mod protocol;
mod revision;
mod serial;
#[cfg(target_os = "linux")]
pub mod server;
mod sha_context;
mod store;
mod timing;
mod transcript;
mod volatile;

pub use bus::{Acked, Bus, BusError, DeadBus, I2cHandle, LogEntry, Message, OtherDevice, Reads};
pub use chip::{Chip, Direction, PartialRead, Power};
pub use clock::{Clock, Delay};
pub use command::Opcode;
pub use defect::{Defects, Engine};
pub use entropy::{Entropy, EntropyError};
pub use fault::{CutPoint, EepromEffect, Failure, FailureKind, Fault, Faults, Heard, LostReply};
pub use image_file::{ImageFile, ImageFileError, OpenError, ParseError, Problem};
pub use memory::{CONFIG_SIZE, DATA_SIZE, ForeignRevision, Image, OTP_SIZE, Slot};
pub use revision::{Revision, UnknownRevision};
pub use serial::{BadSerial, SerialNumber};
pub use store::Store;
pub use timing::{ExecutionTime, UnknownExecutionTime};
