//! The device, and how it runs on a blocking embedded-hal bus.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorKind, I2c, NoAcknowledgeSource};

use crate::procedure::{Once, Run};
use crate::session::{Left, Outcome, Session, Step};
use crate::{BusAddress, Command, Error, ObservedTimes, Procedure, Timing};

/// How a board wakes its chips: SDA low for 60 us or more.
///
/// Any closure over bus and delay is one, for boards that drive SDA as a GPIO
/// or slow the bus down for it.
///
/// ```
/// use atecc::Device;
/// use atecc::commands::InfoRevision;
/// use atecc_emulator::{Delay, I2cHandle};
/// use embedded_hal::i2c::I2c;
///
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// // A board would drive SDA low here.
/// let pulse = |i2c: &mut I2cHandle, _: &mut Delay| {
///     let _nobody_acknowledges = i2c.write(0x00, &[0x00]);
///     Ok(())
/// };
/// let mut device = Device::new(bus.i2c(), bus.delay()).with_wake(pulse);
/// device.execute(InfoRevision)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait WakePulse<B: I2c, D> {
    /// Give one pulse. A missing acknowledge is no error here: chips of this
    /// family never acknowledge it.
    ///
    /// # Errors
    /// The bus's own.
    fn pulse(&mut self, i2c: &mut B, delay: &mut D) -> Result<(), B::Error>;

    /// The session that began with the first pulse is over, and nothing more
    /// is sent until the next one. For buses that are shared.
    fn session_over(&mut self, i2c: &mut B) {
        let _ = i2c;
    }

    /// The host's clock, in microseconds from any moment on; `None` on a host
    /// without one. With it a transfer that hangs is noticed, and waits that
    /// take longer than asked for are known.
    fn now_us(&mut self, i2c: &mut B, delay: &mut D) -> Option<u64> {
        let _ = (i2c, delay);
        None
    }
}

/// A write to address 0 at 100 kHz or less: nine low bits, 90 us.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GeneralCall;

impl<B: I2c, D> WakePulse<B, D> for GeneralCall {
    fn pulse(&mut self, i2c: &mut B, _: &mut D) -> Result<(), B::Error> {
        match i2c.write(0x00, &[0x00]) {
            Err(error) if is_nack(&error) => Ok(()),
            result => result,
        }
    }
}

impl<B: I2c, D, F> WakePulse<B, D> for F
where
    F: FnMut(&mut B, &mut D) -> Result<(), B::Error>,
{
    fn pulse(&mut self, i2c: &mut B, delay: &mut D) -> Result<(), B::Error> {
        self(i2c, delay)
    }
}

/// A chip on an I2C bus, blocking or (with the feature `async`) awaited.
///
/// Owns the bus; share one between drivers with embedded-hal-bus.
///
/// ```
/// use atecc::commands::InfoRevision;
/// use atecc::session::Left;
/// use atecc::{BusAddress, Device};
///
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let (i2c, delay) = (bus.i2c(), bus.delay());
/// let mut device = Device::new(i2c, delay).with_address(BusAddress::new(0x60)?);
/// device.execute(InfoRevision)?;
/// assert_eq!(device.left(), Left::Asleep);
/// let (_i2c, _delay) = device.release();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Device<I2C, D, W = GeneralCall> {
    pub(crate) i2c: I2C,
    pub(crate) delay: D,
    pub(crate) wake: W,
    pub(crate) address: BusAddress,
    pub(crate) timing: Timing,
    pub(crate) observed: ObservedTimes,
    pub(crate) left: Left,
    pub(crate) slow_us: u32,
}

impl<I2C, D> Device<I2C, D> {
    /// A chip at the address of parts as delivered, 0x60.
    pub const fn new(i2c: I2C, delay: D) -> Self {
        Self {
            i2c,
            delay,
            wake: GeneralCall,
            address: BusAddress::DEFAULT,
            timing: Timing::new(None),
            observed: ObservedTimes::new(),
            left: Left::Asleep,
            slow_us: 0,
        }
    }
}

impl<I2C, D, W> Device<I2C, D, W> {
    /// The same chip, woken by `wake`.
    pub fn with_wake<V>(self, wake: V) -> Device<I2C, D, V> {
        Device {
            i2c: self.i2c,
            delay: self.delay,
            wake,
            address: self.address,
            timing: self.timing,
            observed: self.observed,
            left: self.left,
            slow_us: self.slow_us,
        }
    }

    /// A chip at another address, of which nothing was observed yet.
    #[must_use]
    pub fn with_address(self, address: BusAddress) -> Self {
        Self {
            address,
            observed: ObservedTimes::new(),
            ..self
        }
    }

    /// Other waits than [`Timing::default`], for example once the chip's
    /// family is known.
    pub const fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// What was observed of the chip before, by another device at the same address.
    pub const fn set_observed_times(&mut self, observed: ObservedTimes) {
        self.observed = observed;
    }

    /// What was observed of the chip in the sessions so far.
    pub const fn observed_times(&self) -> &ObservedTimes {
        &self.observed
    }

    /// Where the chip is.
    pub const fn address(&self) -> BusAddress {
        self.address
    }

    /// How the last session left the chip. A sleep token that is refused, or
    /// lost with a failing bus, takes nothing from what the session has
    /// returned: it is told here.
    pub const fn left(&self) -> Left {
        self.left
    }

