//! The chip woken, at the beginning and when its watchdog is restarted.

use super::answer::{AFTER_WAKE, Heard, SELF_TEST_FAILED, hear};
use super::wake::{Progress, Purpose, WakeStep, Waking};
use super::{Chip, IDLES, Session, Shown, State};
use crate::Status;
use crate::error::Executed;

impl Session {
    #[inline(never)]
    pub(super) fn wake(&mut self) {
        self.chip = Chip::Unknown;
        let purpose = if self.shown == Shown::Group {
            Purpose::Begin
        } else {
            self.purpose
        };
        self.wake_for(purpose);
    }

    #[inline(never)]
    pub(super) fn wake_for(&mut self, purpose: Purpose) {
        self.blank();
        self.waking = Waking::new(purpose);
        self.state = State::Waking;
    }

    #[inline(never)]
    pub(super) fn woke(&mut self, done: bool, took_us: u32) {
        let step = self.waking.step();
        if step == WakeStep::Pulse {
            self.awake_us = 0;
        }
        if step == WakeStep::Sleep && done {
            self.waking.note_sleep();
        }
        let seen = (done && step == WakeStep::Look)
            .then(|| self.rx.first_chunk::<4>().copied())
            .flatten();
        self.blank();
        if seen.is_some() {
            self.shown = self.shown.max(Shown::Acknowledge);
        }
        match self.waking.advance(&self.timing, seen, took_us) {
            Progress::Going => {
                if seen.is_some_and(|bytes| matches!(hear(&bytes), Heard::Group(..))) {
                    self.shown = Shown::Group;
                }
            }
            Progress::Awake(status) => self.woken(status),
            Progress::NotIdle => self.idle(),
            Progress::Failed(cause) => {
                self.lose_volatile();
                self.chip = Chip::Unknown;
                if self.request.is_none() {
                    self.state = State::Ending;
                } else {
                    self.fail(cause, Executed::No);
                }
            }
        }
    }

    pub(super) fn woken(&mut self, status: Status) {
        self.shown = Shown::Group;
        self.chip = Chip::Awake;
        self.failed_self_test = status == Status::SelfTest;
        self.before = if self.failed_self_test {
            SELF_TEST_FAILED
        } else {
            AFTER_WAKE
        };
        match self.waking.purpose() {
            Purpose::Renew => self.renewed = true,
            Purpose::Begin | Purpose::Probe => {
                self.lose_volatile();
                // Another wake would clear a failed self test, so that chip is
                // taken as it is.
                self.renewed |= self.waking.has_slept() || self.failed_self_test;
            }
        }
        if self.request.is_none() {
            self.state = State::Ending;
        } else if self.renewed {
            self.send();
        } else if self.sleeps_first {
            self.state = State::Sleeping;
        } else {
            self.idle();
        }
    }

    /// Send the chip to idle, to wake it again.
    #[inline(never)]
    pub(super) fn idle(&mut self) {
        self.idles = self.idles.saturating_add(1);
        if self.idles > IDLES {
            self.state = State::Sleeping;
            self.lose_volatile();
        } else {
            self.state = State::Idling;
        }
    }
}
