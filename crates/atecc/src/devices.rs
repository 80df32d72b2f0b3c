//! Several chips on one bus, which compute at the same time.
//!
//! A chip signs for some 60 ms and needs the bus for 20; meanwhile the others are
//! served. Each has a session of its own, and the bus goes from one to the next
//! only where a session waits.
//!
//! # What the chips hear of each other
//!
//! Every chip hears every wake pulse, and at 100 kHz or less the bytes for another
//! chip as well, when they hold six zero bits in a row: a sleep token is such a
//! byte. What that does:
//!
//! - asleep: it wakes, its watchdog runs. Each session begins with a renewal, for
//!   this reason ([`crate::session`], "Watchdog and volatile state"). A chip that
//!   has ended its last procedure may be woken again while others go on, and stays
//!   awake until its watchdog ends that, 1.7 s at the latest; of what it held
//!   nothing is left.
//! - falling asleep: the pulse is lost, and the session's own comes after that.
//! - idle: it wakes and keeps what it holds. Between the idle token and the pulse
//!   of a renewal a session waits for nothing, so that nobody comes between.
//! - awake: only its read pointer goes back. An answer is read in one transfer.
//! - busy: nothing.
//!
//! Source: ATECC508A datasheet, "Wake-Up and Sleep".

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use crate::device::{GeneralCall, WakePulse, outcome, result, took_us};
use crate::procedure::Run;
use crate::session::{Left, Session, Step};
use crate::{BusAddress, Error, ObservedTimes, Procedure, Timing};

/// Chips that share a bus, each at its own address.
///
/// It needs a clock: what a session waits is the time that passes while others use
/// the bus. `clock` gives microseconds from any moment on.
///
/// ```
/// use atecc::commands::Random;
/// use atecc::procedure::Once;
/// use atecc::{BusAddress, Devices};
/// # use atecc_emulator::{Bus, Chip, Image, Revision};
/// # let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
/// # let mut config = *Image::blank(Revision::Atecc608B).config();
/// # config[16] = 0x62 << 1;
/// # let other = Image::blank(Revision::Atecc608B).with_config(config)?;
/// # bus.attach(Chip::new(other, atecc_emulator::Entropy::Seeded(2))?);
/// # let time = bus.clock();
/// # let clock = move || u64::try_from(time.now().as_micros()).unwrap_or(u64::MAX);
/// # let (i2c, delay) = (bus.i2c(), bus.delay());
///
/// let addresses = [BusAddress::new(0x60)?, BusAddress::new(0x62)?];
/// let mut devices = Devices::new(i2c, delay, clock, addresses);
/// // Ten random numbers, from whichever chip is free.
/// let (mut begun, mut numbers) = (0, Vec::new());
/// devices.run_each(|_chip, result| {
///     numbers.extend(result.map(|number| number.expect("a chip that works")));
///     begun += 1;
///     (begun <= 10).then(|| Once(Random::default()))
/// });
/// assert_eq!(numbers.len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Devices<I2C, D, C, const N: usize, W = GeneralCall> {
    i2c: I2C,
    delay: D,
    clock: C,
    wake: W,
    chips: [Chip; N],
}

/// What is kept of a chip from one run to the next.
#[derive(Clone, Copy, Debug)]
struct Chip {
    address: BusAddress,
    timing: Timing,
    observed: ObservedTimes,
    left: Left,
}

/// What a run on one of the chips has given.
pub type RunResult<P, E> = Result<<P as Procedure>::Output, Error<E, <P as Procedure>::Error>>;

/// A run, and the times of its waits.
struct Seat<P: Procedure, E> {
    run: Run<P>,
    fault: Option<E>,
    /// When it was last told what came of a step.
    since_us: u64,
    /// Until when it waits.
    until_us: u64,
}

impl<I2C, D, C, const N: usize> Devices<I2C, D, C, N> {
    /// Chips at these addresses.
    pub fn new(i2c: I2C, delay: D, clock: C, addresses: [BusAddress; N]) -> Self {
        Self {
            i2c,
            delay,
            clock,
            wake: GeneralCall,
            chips: addresses.map(|address| Chip {
                address,
                timing: Timing::new(None),
                observed: ObservedTimes::new(),
                left: Left::Asleep,
            }),
        }
    }
}

impl<I2C, D, C, const N: usize, W> Devices<I2C, D, C, N, W> {
    /// The same chips, woken by `wake`. Its clock is not asked, and it is told that
    /// the session is over when all of them are.
    pub fn with_wake<V>(self, wake: V) -> Devices<I2C, D, C, N, V> {
        Devices {
            i2c: self.i2c,
            delay: self.delay,
            clock: self.clock,
            wake,
            chips: self.chips,
        }
    }

    /// Other waits than [`Timing::default`] for chip number `chip`; nothing happens
    /// when there is none.
    pub fn set_timing(&mut self, chip: usize, timing: Timing) {
        if let Some(chip) = self.chips.get_mut(chip) {
            chip.timing = timing;
        }
    }

