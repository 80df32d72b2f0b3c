//! A bus whose outcomes the compiler cannot foresee. Its three functions keep
//! their names, so that the measurement finds where `atecc` calls the bus.

use core::hint::black_box;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

/// Use the bus from the baseline as well.
pub fn touch() {
    black_box(Bus.read(0x60, &mut []).is_ok());
    black_box(Bus.write(0x60, &[]).is_ok());
    Delay.delay_ns(1);
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probe_read(address: u8, bytes: *mut u8, len: usize) -> u8 {
    black_box((address, bytes, len)).0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probe_write(address: u8, bytes: *const u8, len: usize) -> u8 {
    black_box((address, bytes, len)).0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probe_delay(ns: u32) {
    black_box(ns);
}

pub struct Bus;

/// What the bus said.
#[derive(Clone, Copy, Debug)]
pub struct Fault(u8);

impl Error for Fault {
    fn kind(&self) -> ErrorKind {
        match self.0 {
            1 => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
            _ => ErrorKind::Bus,
        }
    }
}

impl ErrorType for Bus {
    type Error = Fault;
}

impl I2c for Bus {
    fn read(&mut self, address: u8, bytes: &mut [u8]) -> Result<(), Fault> {
        result(probe_read(address, bytes.as_mut_ptr(), bytes.len()))
    }

    fn write(&mut self, address: u8, bytes: &[u8]) -> Result<(), Fault> {
        result(probe_write(address, bytes.as_ptr(), bytes.len()))
    }

    fn transaction(&mut self, _: u8, _: &mut [Operation<'_>]) -> Result<(), Fault> {
        Err(Fault(2))
    }
}

fn result(code: u8) -> Result<(), Fault> {
    match code {
        0 => Ok(()),
        code => Err(Fault(code)),
    }
}

pub struct Delay;

impl DelayNs for Delay {
    fn delay_ns(&mut self, ns: u32) {
        probe_delay(ns);
    }

    // The trait's own loop for long waits is the platform's affair.
    fn delay_us(&mut self, us: u32) {
        probe_delay(us);
    }
}
