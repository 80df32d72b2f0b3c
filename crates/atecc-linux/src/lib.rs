#![doc = include_str!("../README.md")]
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
use std::time::Duration;

use atecc::BusAddress;
use rustix::time::{ClockId, clock_gettime};

/// The system's monotonic clock, in microseconds; for
/// [`atecc::device::WakePulse::now_us`].
#[must_use]
pub fn now_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let now = Duration::try_from(now).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
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