    /// How the last session of chip number `chip` left it, before others may have
    /// woken it.
    pub fn left(&self, chip: usize) -> Option<Left> {
        self.chips.get(chip).map(|chip| chip.left)
    }

    /// What was observed of chip number `chip` in the sessions so far.
    pub fn observed_times(&self, chip: usize) -> Option<&ObservedTimes> {
        self.chips.get(chip).map(|chip| &chip.observed)
    }

    /// Give bus and delay back.
    pub fn release(self) -> (I2C, D) {
        (self.i2c, self.delay)
    }
}

impl<I2C, D, C, const N: usize, W> Devices<I2C, D, C, N, W>
where
    I2C: I2c,
    D: DelayNs,
    C: FnMut() -> u64,
    W: WakePulse<I2C, D>,
{
    /// Run procedures on all chips until there are none left. `next` gives one for
    /// the chip of a number, with `None` at the beginning and then with the result of
    /// the one before; a chip for which it gives nothing is done. Each run is a
    /// session of its own. `next` must not take long: other chips compute meanwhile, or
    /// hold an answer until their watchdogs fire; what takes long is done afterwards.
    pub fn run_each<P: Procedure>(
        &mut self,
        mut next: impl FnMut(usize, Option<RunResult<P, I2C::Error>>) -> Option<P>,
    ) {
        let mut seats: [Option<Seat<P, I2C::Error>>; N] = core::array::from_fn(|_| None);
        for (at, seat) in seats.iter_mut().enumerate() {
            if let Some(begun) = next(at, None).and_then(|procedure| self.begin(at, procedure)) {
                *seat = self.go_on(at, begun, &mut next);
            }
        }
        while let Some((at, seat)) = earliest(&mut seats) {
            let Some(waiting) = seat.take() else { break };
            let left_us = waiting.until_us.saturating_sub((self.clock)());
            if left_us > 0 {
                self.delay
                    .delay_us(u32::try_from(left_us).unwrap_or(u32::MAX));
            }
            *seat = self.go_on(at, waiting, &mut next);
        }
        self.wake.session_over(&mut self.i2c);
    }

    fn begin<P: Procedure>(&mut self, at: usize, procedure: P) -> Option<Seat<P, I2C::Error>> {
        let chip = self.chips.get(at)?;
        let mut run = Run::new(procedure, chip.timing);
        if chip.left == Left::Unknown {
            run.sleep_first();
        }
        run.set_observed_times(chip.observed);
        let now_us = (self.clock)();
        Some(Seat {
            run,
            fault: None,
            since_us: now_us,
            until_us: now_us,
        })
    }

    /// Go on with a run, and with those that follow it on this chip, up to the next
    /// wait; `None` when there is nothing more to do.
    fn go_on<P: Procedure>(
        &mut self,
        at: usize,
        mut seat: Seat<P, I2C::Error>,
        next: &mut impl FnMut(usize, Option<RunResult<P, I2C::Error>>) -> Option<P>,
    ) -> Option<Seat<P, I2C::Error>> {
        loop {
            let Seat {
                run,
                fault,
                since_us,
                until_us,
            } = &mut seat;
            while let Some(session) = run.session() {
                if let Some(wait_us) = self.carry(at, session, fault, since_us) {
                    *until_us = wait_us;
                    return Some(seat);
                }
                run.proceed();
            }
            let chip = self.chips.get_mut(at)?;
            chip.left = seat.run.left();
            chip.observed = *seat.run.observed_times();
            let procedure = next(at, Some(result(seat.run, seat.fault)))?;
            seat = self.begin(at, procedure)?;
        }
    }

    /// Perform the steps of one command up to a wait that is not over, which ends at
    /// the time that is returned.
    fn carry(
        &mut self,
        at: usize,
        session: &mut Session,
        fault: &mut Option<I2C::Error>,
        since_us: &mut u64,
    ) -> Option<u64> {
        let address = self.chips.get(at)?.address.get();
        loop {
            let result = match session.step() {
                Step::Done => return None,
                Step::Wait(us) => {
                    let until_us = since_us.saturating_add(us.into());
                    if (self.clock)() < until_us {
                        return Some(until_us);
                    }
                    Ok(())
                }
                Step::Wake => self.wake.pulse(&mut self.i2c, &mut self.delay),
                Step::Write(bytes) => self.i2c.write(address, bytes),
                Step::Read(buffer) => self.i2c.read(address, buffer),
            };
            let now_us = (self.clock)();
            let took_us = took_us(Some(*since_us), Some(now_us));
            *since_us = now_us;
            session.advance_after(outcome(result, fault), took_us);
        }
    }
}

/// The one whose wait ends first.
fn earliest<P: Procedure, E>(
    seats: &mut [Option<Seat<P, E>>],
) -> Option<(usize, &mut Option<Seat<P, E>>)> {
    let waiting = seats.iter_mut().enumerate();
    waiting
        .filter(|(_, seat)| seat.is_some())
        .min_by_key(|(_, seat)| seat.as_ref().map(|seat| seat.until_us))
}
