//! Incrementing a counter, without losing count.

use crate::commands::{Counter, CounterId, CounterMode};
use crate::error::{Cause, Executed};
use crate::procedure::{Answer, Next};
use crate::{Command, Failure, Procedure};

const TRIES: u8 = 3;

/// Increment a counter once, and say its new value.
///
/// Its value is asked for first. When the answer to the increment is lost it is
/// asked for again, and decides: one more than before, it was counted; as before,
/// it was not, and the increment is sent again.
///
/// ```
/// use atecc::commands::CounterId;
/// use atecc::procedures::IncrementCounter;
///
/// let start = IncrementCounter::new(CounterId::One);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IncrementCounter {
    counter: CounterId,
    phase: Phase,
    before: u32,
    tries: u8,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Asking for the value before.
    Before,
    Incrementing,
    /// Asking for the value, since the increment failed like this.
    After(Failure),
}

impl IncrementCounter {
    /// Increment `counter`, for good.
    #[must_use]
    pub const fn new(counter: CounterId) -> Self {
        Self {
            counter,
            phase: Phase::Before,
            before: 0,
            tries: 0,
        }
    }

    const fn command(&self) -> Counter {
        let mode = match self.phase {
            Phase::Before | Phase::After(_) => CounterMode::Read,
            Phase::Incrementing => CounterMode::Increment,
        };
        let counter = self.counter;
        Counter { mode, counter }
    }

    fn send(&mut self, phase: Phase) -> Next<u32, Failure> {
        self.phase = phase;
        Next::send(&self.command())
    }

    fn increment(&mut self) -> Next<u32, Failure> {
        self.tries = self.tries.saturating_add(1);
        self.send(Phase::Incrementing)
    }

    fn counted(&mut self, value: u32) -> Next<u32, Failure> {
        match self.phase {
            Phase::Before => {
                self.before = value;
                self.increment()
            }
            _ if value == self.before.saturating_add(1) => Next::Done(Ok(value)),
            // The answer of before, which a bad line made look like a new one.
            Phase::Incrementing => {
                let opcode = <Counter as Command>::OPCODE;
                self.send(Phase::After(Cause::Stale { opcode }.of_unknown_fate()))
            }
            // Somebody else counts as well: whose is the difference?
            Phase::After(lost) if value != self.before => Next::failed(unknown(lost)),
            // The lost increment had not run.
            Phase::After(lost) if self.tries < TRIES && lost.refusal().is_none() => {
                self.increment()
            }
            Phase::After(lost) => Next::failed(Failure {
                executed: Executed::No,
                ..lost
            }),
        }
    }

    fn failed(&mut self, failure: Failure) -> Next<u32, Failure> {
        match self.phase {
            Phase::Before => Next::failed(Failure {
                executed: Executed::No,
                ..failure
            }),
            // A status may be the answer to a neighbour's command.
            Phase::Incrementing
                if failure.not_executed() && !matches!(failure.cause, Cause::Status { .. }) =>
            {
                Next::failed(failure)
            }
            Phase::Incrementing => self.send(Phase::After(failure)),
            Phase::After(lost) => Next::failed(unknown(lost)),
        }
    }
}

/// A status may be the answer to a neighbour's command, so that it says nothing
/// of ours.
const fn unknown(lost: Failure) -> Failure {
    Failure {
        executed: Executed::Unknown,
        ..lost
    }
}

impl Procedure for IncrementCounter {
    type Output = u32;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<u32, Failure> {
        match answer {
            Answer::Start => self.send(Phase::Before),
            Answer::Payload(payload) => match self.command().decode(payload) {
                Ok(value) => self.counted(value),
                Err(error) => self.failed(error.into()),
            },
            Answer::Failed(failure) => self.failed(failure),
        }
    }
}