    /// Microseconds that the last session spent in transfers that failed slowly;
    /// 0 on a host without a clock. Several addresses that nobody answers may
    /// together be a stuck bus.
    pub const fn slow_us(&self) -> u32 {
        self.slow_us
    }

    /// Give bus and delay back.
    pub fn release(self) -> (I2C, D) {
        (self.i2c, self.delay)
    }
}

impl<I2C: I2c, D: DelayNs, W: WakePulse<I2C, D>> Device<I2C, D, W> {
    /// Send one command: wake, exchange, sleep.
    ///
    /// ```
    /// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
    /// use atecc::commands::{Counter, CounterId, CounterMode};
    ///
    /// let (mode, counter) = (CounterMode::Read, CounterId::Zero);
    /// assert_eq!(device.execute(Counter { mode, counter })?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The bus's own error, or the command's [`Failure`](crate::Failure).
    pub fn execute<C: Command>(&mut self, command: C) -> Result<C::Response, Error<I2C::Error>> {
        self.run(Once(command))
    }

    /// Run `procedure` in one awake session. The chip is left asleep on every
    /// way out, as far as the bus allows it ([`Device::left`]).
    ///
    /// ```
    /// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
    /// use atecc::procedures::ReadConfig;
    ///
    /// let zone = device.run(ReadConfig::new())?;
    /// assert_eq!(zone.as_bytes()[..2], [0x01, 0x23]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The bus's own error, or the procedure's.
    pub fn run<P: Procedure>(
        &mut self,
        procedure: P,
    ) -> Result<P::Output, Error<I2C::Error, P::Error>> {
        self.finish(Run::new(procedure, self.timing))
    }

    /// As [`Device::run`], at an address that may be another device's: nothing
    /// is written to it before it has given a sound group.
    ///
    /// ```
    /// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
    /// use atecc::commands::InfoRevision;
    /// use atecc::procedure::Once;
    /// use atecc::BusAddress;
    ///
    /// let mut elsewhere = device.with_address(BusAddress::new(0x35)?);
    /// assert!(elsewhere.probe(Once(InfoRevision)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The bus's own error, or the procedure's.
    pub fn probe<P: Procedure>(
        &mut self,
        procedure: P,
    ) -> Result<P::Output, Error<I2C::Error, P::Error>> {
        self.finish(Run::probe(procedure, self.timing))
    }

    fn finish<P: Procedure>(
        &mut self,
        mut run: Run<P>,
    ) -> Result<P::Output, Error<I2C::Error, P::Error>> {
        if self.left == Left::Unknown {
            run.sleep_first();
        }
        run.set_observed_times(self.observed);
        let mut fault = None;
        while let Some(session) = run.session() {
            self.carry(session, &mut fault);
            run.proceed();
        }
        self.wake.session_over(&mut self.i2c);
        self.left = run.left();
        self.slow_us = run.slow_us();
        self.observed = *run.observed_times();
        result(run, fault)
    }

    /// Perform the steps of one command. It knows no procedure, so that it is
    /// compiled once for all of them.
    fn carry(&mut self, session: &mut Session, fault: &mut Option<I2C::Error>) {
        let mut now = self.wake.now_us(&mut self.i2c, &mut self.delay);
        loop {
            let result = match session.step() {
                Step::Done => return,
                Step::Wait(us) => {
                    self.delay.delay_us(us);
                    Ok(())
                }
                Step::Wake => self.wake.pulse(&mut self.i2c, &mut self.delay),
                Step::Write(bytes) => self.i2c.write(self.address.get(), bytes),
                Step::Read(buffer) => self.i2c.read(self.address.get(), buffer),
            };
            let then = now;
            now = self.wake.now_us(&mut self.i2c, &mut self.delay);
            session.advance_after(outcome(result, fault), took_us(then, now));
        }
    }
}

/// What a finished run gives: its own result, or the bus's error where the bus
/// failed under a command.
pub(crate) fn result<P: Procedure, E>(
    run: Run<P>,
    fault: Option<E>,
) -> Result<P::Output, Error<E, P::Error>> {
    let broken = run.broken();
    run.finish().map_err(|failed| match (broken, fault) {
        (Some(executed), Some(error)) => Error::Bus { error, executed },
        _ => Error::Failed(failed),
    })
}

/// The time between two readings of the host's clock.
pub(crate) fn took_us(then: Option<u64>, now: Option<u64>) -> u32 {
    let took = then.zip(now).map(|(then, now)| now.saturating_sub(then));
    took.map_or(0, |us| u32::try_from(us).unwrap_or(u32::MAX))
}

/// Sort a transfer's result; the first fault is kept in `fault`.
pub(crate) fn outcome<E: embedded_hal::i2c::Error>(
    result: Result<(), E>,
    fault: &mut Option<E>,
) -> Outcome {
    let Err(error) = result else {
        return Outcome::Done;
    };
    match error.kind() {
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address) => Outcome::AddressNack,
        ErrorKind::NoAcknowledge(_) => Outcome::Nack,
        ErrorKind::ArbitrationLoss => Outcome::ArbitrationLost,
        _ => {
            fault.get_or_insert(error);
            Outcome::Fault
        }
    }
}

pub(crate) fn is_nack(error: &impl embedded_hal::i2c::Error) -> bool {
    matches!(error.kind(), ErrorKind::NoAcknowledge(_))
}
