//! Buses that carried nothing just now: a slot on one of them would take
//! seconds to find the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fault::SlotFault;

/// What is believed of buses, for all slots of a module. It is no static: a child
/// of `fork` would wait for a thread of its parent that was at it.
#[derive(Debug, Default)]
pub struct StuckBuses(Mutex<BTreeMap<String, (Instant, Arc<SlotFault>)>>);

impl StuckBuses {
    fn buses(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, Arc<SlotFault>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remember for `ttl` what is wrong with `bus`.
    pub(crate) fn remember(&self, bus: &str, fault: &Arc<SlotFault>, ttl: Duration) {
        let until = Instant::now() + ttl;
        self.buses()
            .insert(bus.to_owned(), (until, Arc::clone(fault)));
    }

    /// What is wrong with `bus`, as far as is remembered.
    pub(crate) fn recall(&self, bus: &str) -> Option<Arc<SlotFault>> {
        let mut buses = self.buses();
        buses.retain(|_, (until, _)| Instant::now() < *until);
        buses.get(bus).map(|(_, fault)| Arc::clone(fault))
    }
}
