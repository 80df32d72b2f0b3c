//! What became of a command, what may be repeated, and what a sleep has erased.

use super::{BUSY_LOOKS, Chip, Session, State, TRIES, Volatile};
use crate::Failure;
use crate::command::{Request, Retry};
use crate::error::{Cause, Executed};

impl Session {
    /// The bus carries no more.
    pub(super) fn break_off(&mut self, ending: bool, cause: Cause) {
        self.chip = Chip::Unknown;
        if ending || self.request.is_none() {
            self.state = State::Ended;
        } else {
            self.lose_volatile();
            let executed = match self.state {
                State::Sending | State::Reading | State::Polling | State::Rewinding => {
                    Executed::Unknown
                }
                _ => Executed::No,
            };
            self.fail(cause, executed);
        }
    }

    /// Try the command again by way of `recovery`, where that is allowed.
    pub(super) fn again(&mut self, cause: Cause, executed: Executed, recovery: State) {
        self.note(cause, executed);
        let sleeps = matches!(recovery, State::Sleeping);
        if sleeps {
            self.lose_volatile();
        }
        let Some(request) = &self.request else { return };
        let allowed = request.repeat() == Retry::Idempotent || self.executed == Executed::No;
        let in_time = self.tries < TRIES && self.spent_us < self.timing.give_up_us;
        if allowed && in_time {
            self.tries += 1;
            self.idles = 0;
            match recovery {
                State::Sending => self.send(),
                State::Idling => self.idle(),
                _ => self.state = recovery,
            }
        } else {
            if sleeps || matches!(cause, Cause::NotTaken { .. }) {
                // Whatever comes next starts from a fresh wake.
                self.chip = Chip::Unknown;
            }
            self.fail(cause, executed);
        }
    }

    /// Remember a send whose fate is unknown.
    #[inline(never)]
    pub(super) fn note(&mut self, cause: Cause, executed: Executed) {
        if executed != Executed::No && self.executed == Executed::No {
            self.executed = executed;
            self.first = Some(cause);
        }
    }

    /// The chip sleeps, or may have slept.
    #[inline(never)]
    pub(super) fn lose_volatile(&mut self) {
        self.slept = true;
        if self.volatile == Volatile::Kept {
            self.volatile = Volatile::Lost;
        }
    }

    #[inline(never)]
    pub(super) fn succeed(&mut self, len: u8) {
        // Where the chip slept in the middle, what came before is gone.
        let begins = self.request.as_ref().is_some_and(Request::loads_volatile);
        if self.volatile == Volatile::Empty || (begins && !self.slept) {
            self.volatile = Volatile::Kept;
        }
        if self.busy_looks >= BUSY_LOOKS {
            self.seen_busy |= self.opcode().bit();
        }
        // Of one that answers nothing, the end was not seen.
        if len > 0 {
            let (busy_us, done_us) = (self.last_busy_us, self.looked_us);
            self.observed.note(self.opcode(), busy_us, done_us);
        }
        self.result = Ok(len);
        self.state = State::Ready;
    }

    #[inline(never)]
    pub(super) fn fail(&mut self, cause: Cause, executed: Executed) {
        self.note(cause, executed);
        let of_the_bus = matches!(cause, Cause::Bus | Cause::Stuck { .. });
        let cause = match self.first.take() {
            Some(first) if self.executed == Executed::Unknown && !of_the_bus => first,
            _ => cause,
        };
        let executed = self.executed;
        if self.volatile == Volatile::Empty && executed != Executed::No {
            self.volatile = if self.slept {
                Volatile::Lost
            } else {
                Volatile::Kept
            };
        }
        self.result = Err(Failure { cause, executed });
        self.state = State::Ready;
    }
}
