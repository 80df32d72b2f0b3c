//! Chips that are emulated in this process, or by another one that serves them
//! on a socket. All of this crate's use of the emulator is here.

mod bus;
mod uri;

pub use bus::{EmulatedBus, EmulatedDelay, EmulatedFault};
pub use uri::{EmulatedUri, ImageName};

use atecc::{BusAddress, InvalidBusAddress};
use atecc_emulator::client::{Client, ConnectError};
use atecc_emulator::{Bus, Chip, Revision};
use atecc_linux::{Locked, SessionLock};

use crate::{AnyBus, AnyDelay, AnyDevice, OpenError, device};

/// A throw-away chip where the name says nothing else.
pub const DEFAULT_CHIP: Revision = Revision::Atecc608B;

/// Why an emulated chip could not be opened. None has been touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatedOpenError {
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

impl EmulatedUri {
    pub(crate) fn open(&self) -> Result<AnyDevice, EmulatedOpenError> {
        match self {
            Self::Image { path, chip } => alone(Chip::open(path, *chip)?),
            Self::Served { path, bus, address } => {
                let client = Client::connect(path, *bus)?;
                let delay = EmulatedDelay::Served(client.delay());
                // The lock of a program with the preload library, too.
                let lock = SessionLock::served(path, client.bus(), *address);
                let bus = EmulatedBus::Served(Locked::new(client, lock));
                Ok(emulated_device(bus, delay, *address))
            }
            Self::ThrowAway { chip } => alone(Chip::throw_away(chip.unwrap_or(DEFAULT_CHIP))?),
        }
    }
}

/// A driver for an emulated chip alone on its bus.
///
/// ```
/// use atecc::commands::InfoRevision;
/// use atecc_emulator::{Chip, Revision};
///
/// let mut device = nerves_key_device::emulated(Chip::blank(Revision::Atecc508A))?;
/// let revision = device.execute(InfoRevision)?;
/// # assert_eq!(revision.family(), Some(atecc::Family::Atecc508));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EmulatedOpenError::Address`] when the chip's configuration has none.
pub fn emulated(chip: Chip) -> Result<AnyDevice, OpenError> {
    Ok(alone(chip)?)
}

fn alone(chip: Chip) -> Result<AnyDevice, EmulatedOpenError> {
    let address = BusAddress::new(chip.address())?;
    let bus = Bus::with_chip(chip);
    let (i2c, delay) = (
        EmulatedBus::InProcess(bus.i2c()),
        EmulatedDelay::InProcess(bus.delay()),
    );
    Ok(emulated_device(i2c, delay, address))
}

fn emulated_device(bus: EmulatedBus, delay: EmulatedDelay, address: BusAddress) -> AnyDevice {
    device(AnyBus::Emulated(bus), AnyDelay::Emulated(delay), address)
}
