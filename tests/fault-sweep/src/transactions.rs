//! Which transactions are worth a fault.

use atecc_emulator::{Acked, Bus, Direction, LogEntry};

/// The numbers of the transactions that `operation` makes on `bus`, without the
/// looks at a busy chip that have two others before and one behind them: a driver
/// looks often, and what strikes one of these could as well strike the next.
pub(super) fn of(bus: &Bus, operation: impl FnOnce(&Bus)) -> Vec<u64> {
    bus.start_log();
    operation(bus);
    let log = bus.take_log();
    let is_look = |at: Option<usize>| at.and_then(|at| log.get(at)).is_some_and(is_of_a_busy_chip);
    let is_alike = |at: usize| {
        let around = [Some(at), at.checked_sub(1), at.checked_sub(2), Some(at + 1)];
        around.into_iter().all(is_look)
    };
    let entries = log.iter().enumerate().filter(|(at, _)| !is_alike(*at));
    let mut numbers: Vec<_> = entries.map(|(_, entry)| entry.transaction).collect();
    numbers.dedup();
    numbers
}

fn is_of_a_busy_chip(entry: &LogEntry) -> bool {
    entry.direction == Direction::Read && entry.acked == Acked::Nothing
}
