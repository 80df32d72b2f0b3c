//! A chip on a bus of its own, and the driver.

use std::num::NonZeroU32;

use atecc::Device;
use atecc::device::WakePulse;
use atecc_emulator::{Bus, BusError, Chip, Delay, Entropy, I2cHandle, Image};
use embedded_hal::i2c::I2c;

use crate::setting::{STANDARD, Setting};

/// The driver under test.
pub(crate) type Driver = Device<I2cHandle, Delay, SlowPulse>;

/// A pulse by general call, for which the bus is slowed down to 100 kHz.
#[derive(Debug)]
pub(crate) struct SlowPulse {
    bus: Bus,
    scl_hz: NonZeroU32,
}

impl WakePulse<I2cHandle, Delay> for SlowPulse {
    fn pulse(&mut self, i2c: &mut I2cHandle, _: &mut Delay) -> Result<(), BusError> {
        self.bus.set_scl_hz(STANDARD);
        let pulse = i2c.write(0x00, &[0x00]);
        self.bus.set_scl_hz(self.scl_hz);
        match pulse {
            Err(BusError::AddressNack(_)) => Ok(()),
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
    /// # Panics
    /// Never: a seed needs no randomness of the system's.
    pub(crate) fn new(image: Image, setting: Setting, seed: u64) -> Self {
        let chip = Chip::new(image.clone(), Entropy::Seeded(seed)).expect("a seed");
        let bus = Bus::with_chip(chip.with_execution_time(setting.model));
        let scl_hz = setting.scl_hz();
        bus.set_scl_hz(scl_hz);
        let pulse = SlowPulse {
            bus: bus.clone(),
            scl_hz,
        };
        let device = Device::new(bus.i2c(), bus.delay()).with_wake(pulse);
        Self {
            bus,
            device,
            setting,
            before: image,
        }
    }
}
