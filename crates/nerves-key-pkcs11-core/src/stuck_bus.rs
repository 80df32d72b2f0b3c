//! Buses that carried nothing just now, and servers that said nothing: a slot there
//! would take seconds to find the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::fault::SlotFault;
use crate::presence::Belief;

/// What is believed of buses, for all slots of a module. It is no static: a child
/// of `fork` would wait for a thread of its parent that was at it.
#[derive(Debug, Default)]
pub struct StuckBuses(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    buses: BTreeMap<String, (Belief, Arc<SlotFault>)>,
    retry: Retry,
}

/// Whether a bus that was stuck may be asked again.
#[derive(Debug, Default)]
enum Retry {
    /// When it was long ago.
    #[default]
    Any,
    /// By a sweep over all slots, which has asked none again yet.
    One,
    /// By one that has: with every stuck bus it would take a while.
    None,
}

impl StuckBuses {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remember what is wrong with `bus`.
    pub(crate) fn remember(&self, bus: &str, fault: &Arc<SlotFault>) {
        let believed = (Belief::of_stuck_bus(), Arc::clone(fault));
        self.known().buses.insert(bus.to_owned(), believed);
    }

    /// What is wrong with `bus`, as far as is remembered. After `None` it is asked.
    pub(crate) fn recall(&self, bus: &str) -> Option<Arc<SlotFault>> {
        let mut known = self.known();
        let (belief, fault) = known.buses.get(bus)?;
        if belief.holds() || matches!(known.retry, Retry::None) {
            return Some(Arc::clone(fault));
        }
        known.buses.remove(bus);
        if matches!(known.retry, Retry::One) {
            known.retry = Retry::None;
        }
        None
    }

    /// All slots are looked at from now on.
    pub(crate) fn begin_sweep(&self) {
        self.known().retry = Retry::One;
    }

    /// All slots were looked at since `start`.
    pub(crate) fn end_sweep(&self, start: Instant) {
        let mut known = self.known();
        known.retry = Retry::Any;
        for (belief, _) in known.buses.values_mut() {
            belief.renew(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use atecc::Failure;
    use atecc::error::{Cause, Executed};

    use super::*;

    fn forget_that_it_is_recent(buses: &StuckBuses) {
        for (belief, _) in buses.known().buses.values_mut() {
            *belief = Belief::of_the_past();
        }
    }

    #[test]
    fn a_sweep_asks_one_stuck_bus_again() {
        let buses = StuckBuses::default();
        let fault = Arc::new(SlotFault::Chip(Failure {
            cause: Cause::Stuck {
                spent_us: 2_000_000,
            },
            executed: Executed::No,
        }));
        let names = ["a", "b", "c"];
        for bus in names {
            buses.remember(bus, &fault);
        }
        let asked = || names.map(|bus| buses.recall(bus).is_none());
        assert_eq!(asked(), [false; 3]);
        forget_that_it_is_recent(&buses);
        let start = Instant::now();
        buses.begin_sweep();
        assert_eq!(asked(), [true, false, false]);
        buses.remember("a", &fault);
        assert_eq!(asked(), [false; 3]);
        buses.end_sweep(start);
        // Whoever wants one very chip's slot has it asked.
        assert_eq!(asked(), [false, true, true]);
    }
}
