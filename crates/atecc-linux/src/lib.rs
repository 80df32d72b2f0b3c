//! ATECC secure elements over Linux i2c-dev.
//!
//! A thin transport under [`atecc::Device`]: it knows the kernel's interface
//! and its errors, and of the chip's protocol only where a session begins and
//! ends.
//!
//! - [`Bus`] opens `/dev/i2c-N` once and carries transfers to any address.
//! - [`Locked`] keeps other processes out from the wake to the sleep.
//! - [`open`] puts both under a device.
//!
//! ```no_run
//! use atecc::{BusAddress, commands::InfoRevision};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut device = atecc_linux::open("/dev/i2c-1", BusAddress::DEFAULT)?;
//! println!("{:?}", device.execute(InfoRevision)?);
//! # Ok(())
//! # }
//! ```
//!
//! # Wake
//!
//! The pulse, [`LockedGeneralCall`], is a write to address 0, which
//! no chip of this family acknowledges. It is long enough at 100 kHz or less;
//! on a faster bus it is not, and the chip seems absent. The clock belongs to
//! the adapter's driver (device tree `clock-frequency`, on a Raspberry Pi
//! `dtparam=i2c_arm_baudrate=100000`) and cannot be read here. Where the clock
//! cannot be lowered, or the adapter refuses address 0, give
//! [`atecc::Device::with_wake`] the board's own pulse; it should call
//! [`Locked::hold`] first. Source: ATECC508A datasheet, "I/O Timing", `tWLO`.
#![forbid(unsafe_code)]

mod bus;
mod errno;
mod lock;
mod locked;
mod open;
mod transfer;

pub use bus::{Bus, I2cDev, Transfer};
pub use linux_embedded_hal::Delay;
pub use lock::{Access, LockError, SessionGuard, SessionLock};
pub use locked::{Locked, LockedError, LockedGeneralCall};
pub use open::OpenError;
pub use transfer::{Cause, TransferError};

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use atecc::BusAddress;

/// The system's monotonic clock, in microseconds since it was first asked; for
/// [`atecc::WakePulse::now_us`].
#[must_use]
pub fn now_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// A chip on an i2c-dev bus, alone with it for each session.
pub type Device = atecc::Device<Locked<Bus>, Delay, LockedGeneralCall>;

/// The chip at `address` on the bus `path`, for example `/dev/i2c-1`.
///
/// The chip itself is not touched yet.
///
/// # Errors
/// [`OpenError`] when there is no such bus, when it may not be used, or when a
/// kernel driver has the address.
pub fn open(path: impl AsRef<Path>, address: BusAddress) -> Result<Device, OpenError> {
    let path = path.as_ref();
    let bus = Locked::new(Bus::open(path, address)?, SessionLock::new(path, address));
    let device = atecc::Device::new(bus, Delay).with_wake(LockedGeneralCall);
    Ok(device.with_address(address))
}
