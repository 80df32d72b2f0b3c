//! The chip that a command works on.

mod bus;
mod uri;

pub(crate) use bus::{AnyBus, AnyDelay, BusFault};
pub(crate) use uri::DeviceUri;

use atecc::{BusAddress, Device};
use atecc_emulator::{Bus, Chip};

use crate::error::{CliError, Exit};

/// A driver for any chip.
pub(crate) type AnyDevice = Device<AnyBus, AnyDelay>;

/// A throw-away chip where the URI names none. Source: the command's contract.
const DEFAULT_CHIP: atecc_emulator::Revision = atecc_emulator::Revision::Atecc608B;

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
