//! Chips that are emulated in this process, or by another one that serves them
//! on a socket. All of this crate's use of the emulator is here.

mod bus;
mod uri;

pub use bus::{EmulatedBus, EmulatedDelay, EmulatedFault};
pub use uri::{EmulatedUri, ImageName};

#[cfg(target_os = "linux")]
use std::path::Path;

use atecc::BusAddress;
use atecc::bus_address::InvalidBusAddress;
#[cfg(target_os = "linux")]
use atecc_emulator::client::{Client, ConnectError};
use atecc_emulator::{Bus, Chip, Revision};
#[cfg(target_os = "linux")]
use atecc_linux::{Locked, SessionLock};

use crate::{AnyBus, AnyDelay, AnyDevice, OpenError, device};

/// A throw-away chip where the name says nothing else.
pub const DEFAULT_CHIP: Revision = Revision::Atecc608B;

/// Why an emulated chip could not be opened. None has been touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatedOpenError {
    /// The served bus.
    #[cfg(target_os = "linux")]
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
    /// A bus that is served where only a program on Linux reaches it.
    #[cfg(not(target_os = "linux"))]
    #[error(
        "{0} is reached on Linux only, and this is {system}: use emu:FILE or emu:",
        system = std::env::consts::OS
    )]
    NotOnThisSystem(EmulatedUri),
}

impl EmulatedOpenError {
    pub(crate) const fn is_image_in_use(&self) -> bool {
        matches!(self, Self::Image(atecc_emulator::OpenError::InUse { .. }))
    }

    pub(crate) fn is_silent_server(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Served(error) => error.is_silence(),
            _ => false,
        }
    }
}

impl EmulatedUri {
    /// Whether another process is in a session with the chip of a served bus. Of a
    /// bus without a number only its server knows which it is.
    pub(crate) fn is_in_use(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Served {
                path,
                bus: Some(bus),
                address,
            } => crate::is_taken(&SessionLock::served(path, *bus, *address)),
            _ => false,
        }
    }

    pub(crate) fn open(&self) -> Result<AnyDevice, EmulatedOpenError> {
        match self {
            Self::Image { path, chip } => alone(Chip::open(path, *chip)?),
            #[cfg(target_os = "linux")]
            Self::Served { path, bus, address } => served(path, *bus, *address),
            #[cfg(not(target_os = "linux"))]
            Self::Served { .. } => Err(EmulatedOpenError::NotOnThisSystem(self.clone())),
            Self::ThrowAway { chip } => alone(Chip::throw_away(chip.unwrap_or(DEFAULT_CHIP))?),
        }
    }
}

#[cfg(target_os = "linux")]
fn served(
    path: &Path,
    bus: Option<u32>,
    address: BusAddress,
) -> Result<AnyDevice, EmulatedOpenError> {
    let client = Client::connect(path, bus)?;
    let delay = EmulatedDelay::Served(client.delay());
    // The lock of a program with the preload library, too.
    let lock = SessionLock::served(path, client.bus(), address);
    let bus = EmulatedBus::Served(Locked::new(client, lock));
    Ok(emulated_device(bus, delay, address))
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
