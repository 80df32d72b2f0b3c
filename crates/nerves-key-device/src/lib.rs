#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(not(any(target_os = "linux", feature = "emulator")))]
compile_error!("I2C buses are opened on Linux only: elsewhere the feature emulator is wanted");

mod bus;
#[cfg(feature = "emulator")]
mod emulated;
mod uri;

pub use bus::{AnyBus, AnyDelay, AnyWake, BusFault};
#[cfg(feature = "emulator")]
pub use emulated::{
    DEFAULT_CHIP, EmulatedBus, EmulatedDelay, EmulatedFault, EmulatedOpenError, EmulatedUri,
    ImageName, emulated,
};
pub use uri::{DeviceUri, UriError};

use std::time::{Duration, Instant};

use atecc::{BusAddress, Device};
#[cfg(target_os = "linux")]
use atecc_linux::{LockError, SessionLock};

/// Between two tries for an image file.
const RETRY: Duration = Duration::from_millis(2);

/// A driver for any chip.
pub type AnyDevice = Device<AnyBus, AnyDelay, AnyWake>;

/// Why a chip could not be opened. None has been touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The Linux bus.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Linux(#[from] atecc_linux::OpenError),
    /// The emulated chip.
    #[cfg(feature = "emulator")]
    #[error(transparent)]
    Emulated(#[from] EmulatedOpenError),
    /// A bus that only a program on Linux can open.
    #[cfg(not(target_os = "linux"))]
    #[error(
        "{0} is opened on Linux only, and this is {system}: use emu:FILE or emu:",
        system = std::env::consts::OS
    )]
    NotOnThisSystem(DeviceUri),
}

impl OpenError {
    /// Whether somebody was waited for in vain, the process that has the image file
    /// or the server of an emulated bus: the chip may well be there.
    #[must_use]
    pub fn is_vain_wait(&self) -> bool {
        self.is_image_in_use() || self.is_silent_server()
    }

    /// Whether that was the server, and so is the same for all its buses.
    #[must_use]
    pub fn is_silent_server(&self) -> bool {
        match self {
            #[cfg(feature = "emulator")]
            Self::Emulated(error) => error.is_silent_server(),
            #[cfg(target_os = "linux")]
            Self::Linux(_) => false,
            #[cfg(not(target_os = "linux"))]
            Self::NotOnThisSystem(_) => false,
        }
    }

    const fn is_image_in_use(&self) -> bool {
        match self {
            #[cfg(feature = "emulator")]
            Self::Emulated(error) => error.is_image_in_use(),
            #[cfg(target_os = "linux")]
            Self::Linux(_) => false,
            #[cfg(not(target_os = "linux"))]
            Self::NotOnThisSystem(_) => false,
        }
    }
}

impl DeviceUri {
    /// Open the bus. An image file that another process has is waited for as long as
    /// `patience`, as sessions on a shared bus wait for each other.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_within(&self, patience: Duration) -> Result<AnyDevice, OpenError> {
        let start = Instant::now();
        loop {
            match self.open() {
                Err(error) if error.is_image_in_use() && start.elapsed() < patience => {
                    std::thread::sleep(RETRY);
                }
                opened => return opened,
            }
        }
    }

    /// Whether another process is in a session with the chip now, as far as can be
    /// told without waiting.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::I2c { path, address } => is_taken(&SessionLock::new(path, *address)),
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => uri.is_in_use(),
            #[cfg(not(target_os = "linux"))]
            Self::I2c { .. } => false,
        }
    }

    /// Open the bus. The chip is not touched yet.
    ///
    /// # Errors
    /// [`OpenError`] when there is no such bus or image, or it may not be used.
    pub fn open(&self) -> Result<AnyDevice, OpenError> {
        match self {
            #[cfg(target_os = "linux")]
            Self::I2c { path, address } => {
                let (bus, delay) = atecc_linux::open(path, *address)?.release();
                let (bus, delay) = (AnyBus::Linux(bus), AnyDelay::Linux(delay));
                Ok(device(bus, delay, *address))
            }
            #[cfg(feature = "emulator")]
            Self::Emulated(uri) => Ok(uri.open()?),
            #[cfg(not(target_os = "linux"))]
            Self::I2c { .. } => Err(OpenError::NotOnThisSystem(self.clone())),
        }
    }
}

#[cfg(target_os = "linux")]
fn is_taken(lock: &SessionLock) -> bool {
    matches!(lock.try_take(), Err(LockError::Busy { .. }))
}

fn device(i2c: AnyBus, delay: AnyDelay, address: BusAddress) -> AnyDevice {
    Device::new(i2c, delay)
        .with_wake(AnyWake)
        .with_address(address)
}
