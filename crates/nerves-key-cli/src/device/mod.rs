//! The chip that a command works on.

mod bus;
mod uri;

pub(crate) use bus::{AnyBus, AnyDelay, BusFault};
pub(crate) use uri::{DeviceUri, ImageName, UriError};

use atecc::{BusAddress, Device};
use atecc_emulator::client::Client;
use atecc_emulator::{Bus, Chip};
use atecc_linux::{Locked, SessionLock};

use crate::error::{CliError, Exit};

/// A driver for any chip.
pub(crate) type AnyDevice = Device<AnyBus, AnyDelay>;

/// A throw-away chip where the URI names none. Source: the command's contract.
pub(crate) const DEFAULT_CHIP: atecc_emulator::Revision = atecc_emulator::Revision::Atecc608B;

impl DeviceUri {
    /// Open the bus. The chip is not touched yet.
    pub(crate) fn open(&self) -> Result<AnyDevice, CliError> {
        match self {
            Self::I2c { path, address } => {
                let (bus, delay) = atecc_linux::open(path, *address)
                    .map_err(|error| CliError::new(Exit::NoChip, error))?
                    .release();
                let device = Device::new(AnyBus::Linux(bus), AnyDelay::Linux(delay));
                Ok(device.with_address(*address))
            }
            Self::Image { path, chip } => {
                let chip = Chip::open(path, *chip).map_err(CliError::refused)?;
                emulated(chip)
            }
            Self::Served { path, bus, address } => {
                let client = Client::connect(path, *bus)
                    .map_err(|error| CliError::new(Exit::NoChip, error))?;
                let delay = AnyDelay::Served(client.delay());
                // As a program with the preload library names the bus.
                let name = format!("/dev/i2c-{}", client.bus());
                let bus = Locked::new(client, SessionLock::new(name, *address));
                Ok(Device::new(AnyBus::Served(bus), delay).with_address(*address))
            }
            Self::ThrowAway { chip } => {
                let chip = Chip::throw_away(chip.unwrap_or(DEFAULT_CHIP));
                emulated(chip.map_err(CliError::failed)?)
            }
        }
    }
}

/// A driver for an emulated chip alone on its bus.
pub(crate) fn emulated(chip: Chip) -> Result<AnyDevice, CliError> {
    let address = BusAddress::new(chip.address()).map_err(CliError::refused)?;
    let bus = Bus::with_chip(chip);
    let device = Device::new(AnyBus::Emulated(bus.i2c()), AnyDelay::Emulated(bus.delay()));
    Ok(device.with_address(address))
}
