//! A delay that is recorded.

use embedded_hal::delay::DelayNs;

use super::{Clock, Sink, Tape};
use crate::Action;

/// A delay whose waits are recorded.
#[derive(Debug)]
pub struct DelayRecorder<'t, D, S, C> {
    pub(super) delay: D,
    pub(super) tape: &'t Tape<S, C>,
}

impl<'t, D, S: Sink, C: Clock> DelayRecorder<'t, D, S, C> {
    /// Record `delay` on `tape`.
    pub const fn new(delay: D, tape: &'t Tape<S, C>) -> Self {
        Self { delay, tape }
    }

    pub(super) fn begins(&self, ns: u64) {
        self.tape.put(self.tape.now(), &Action::Delay(ns));
    }
}

pub(super) const NS_PER_US: u64 = 1_000;
pub(super) const NS_PER_MS: u64 = 1_000_000;

/// Each method is passed on as it is, since a delay may do one of them better.
impl<D: DelayNs, S: Sink, C: Clock> DelayNs for DelayRecorder<'_, D, S, C> {
    fn delay_ns(&mut self, ns: u32) {
        self.begins(ns.into());
        self.delay.delay_ns(ns);
    }

    fn delay_us(&mut self, us: u32) {
        self.begins(u64::from(us) * NS_PER_US);
        self.delay.delay_us(us);
    }

    fn delay_ms(&mut self, ms: u32) {
        self.begins(u64::from(ms) * NS_PER_MS);
        self.delay.delay_ms(ms);
    }
}
