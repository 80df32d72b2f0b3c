//! What one run put on the bus, and how long each part of it took.

use std::collections::BTreeSet;
use std::time::Duration;

use atecc_emulator::{Acked, Bus, Direction, LogEntry};

use crate::floor::{Drawn, execution_time, session_time};
use crate::setting::Setting;

/// Counted from the first START to the end of the last wait.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) time: Duration,
    /// Of it, commands: their bytes, their execution, their answers' bytes.
    pub(crate) commands_time: Duration,
    /// Of it, wakes with their looks, tokens and rests. What is left are looks
    /// that came early or late, and answers read again.
    pub(crate) sessions_time: Duration,
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

const SLEEP: [u8; 1] = [0x01];
const IDLE: [u8; 1] = [0x02];

/// Have `run` use the bus, and count.
pub(crate) fn measure<R>(
    bus: &Bus,
    setting: Setting,
    run: impl FnOnce() -> R,
) -> (R, Counts, Drawn) {
    bus.start_log();
    bus.log_executions(0);
    let start = bus.clock().now();
    let result = run();
    let time = bus.clock().now().saturating_sub(start);
    let executions = bus.take_executions(0);
    let log = bus.take_log();
    let transactions: BTreeSet<_> = log.iter().map(|entry| entry.transaction).collect();
    let count = |of: fn(&LogEntry) -> bool| {
        u32::try_from(log.iter().filter(|entry| of(entry)).count()).unwrap_or(u32::MAX)
    };
    let wakes = count(|entry| entry.address == 0);
    let polls = count(|entry| {
        entry.address != 0 && entry.direction == Direction::Read && entry.acked == Acked::Nothing
    });
    let tokens = count(|entry| is_token(entry, SLEEP) || is_token(entry, IDLE));
    let rests = count(|entry| is_token(entry, SLEEP));
    let counts = Counts {
        time,
        commands_time: executions
            .iter()
            .map(|entry| execution_time(setting, entry))
            .sum(),
        sessions_time: session_time(setting, wakes, tokens, rests),
        wakes: wakes.into(),
        commands: executions.len() as u64,
        transactions: transactions.len() as u64,
        bytes: log.iter().map(|entry| 1 + entry.bytes.len() as u64).sum(),
        polls: polls.into(),
    };
    (result, counts, Drawn::new(&executions))
}

fn is_token(entry: &LogEntry, token: [u8; 1]) -> bool {
    let is_write = entry.direction == Direction::Write && entry.address != 0;
    is_write && entry.acked == Acked::All && entry.bytes == token
}
