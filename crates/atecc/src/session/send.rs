//! A command refused, sent, and looked for.

use super::answer::{AFTER_WAKE, GROUP_OVERHEAD};
use super::{Blind, FRESH_US, IDLES, LONGEST, Session, State, Volatile};
use crate::Opcode;
use crate::command::{Chips, Request, ResponseKind, Retry};
use crate::error::{Cause, Executed};
use crate::group::MAX_GROUP;
use crate::session::Outcome;

impl Session {
    /// Why `request` is not to be sent to this chip at all.
    pub(super) fn refuse(&self, request: &Request) -> Option<Cause> {
        let opcode = request.opcode();
        if let (Chips::Only(has), Some(is)) = (request.chips(), self.timing.family)
            && has != is
        {
            return Some(Cause::NotOnThisChip { opcode, has, is });
        }
        let (longest_us, watchdog_us) = (self.timing.longest_us(opcode), self.timing.watchdog_us);
        (longest_us > watchdog_us).then_some(Cause::TooSlow {
            opcode,
            longest_us,
            watchdog_us,
        })
    }

    /// Send the command, by way of a renewal if the watchdog asks for one.
    pub(super) fn send(&mut self) {
        let opcode = self.opcode();
        let sick = self.failed_self_test
            && !matches!(opcode, Opcode::Info | Opcode::Read | Opcode::SelfTest);
        let needs_volatile = self.request.as_ref().is_some_and(Request::needs_volatile);
        if sick {
            return self.fail(Cause::SelfTestFailed, Executed::No);
        }
        if needs_volatile && self.volatile == Volatile::Lost {
            return self.fail(Cause::StateLost { opcode }, Executed::No);
        }
        // Of a chip whose clock divider nobody has told.
        let observed_us = self.observed.shortest_us(opcode).unwrap_or(0);
        let takes_us = observed_us.min(self.timing.slowest_us(opcode));
        let takes_us = takes_us.max(self.timing.longest_us(opcode));
        let ends_us = self.awake_us.saturating_add(takes_us);
        let late = ends_us > self.timing.awake_us && self.awake_us > FRESH_US;
        // One that may be repeated is renewed when its answer was like the last one.
        let repeats = self.request.as_ref().map(Request::repeat) == Some(Retry::Idempotent);
        let is_seen = self.seen_busy & opcode.bit() != 0;
        let blind = match self.blind {
            Blind::No => false,
            Blind::Unseen => !is_seen,
            Blind::Always => true,
        };
        let blind = blind && !repeats && self.may_answer_as_before();
        if self.idles < IDLES && (late || blind) {
            self.idle();
        } else {
            self.state = State::Sending;
        }
    }

    /// Whether what the chip holds could be taken for an answer to this command: one
    /// of another length could not.
    fn may_answer_as_before(&self) -> bool {
        let len = self.before[0].saturating_sub(GROUP_OVERHEAD);
        let expect = self.request.as_ref().map(Request::expect);
        let is_like = len == 1 || expect.is_some_and(|kind| kind.takes(len.into()));
        is_like && self.before != AFTER_WAKE
    }

    pub(super) fn sent(&mut self, outcome: Outcome) {
        let opcode = self.opcode();
        let expect = self.request.as_ref().map(Request::expect);
        let payload = expect.map_or(0, ResponseKind::payload_len);
        let engines = expect == Some(ResponseKind::Engines);
        self.want = payload.saturating_add(GROUP_OVERHEAD).min(LONGEST);
        self.reads = 0;
        self.busy_looks = 0;
        self.waited_us = 0;
        self.last_busy_us = 0;
        if self.tries == 1 {
            // Whatever a lock was waited for.
            self.spent_us = 0;
        }
        self.doubtful = outcome != Outcome::Done;
        match outcome {
            Outcome::AddressNack | Outcome::ArbitrationLost => {
                self.again(Cause::NotTaken { opcode }, Executed::No, State::Idling);
            }
            // An answer like the last one is believed of a chip that was seen
            // busy, so it is looked at while it is.
            _ if self.doubtful || self.before != AFTER_WAKE || engines => self.look(),
            _ => self.state = State::Polling,
        }
    }

    #[inline(never)]
    pub(super) fn look(&mut self) {
        self.blank();
        self.looked_us = self.waited_us;
        self.state = State::Reading;
    }

    /// What a read does not fill reads as nobody.
    pub(super) fn blank(&mut self) {
        self.rx = [0; MAX_GROUP];
    }
}
