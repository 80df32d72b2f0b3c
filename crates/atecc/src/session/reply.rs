//! What an answer, or none, says of the command that was sent: the table of the
//! session's documentation, row by row.

use super::answer::{GROUP_OVERHEAD, Heard, hear};
use super::{BUSY_LOOKS, Blind, Chip, READS, Session, State};
use crate::Status;
use crate::command::{DecodeError, Request, ResponseKind};
use crate::error::{Cause, Executed};
use crate::group::GroupError;
use crate::session::Outcome;

impl Session {
    /// Nobody acknowledged a look: still busy, or asleep; the chip says neither.
    pub(super) fn unanswered(&mut self, outcome: Outcome) {
        let opcode = self.opcode();
        let nack = matches!(outcome, Outcome::AddressNack | Outcome::Nack);
        if nack {
            self.last_busy_us = self.looked_us;
        }
        let first_looks = nack && self.reads == 0 && self.busy_looks < BUSY_LOOKS;
        if first_looks {
            self.busy_looks += 1;
        }
        let longest = self.timing.longest_us(opcode);
        let give_up_us = if self.doubtful {
            longest.saturating_mul(2)
        } else {
            self.timing.give_up_us
        };
        let waited_us = self.waited_us;
        let expect = self.request.as_ref().map(Request::expect);
        let silent = expect == Some(ResponseKind::StatusOrSilence) && !self.doubtful;
        if silent && waited_us > longest.saturating_mul(2) {
            // One flipped bit makes an idle or a sleep token of a command, or
            // has the chip wait for more: silence is believed the third time.
            if !self.is_confirmed(0, 3) {
                let cause = Cause::Timeout { opcode, waited_us };
                return self.again(cause, Executed::Unknown, State::Sleeping);
            }
            self.chip = Chip::Idle;
            self.succeed(0);
        } else if waited_us >= give_up_us {
            let cause = Cause::Timeout { opcode, waited_us };
            self.again(cause, Executed::Unknown, State::Sleeping);
        } else if first_looks && self.busy_looks < BUSY_LOOKS {
            self.look();
        } else {
            self.state = State::Polling;
        }
    }

    #[inline(never)]
    pub(super) fn received(&mut self) {
        let Some(request) = &self.request else { return };
        let (opcode, expect) = (request.opcode(), request.expect());
        self.reads = self.reads.saturating_add(1);
        // `want` is at most the buffer; of nothing the chip would count as silent.
        let received = self.rx.get(..usize::from(self.want)).unwrap_or_default();
        let nobody = Cause::Damaged {
            opcode,
            error: GroupError::Count(0xFF),
        };
        let (payload, mark) = match hear(received) {
            // Noise on a missing acknowledge reads like this, too.
            Heard::Nobody if self.waited_us < self.timing.longest_us(opcode) => {
                self.reads = self.reads.saturating_sub(1);
                self.last_busy_us = self.looked_us;
                self.state = State::Polling;
                return;
            }
            Heard::Nobody => return self.again(nobody, Executed::Unknown, State::Sleeping),
            Heard::Damaged(error) if self.reads < READS => {
                if let GroupError::Short { count, .. } = error {
                    self.want = count;
                }
                self.state = State::Rewinding;
                return;
            }
            Heard::Damaged(error) => {
                let cause = Cause::Damaged { opcode, error };
                return self.again(cause, Executed::Unknown, State::Sleeping);
            }
            Heard::Group(payload, mark) => (payload, mark),
        };
        let status = match payload {
            [byte] => Some(*byte),
            _ => None,
        };
        let [count, ..] = mark;
        let len = count.saturating_sub(GROUP_OVERHEAD);
        let takes = expect.takes(payload.len());
        if mark == self.before && self.busy_looks < BUSY_LOOKS {
            return self.like_the_last(status);
        }
        self.before = mark;
        // A sequence that begins anew does so for what is seen to be wrong.
        let unsure =
            self.doubtful && status.map_or(takes, |byte| expect.is_answer(Status::from_byte(byte)));
        match status {
            // It may be the answer to what kept the chip from hearing this.
            _ if unsure => {
                self.again(Cause::NotTaken { opcode }, Executed::Unknown, State::Idling);
            }
            Some(byte) => self.answered(byte, expect),
            None if takes => self.succeed(len),
            None => {
                let (expected, got) = (expect.payload_len().into(), len.into());
                let error = DecodeError {
                    opcode,
                    expected,
                    got,
                };
                self.another_answer(Cause::Decode(error));
            }
        }
    }

