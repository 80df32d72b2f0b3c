//! The end of an exchange: what both chips said, compared.

use atecc::Opcode;
use atecc::parse::CommandGroup;
use atecc_emulator::{Image, Revision};
use atecc_transcript::{Cause, Exchange};

use super::actions::{redacted, says_again};
use super::explain::{Context, explain, payload, payload_so_far, refused};
use super::play::Play;
use crate::codec::{early, groups};
use crate::describe;
use crate::judgement::{Verdict, hex};
use crate::reason::Reason;
use crate::usage::is_pattern;

impl Play<'_> {
    /// The exchange is over: compare, and learn what it says.
    pub(super) fn conclude(&mut self) {
        let Some(exchange) = self
            .current
            .take()
            .and_then(|current| self.all.get(current))
        else {
            return;
        };
        let heard = std::mem::take(&mut self.heard);
        let told = match &exchange.cause {
            Cause::Command(bytes) => self.complete(exchange.line, bytes),
            Cause::Wake => Vec::new(),
            Cause::Unrecorded => {
                self.tracked.unrecorded(exchange);
                let name = describe::cause(&exchange.cause);
                return self.note(exchange.line, name, Verdict::Skipped(Reason::HostPart));
            }
        };
        let group = CommandGroup::parse(&told).ok();
        let name = group.map_or("wake", |group| group.opcode.name());
        let recorded: Vec<&[u8]> = exchange
            .readings
            .iter()
            .map(|reading| reading.bytes.as_slice())
            .collect();
        let verdict = if redacted(self.lines, exchange) {
            Verdict::Skipped(Reason::Redacted)
        } else if recorded.iter().copied().eq(heard.iter().map(Vec::as_slice)) {
            self.sound(group.as_ref(), exchange)
        } else {
            self.different(group.as_ref(), exchange, &recorded, &heard)
        };
        let same = verdict == Verdict::Passed;
        if !exchange.readings.is_empty() {
            self.note(exchange.line, name, verdict);
        }
        if let Some(group) = group {
            let answer = exchange.response().and_then(payload);
            if let Some(again) = self.tracked.follow(&group, answer, same) {
                self.send(&again);
            }
        }
        if says_again(self.lines, self.address, exchange) {
            self.tracked.unrecorded(exchange);
        }
    }

    /// The same bytes: still, random numbers must not repeat, and public keys
    /// must be points.
    fn sound(&mut self, group: Option<&CommandGroup<'_>>, exchange: &Exchange) -> Verdict {
        let answer = exchange.response().and_then(payload).unwrap_or_default();
        match group.map(|group| (group.opcode, group.param1, group.slot().index())) {
            Some((Opcode::Random | Opcode::Nonce, ..))
                if answer.len() == 32
                    && !is_pattern(answer)
                    && !self.tracked.mathematics.random(answer) =>
            {
                Verdict::differs("a random number that is new", hex(answer))
            }
            Some((Opcode::GenKey, _, slot)) if answer.len() == 64 => {
                match self.tracked.mathematics.public_key(slot, answer) {
                    Ok(_) => Verdict::Passed,
                    Err(expected) => Verdict::differs(expected, hex(answer)),
                }
            }
            _ => Verdict::Passed,
        }
    }

    /// Different bytes: by mathematics, by something unknown, or wrong.
    fn different(
        &mut self,
        group: Option<&CommandGroup<'_>>,
        exchange: &Exchange,
        recorded: &[&[u8]],
        heard: &[Vec<u8>],
    ) -> Verdict {
        let command = match &exchange.cause {
            Cause::Command(command) => Some(command.as_slice()),
            Cause::Wake | Cause::Unrecorded => None,
        };
        let wrong = || {
            let join = |all: &[&[u8]]| {
                let all: Vec<_> = all
                    .iter()
                    .map(|one| describe::response(command, one))
                    .collect();
                if all.is_empty() {
                    hex(&[])
                } else {
                    all.join(", then ")
                }
            };
            let heard: Vec<&[u8]> = heard.iter().map(Vec::as_slice).collect();
            Verdict::differs(join(recorded), join(&heard))
        };
        let marked = |line: &usize| self.broken.contains(line);
        // Answers to commands that the source does not print follow this one.
        let whole = exchange.response().unwrap_or_default();
        if exchange.readings.iter().zip(heard).any(|(one, heard)| {
            let rest = one.bytes.get(whole.len()..).unwrap_or_default();
            heard.starts_with(whole) && !rest.is_empty() && groups(rest)
        }) {
            return Verdict::Skipped(Reason::HostPart);
        }
        if exchange
            .readings
            .iter()
            .flat_map(|reading| &reading.lines)
            .any(marked)
        {
            return Verdict::Skipped(Reason::Broken);
        }
        let (Some(answer), Some(emulated)) = (
            exchange.response().and_then(payload),
            heard
                .iter()
                .rev()
                .find_map(|reading| payload_so_far(reading)),
        ) else {
            return self
                .no_answer(exchange)
                .map_or_else(wrong, Verdict::Skipped);
        };
        let Some(group) = group else {
            return wrong();
        };
        let memory = self.bus.image(0);
        let memory = memory.unwrap_or_else(|| Image::blank(Revision::Atecc508A));
        let context = Context {
            tracked: &self.tracked,
            image: &memory,
        };
        let reason = explain(group, answer, emulated, &context);
        let stand_in = self.stand_in && refused(answer) != refused(emulated);
        let reason = reason.or(stand_in.then_some(Reason::StandIn));
        let long = answer.len() == 64 && emulated.len() == 64;
        match (group.opcode, reason) {
            (Opcode::GenKey, reason) if long => self.public_key(group, answer, reason),
            (Opcode::Sign, reason) if long => self.signature(group, answer, reason),
            (_, Some(reason)) => Verdict::Skipped(reason),
            (_, None) => wrong(),
        }
    }

    /// A new key is a point; one that was told before is still the same.
    fn public_key(
        &mut self,
        group: &CommandGroup<'_>,
        key: &[u8],
        reason: Option<Reason>,
    ) -> Verdict {
        let slot = group.slot().index();
        let made = group.param1 & 0x04 != 0;
        if made {
            self.tracked.mathematics.new_key(slot);
        }
        match (self.tracked.mathematics.public_key(slot, key), reason) {
            (Err(expected), _) => Verdict::differs(expected, hex(key)),
            (Ok(before), _) if before || made => Verdict::Passed,
            (Ok(_), Some(reason)) => Verdict::Skipped(reason),
            (Ok(_), None) => Verdict::differs("the public half of the known key", hex(key)),
        }
    }

    /// Verified where key and digest are known.
    fn signature(&self, group: &CommandGroup<'_>, bytes: &[u8], reason: Option<Reason>) -> Verdict {
        match self
            .tracked
            .mathematics
            .signature(group.slot().index(), bytes)
        {
            Some(true) => Verdict::Passed,
            Some(false) if group.param1 & 0x80 != 0 => {
                Verdict::differs("a signature by the slot's key", hex(bytes))
            }
            _ => Verdict::Skipped(reason.unwrap_or(Reason::Random)),
        }
    }

    /// Why there is no sound answer of one of both.
    fn no_answer(&self, exchange: &Exchange) -> Option<Reason> {
        let later = self.all.iter().position(|one| one.line > exchange.line);
        let later = later
            .and_then(|from| self.all.get(from..))
            .unwrap_or_default();
        early(self.lines, self.address, exchange, later).then_some(Reason::TooEarly)
    }
}
