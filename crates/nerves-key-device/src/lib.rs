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

use atecc::{BusAddress, Device};

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

impl DeviceUri {
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

fn device(i2c: AnyBus, delay: AnyDelay, address: BusAddress) -> AnyDevice {
    Device::new(i2c, delay)
        .with_wake(AnyWake)
        .with_address(address)
}
