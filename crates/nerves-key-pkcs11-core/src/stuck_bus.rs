//! Buses that carried nothing just now: a slot on one of them would take
//! seconds to find the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fault::SlotFault;

/// Each until when that is believed, and why.
type StuckBuses = BTreeMap<String, (Instant, Arc<SlotFault>)>;

fn stuck_buses() -> MutexGuard<'static, StuckBuses> {
    static STUCK: Mutex<StuckBuses> = Mutex::new(BTreeMap::new());
    STUCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remember for `ttl` what is wrong with `bus`.
pub(crate) fn remember(bus: &str, fault: &Arc<SlotFault>, ttl: Duration) {
    let until = Instant::now() + ttl;
    stuck_buses().insert(bus.to_owned(), (until, Arc::clone(fault)));
}

/// What is wrong with `bus`, as far as is remembered.
pub(crate) fn recall(bus: &str) -> Option<Arc<SlotFault>> {
    let mut buses = stuck_buses();
    buses.retain(|_, (until, _)| Instant::now() < *until);
    buses.get(bus).map(|(_, fault)| Arc::clone(fault))
}
