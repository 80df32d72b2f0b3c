//! Recording what passes, on any bus of embedded-hal.
//!
//! A [`Tape`] holds the sink, the clock and what must be hidden. A [`Recorder`]
//! around a bus and a [`DelayRecorder`] around a delay write on one tape. The
//! driver sees what it would see without them: results are those of the bus,
//! and a sink that fails loses actions, which are counted, and nothing else.

#[cfg(feature = "async")]
mod asynch;
mod bus;
mod delay;
mod tape;

#[cfg(test)]
mod tests;

pub use bus::Recorder;
pub use delay::DelayRecorder;
pub use tape::Tape;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "alloc")]
use crate::Line;
use crate::{Record, Time};

/// Where recorded actions go. Closures are sinks.
pub trait Sink {
    /// Take one action.
    ///
    /// # Errors
    /// [`Lost`]: it could not be taken.
    fn record(&mut self, record: &Record<'_>) -> Result<(), Lost>;
}

/// An action that was not recorded. A sink that knows why keeps it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an action was not recorded")]
pub struct Lost;

impl<F: FnMut(&Record<'_>) -> Result<(), Lost>> Sink for F {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Lost> {
        self(record)
    }
}

#[cfg(feature = "alloc")]
impl Sink for Vec<Line> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Lost> {
        self.push(record.into());
        Ok(())
    }
}

/// Tells the time since the start of a recording, and never goes back. Closures
/// are clocks, and `()` is one that does not know.
pub trait Clock {
    /// The time, if known.
    fn now(&mut self) -> Option<Time>;
}

impl Clock for () {
    fn now(&mut self) -> Option<Time> {
        None
    }
}

impl<F: FnMut() -> Time> Clock for F {
    fn now(&mut self) -> Option<Time> {
        Some(self())
    }
}
