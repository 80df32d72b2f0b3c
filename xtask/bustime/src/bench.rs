//! A chip on a bus of its own, and the driver.

use std::num::NonZeroU32;

use atecc::Device;
use atecc::device::WakePulse;
use atecc_emulator::client::Client;
use atecc_emulator::{Bus, Chip, Clock, Entropy, Image};
use embedded_hal::i2c::I2c;

use crate::setting::{STANDARD, Setting};
use crate::wire::{Pause, Wire, WireError};

/// The driver under test.
pub(crate) type Driver = Device<Wire, Pause, SlowPulse>;

/// A pulse by general call, for which the bus is slowed down to 100 kHz.
#[derive(Debug)]
pub(crate) struct SlowPulse {
    bus: Bus,
    scl_hz: NonZeroU32,
}

impl WakePulse<Wire, Pause> for SlowPulse {
    fn pulse(&mut self, wire: &mut Wire, _: &mut Pause) -> Result<(), WireError> {
        self.bus.set_scl_hz(STANDARD);
        let pulse = wire.write(0x00, &[0x00]);
        self.bus.set_scl_hz(self.scl_hz);
        match pulse {
            Err(error) if error.is_address_nack() => Ok(()),
            result => result,
        }
    }
}

/// A chip, its bus, and a driver that has not met it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) bus: Bus,
    pub(crate) device: Driver,
    pub(crate) setting: Setting,
    /// What the chip held at first.
    pub(crate) before: Image,
}

impl Bench {
    /// In virtual time.
    pub(crate) fn new(image: Image, setting: Setting, seed: u64) -> Self {
        let bus = bus(Clock::simulated(), &image, setting, seed);
        let (wire, pause) = (Wire::Emulated(bus.i2c()), Pause::Emulated(bus.delay()));
        Self::with(bus, (wire, pause), image, setting)
    }

    /// By way of `client`, to whom `bus` is served, which [`bus`] has made.
    pub(crate) fn served(bus: Bus, client: Client, image: Image, setting: Setting) -> Self {
        let pause = Pause::Served(client.delay());
        Self::with(bus, (Wire::Served(client), pause), image, setting)
    }

    fn with(bus: Bus, (wire, pause): (Wire, Pause), image: Image, setting: Setting) -> Self {
        let scl_hz = setting.scl_hz();
        let pulse = SlowPulse {
            bus: bus.clone(),
            scl_hz,
        };
        let device = Device::new(wire, pause).with_wake(pulse);
        Self {
            bus,
            device,
            setting,
            before: image,
        }
    }
}

/// A chip with this memory on a bus that keeps time by `clock`.
///
/// # Panics
/// Never: a seed needs no randomness of the system's.
pub(crate) fn bus(clock: Clock, image: &Image, setting: Setting, seed: u64) -> Bus {
    let chip = Chip::new(image.clone(), Entropy::Seeded(seed)).expect("a seed");
    let bus = Bus::with_clock(clock);
    bus.attach(chip.with_execution_time(setting.model));
    bus.set_scl_hz(setting.scl_hz());
    bus
}