    /// A sound answer, and not to this command: another host's.
    pub(super) fn another_answer(&mut self, cause: Cause) {
        let request = self.request.as_ref();
        if request.is_some_and(Request::needs_volatile) {
            // The other host may have left its own there.
            self.fail(cause, Executed::Unknown);
        } else {
            self.again(cause, Executed::Unknown, State::Idling);
        }
    }

    /// The buffer holds what it held before the command was sent.
    pub(super) fn like_the_last(&mut self, status: Option<u8>) {
        let opcode = self.opcode();
        match status.map(Status::from_byte) {
            // Nothing was executed since the wake. A command that was
            // acknowledged may have been, before a reset.
            // (A chip that was reset and woken answers 1.5 ms later at best.)
            Some(Status::AfterWake) if self.doubtful && self.busy_looks == 0 => {
                self.again(Cause::NotTaken { opcode }, Executed::No, State::Idling);
            }
            Some(Status::AfterWake) => {
                self.again(Cause::Reset { opcode }, Executed::Unknown, State::Sleeping);
            }
            // Refused or not heard: not executed either way.
            Some(status) if status.is_refusal() => {
                self.again(Cause::Stale { opcode }, Executed::No, State::Idling);
            }
            _ => {
                let was_seen = self.seen_busy & opcode.bit() != 0;
                let blind = if was_seen {
                    Blind::Always
                } else {
                    Blind::Unseen
                };
                self.blind = self.blind.max(blind);
                self.again(Cause::Stale { opcode }, Executed::Unknown, State::Idling);
            }
        }
    }

    /// A one-byte answer: the result, or a status that is none.
    pub(super) fn answered(&mut self, byte: u8, expect: ResponseKind) {
        let opcode = self.opcode();
        let status = Status::from_byte(byte);
        let parameters = self.request.as_ref().map_or([0; 3], Request::parameters);
        let cause = Cause::Status {
            opcode,
            parameters,
            status,
        };
        // What a woken chip says is never taken for two failing engines: a reset
        // and a wake by noise may come again and again.
        if expect.is_answer(status) && status != Status::AfterWake {
            let ambiguous = expect == ResponseKind::Engines && status.is_listed_failure();
            if ambiguous && !self.is_confirmed(byte, 2) {
                return self.again(cause, Executed::Unknown, State::Idling);
            }
            return self.succeed(1);
        }
        match status {
            Status::Communication => self.again(cause, Executed::No, State::Sending),
            Status::Watchdog => self.again(cause, Executed::No, State::Idling),
            Status::Success => self.another_answer(cause),
            Status::EccFault => self.again(cause, Executed::Unknown, State::Sending),
            Status::AfterWake => {
                self.again(Cause::Reset { opcode }, Executed::Unknown, State::Sleeping);
            }
            status if status.is_refusal() => self.fail(cause, Executed::No),
            _ => self.fail(cause, Executed::Unknown),
        }
    }

    /// Whether a result that may be none has come `needed` times.
    pub(super) fn is_confirmed(&mut self, byte: u8, needed: u8) -> bool {
        let times = match self.unconfirmed {
            Some((before, times)) if before == byte => times + 1,
            _ => 1,
        };
        self.unconfirmed = Some((byte, times));
        times >= needed
    }
}
