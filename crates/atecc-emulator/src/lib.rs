#![doc = include_str!("../README.md")]
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
pub use chip::{Chip, Direction, ExecutionEntry, PartialRead, Power};
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
