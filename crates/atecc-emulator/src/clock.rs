//! The time that chips, bus and delays share.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A clock that starts at zero. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Virtual(Arc<Mutex<Duration>>),
    Real(Instant),
    Skipping {
        start: Instant,
        skipped: Arc<Mutex<Duration>>,
    },
}

impl Clock {
    /// A clock that moves only when the bus or a delay uses time.
    #[must_use]
    pub fn simulated() -> Self {
        Self(Kind::Virtual(Arc::default()))
    }

    /// The computer's clock. Using time means sleeping.
    #[must_use]
    pub fn real() -> Self {
        Self(Kind::Real(Instant::now()))
    }

    /// The computer's clock, for hosts in a hurry. Using time skips it instead
    /// of sleeping, so this clock is ahead by all that was skipped.
    #[must_use]
    pub fn skipping() -> Self {
        Self(Kind::Skipping {
            start: Instant::now(),
            skipped: Arc::default(),
        })
    }

    /// Whether using time means sleeping.
    #[must_use]
    pub const fn is_real(&self) -> bool {
        matches!(self.0, Kind::Real(_))
    }

    /// Time since the clock was made.
    #[must_use]
    pub fn now(&self) -> Duration {
        match &self.0 {
            Kind::Virtual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
            Kind::Real(start) => start.elapsed(),
            Kind::Skipping { start, skipped } => {
                let skipped = *skipped.lock().unwrap_or_else(PoisonError::into_inner);
                start.elapsed().saturating_add(skipped)
            }
        }
    }

    /// Let `time` pass.
    pub fn advance(&self, time: Duration) {
        match &self.0 {
            Kind::Virtual(used) | Kind::Skipping { skipped: used, .. } => {
                let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
                *used = used.saturating_add(time);
            }
            Kind::Real(_) => thread::sleep(time),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::simulated()
    }
}

/// A delay that uses up the time of a [`Clock`].
#[derive(Clone, Debug)]
pub struct Delay(Clock);

impl Delay {
    pub(crate) const fn new(clock: Clock) -> Self {
        Self(clock)
    }
}

impl embedded_hal::delay::DelayNs for Delay {
    fn delay_ns(&mut self, ns: u32) {
        self.0.advance(Duration::from_nanos(ns.into()));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use embedded_hal::delay::DelayNs;

    use super::{Clock, Delay};

    #[test]
    fn delays_move_every_clone() {
        let clock = Clock::simulated();
        let mut delay = Delay::new(clock.clone());
        delay.delay_us(1_500);
        delay.delay_ms(5_000);
        assert_eq!(clock.now(), Duration::from_micros(5_001_500));
    }

    #[test]
    fn real_time_passes() {
        let clock = Clock::real();
        clock.advance(Duration::from_millis(2));
        assert!(clock.now() >= Duration::from_millis(2));
    }

    #[test]
    fn a_skipping_clock_does_not_sleep() {
        let (clock, start) = (Clock::skipping(), std::time::Instant::now());
        clock.clone().advance(Duration::from_secs(3600));
        let now = clock.now();
        assert!(now >= Duration::from_secs(3600));
        assert!(start.elapsed() < Duration::from_secs(60));
        Clock::real().advance(Duration::from_millis(2));
        assert!(clock.now() >= now + Duration::from_millis(2));
    }
}
