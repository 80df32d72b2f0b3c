//! What went over the bus, for tests to look at.

use std::fmt;
use std::time::Duration;

use crate::chip::Direction;

/// How far a segment was acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Acked {
    /// Address and all bytes.
    All,
    /// Not even the address.
    Nothing,
    /// The address and this many bytes; the next one was not.
    Bytes(usize),
}

/// From one START to the next START or STOP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogEntry {
    /// Number of the bus transaction, from 0.
    pub transaction: u64,
    /// Bus time at the START.
    pub at: Duration,
    /// Seven-bit address.
    pub address: u8,
    /// Direction of the bytes.
    pub direction: Direction,
    /// The bytes that were transferred, the unacknowledged one included.
    pub bytes: Vec<u8>,
    /// What was acknowledged.
    pub acked: Acked,
}

/// Sees each segment.
pub(super) struct Observer(pub(super) Box<dyn FnMut(&LogEntry) + Send>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
