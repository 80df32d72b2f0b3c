//! How long to wait, and what each step has taken.

use super::{IDLE_REST_US, SLOW_US, Session, State, Step};
use crate::session::Outcome;

/// Nine clocks at 100 kHz.
const BYTE_US: u32 = 90;

impl Session {
    /// How long to wait in a state that waits for the chip.
    pub(super) fn pause_us(&self) -> u32 {
        if matches!(self.state, State::IdleResting) {
            return IDLE_REST_US;
        }
        let opcode = self.opcode();
        // A host that was stopped while a command ran has seen it take that long.
        let slowest_us = self.timing.slowest_us(opcode);
        let observed = self.observed.first_look_us(opcode);
        let observed = observed.map(|us| us.min(slowest_us));
        let first_us = observed.unwrap_or_else(|| self.timing.first_look_us(opcode));
        if self.waited_us < first_us {
            first_us - self.waited_us
        } else {
            self.timing.poll_us(opcode, self.waited_us)
        }
    }

    /// Add the time that the present step takes.
    #[inline(never)]
    pub(super) fn account(&mut self, outcome: Outcome, took_us: u32) {
        let done = outcome == Outcome::Done;
        let (asked, estimate) = match self.step() {
            Step::Wait(us) => (us, us),
            Step::Write(bytes) if done => (0, transfer_us(bytes)),
            Step::Read(bytes) if done => (0, transfer_us(bytes)),
            Step::Write(_) | Step::Read(_) => {
                if took_us > SLOW_US {
                    self.slow_us = self.slow_us.saturating_add(took_us);
                }
                (0, transfer_us(&[]))
            }
            Step::Wake => {
                if !done && took_us > SLOW_US {
                    self.slow_us = self.slow_us.saturating_add(took_us);
                }
                (0, 0)
            }
            Step::Done => (0, 0),
        };
        let (least, most) = (asked.max(took_us), estimate.max(took_us));
        self.awake_us = self.awake_us.saturating_add(most);
        self.spent_us = self.spent_us.saturating_add(most);
        self.waited_us = self.waited_us.saturating_add(least);
    }
}

/// Start, address, bytes and stop at 100 kHz, in microseconds.
fn transfer_us(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
        .saturating_mul(BYTE_US)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Request;
    use crate::commands::{DigestSource, Sign};
    use crate::observed_times::ObservedTimes;
    use crate::{Family, Opcode, Slot, Timing};

    /// Whatever a host that was stopped has seen, the first look comes no later than
    /// the slowest chip of the family takes, and a command that could then end after
    /// the watchdog is sent to a chip that was just woken.
    #[test]
    fn no_first_look_is_later_than_any_chip_takes() {
        let sign = Sign {
            source: DigestSource::TempKey,
            slot: Slot::S0,
        };
        for (family, slowest_us) in [(Family::Atecc508, 115_000), (Family::Atecc608, 665_000)] {
            let mut session = Session::new(Timing::new(Some(family)));
            let mut observed = ObservedTimes::new();
            observed.note(Opcode::Sign, 0, 3_000_000);
            session.set_observed_times(observed);
            session.begin(Request::new(&sign).expect("a request"));
            assert_eq!(session.pause_us(), slowest_us);
        }
    }
}
