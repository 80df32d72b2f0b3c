#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bus;
mod uri;

pub use bus::{AnyBus, AnyDelay, AnyWake, BusFault};
pub use uri::{DeviceUri, ImageName, UriError};

use atecc::{BusAddress, Device, InvalidBusAddress};
use atecc_emulator::client::{Client, ConnectError};
use atecc_emulator::{Bus, Chip};
use atecc_linux::{Locked, SessionLock};

/// A driver for any chip.
pub type AnyDevice = Device<AnyBus, AnyDelay, AnyWake>;

/// A throw-away chip where the name says nothing else.
pub const DEFAULT_CHIP: atecc_emulator::Revision = atecc_emulator::Revision::Atecc608B;

/// Why a chip could not be opened. None has been touched.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The Linux bus.
    #[error(transparent)]
    Linux(#[from] atecc_linux::OpenError),
    /// The served bus.
    #[error(transparent)]
    Served(#[from] ConnectError),
    /// The image file.
    #[error(transparent)]
    Image(#[from] atecc_emulator::OpenError),
    /// A new chip wants a serial number, and the system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] atecc_emulator::EntropyError),
    /// The configuration of the emulated chip has an address that no chip has.
    #[error(transparent)]
    Address(#[from] InvalidBusAddress),
}

impl DeviceUri {
    /// Open the bus. The chip is not touched yet.
    ///
    /// # Errors
    /// [`OpenError`] when there is no such bus or image, or it may not be used.
    pub fn open(&self) -> Result<AnyDevice, OpenError> {
        match self {
            Self::I2c { path, address } => {
                let (bus, delay) = atecc_linux::open(path, *address)?.release();
                let (bus, delay) = (AnyBus::Linux(bus), AnyDelay::Linux(delay));
                Ok(device(bus, delay, *address))
            }
            Self::Image { path, chip } => emulated(Chip::open(path, *chip)?),
            Self::Served { path, bus, address } => {
                let client = Client::connect(path, *bus)?;
                let delay = AnyDelay::Served(client.delay());
                // The lock of a program with the preload library, too.
                let lock = SessionLock::served(path, client.bus(), *address);
                let bus = Locked::new(client, lock);
                Ok(device(AnyBus::Served(bus), delay, *address))
            }
            Self::ThrowAway { chip } => emulated(Chip::throw_away(chip.unwrap_or(DEFAULT_CHIP))?),
        }
    }
}

/// A driver for an emulated chip alone on its bus.
///
/// # Errors
/// [`OpenError::Address`] when the chip's configuration has none.
pub fn emulated(chip: Chip) -> Result<AnyDevice, OpenError> {
    let address = BusAddress::new(chip.address())?;
    let bus = Bus::with_chip(chip);
    let (i2c, delay) = (AnyBus::Emulated(bus.i2c()), AnyDelay::Emulated(bus.delay()));
    Ok(device(i2c, delay, address))
}

fn device(i2c: AnyBus, delay: AnyDelay, address: BusAddress) -> AnyDevice {
    Device::new(i2c, delay)
        .with_wake(AnyWake)
        .with_address(address)
}
