//! What one run put on the bus.

use std::collections::BTreeSet;
use std::time::Duration;

use atecc_emulator::{Acked, Bus, Direction};

use crate::floor::Drawn;

/// Counted from the first START to the end of the last wait.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) time: Duration,
    /// Pulses.
    pub(crate) wakes: u64,
    /// Groups that the chip took, refused ones among them.
    pub(crate) commands: u64,
    pub(crate) transactions: u64,
    /// Address bytes among them.
    pub(crate) bytes: u64,
    /// Reads of the chip that it did not acknowledge.
    pub(crate) polls: u64,
}

/// Have `run` use the bus, and count.
pub(crate) fn measure<R>(bus: &Bus, run: impl FnOnce() -> R) -> (R, Counts, Drawn) {
    bus.start_log();
    bus.log_executions(0);
    let start = bus.clock().now();
    let result = run();
    let time = bus.clock().now().saturating_sub(start);
    let executions = bus.take_executions(0);
    let log = bus.take_log();
    let is_wake = |address: u8| address == 0;
    let transactions: BTreeSet<_> = log.iter().map(|entry| entry.transaction).collect();
    let missed = log.iter().filter(|entry| {
        !is_wake(entry.address)
            && entry.direction == Direction::Read
            && entry.acked == Acked::Nothing
    });
    let counts = Counts {
        time,
        wakes: log.iter().filter(|entry| is_wake(entry.address)).count() as u64,
        commands: executions.len() as u64,
        transactions: transactions.len() as u64,
        bytes: log.iter().map(|entry| 1 + entry.bytes.len() as u64).sum(),
        polls: missed.count() as u64,
    };
    (result, counts, Drawn::new(&executions))
}
