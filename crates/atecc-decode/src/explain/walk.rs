//! Through the actions of a transcript, exchange by exchange.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use atecc::word_address::{COMMAND, IDLE, RESET, SLEEP};
use atecc_transcript::{Ack, Action, Cause, Exchange, Line, Time, Transcript, exchanges};

use super::reply::{self, Bytes};
use super::{Explained, Outcome, Step, StepKind, Summary};
use crate::labels::Labels;

/// Bus clock that is assumed where none is stated, in hertz: the fastest at
/// which a general call still wakes. Source: ATECC508A datasheet, "Wake".
const SCL_HZ: u32 = 100_000;
/// Eight bits and their acknowledge.
const CLOCKS: u64 = 9;
const NS_PER_S: u64 = 1_000_000_000;

/// Beginning and end of each line in nanoseconds: as stated, or reckoned from
/// delays and the bus clock where it is not.
pub(crate) fn clock(transcript: &Transcript) -> Vec<(u64, u64)> {
    let scl = u64::from(transcript.header.scl_hz.unwrap_or(SCL_HZ)).max(1);
    let mut now = 0;
    let lines = transcript.lines.iter();
    lines
        .map(|line| {
            let start = line.at.map_or(now, |Time(ns)| ns);
            now = start.saturating_add(duration(&line.action, scl));
            (start, now)
        })
        .collect()
}

fn duration(action: &Action<Vec<u8>>, scl: u64) -> u64 {
    let bytes = match action {
        Action::Delay(ns) => return *ns,
        Action::Wake => 1,
        Action::Write { bytes, ack, .. } | Action::Read { bytes, ack, .. } => match ack {
            Ack::NoAddress => 1,
            Ack::Bytes(acked) => u64::from(*acked).saturating_add(2),
            Ack::All | Ack::Unknown => u64::try_from(bytes.len())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
        },
    };
    let clocks = bytes.saturating_mul(CLOCKS);
    clocks.saturating_mul(NS_PER_S / scl)
}

pub(super) fn explain(transcript: &Transcript, labels: &dyn Labels) -> Explained {
    let mut walk = Walk {
        address: transcript.header.address,
        labels,
        lines: &transcript.lines,
        clock: clock(transcript),
        steps: Vec::new(),
        open: None,
        last: None,
    };
    let all = exchanges(walk.address, walk.lines);
    let mut next = all.iter().peekable();
    for (index, line) in transcript.lines.iter().enumerate() {
        match next.next_if(|exchange| exchange.line == index) {
            Some(exchange) => walk.exchange(index, exchange),
            None => walk.action(index, &line.action),
        }
    }
    let summary = walk.summary();
    Explained {
        steps: walk.steps,
        summary,
    }
}

struct Walk<'a> {
    address: u8,
    labels: &'a dyn Labels,
    lines: &'a [Line],
    clock: Vec<(u64, u64)>,
    steps: Vec<Step>,
    /// Index of the step whose answer may still be read.
    open: Option<usize>,
    /// The command before, to know it again.
    last: Option<Bytes>,
}

impl Walk<'_> {
    fn step(&mut self, index: usize, kind: StepKind, request: String, outcome: Outcome) {
        self.steps.push(Step {
            kind,
            lines: (index, index),
            at_ns: self
                .lines
                .get(index)
                .and_then(|line| line.at)
                .map(|Time(ns)| ns),
            reckoned_ns: self.clock.get(index).map_or(0, |(start, _)| *start),
            request,
            answer: String::new(),
            outcome,
            waited_ns: None,
            polls: 0,
            reread: 0,
            again: false,
            request_bytes: String::new(),
            response_bytes: String::new(),
        });
        self.open = None;
    }

    fn exchange(&mut self, index: usize, exchange: &Exchange) {
        let command = match exchange.cause {
            Cause::Wake => {
                let request = match self.lines.get(index).map(|line| &line.action) {
                    Some(Action::Wake) => "wake",
                    _ => "(not recorded)",
                };
                self.step(index, StepKind::Wake, request.into(), Outcome::Unread);
                None
            }
            Cause::Unrecorded => {
                let request = "(a command that is not recorded)";
                self.step(index, StepKind::Other, request.into(), Outcome::Unread);
                None
            }
            Cause::Command(_) => {
                let group = self.written(index);
                let (request, outcome) = reply::request(&group, self.labels);
                self.step(index, StepKind::Command, request, outcome);
                Some(group)
            }
        };
        let again = command.is_some() && self.last == command;
        let answer = self.answer(exchange, command.as_ref());
        let first_read = exchange
            .readings
            .first()
            .and_then(|reading| reading.lines.first())
            .copied();
        let waited_ns = first_read.filter(|read| *read != index).and_then(|read| {
            let (_, sent) = self.clock.get(index)?;
            let (began, _) = self.clock.get(read)?;
            began.checked_sub(*sent)
        });
        if let Some(step) = self.steps.last_mut() {
            step.again = again;
            step.waited_ns = waited_ns;
            step.reread = exchange.readings.len().saturating_sub(1);
            step.request_bytes = command.as_ref().map_or_else(String::new, Bytes::hex);
            if let Some((words, outcome, bytes)) = answer {
                step.answer = words;
                step.response_bytes = bytes;
                if step.outcome == Outcome::Unread {
                    step.outcome = outcome;
                }
            }
        }
        self.open = self.steps.len().checked_sub(1);
        if command.is_some() {
            self.last = command;
        }
    }

    /// The group that a line writes, without its word address.
    fn written(&self, index: usize) -> Bytes {
        let mut group = Bytes::default();
        let Some(line) = self.lines.get(index) else {
            return group;
        };
        if let Action::Write { bytes, .. } = &line.action
            && let Some((_, rest)) = bytes.split_first()
        {
            group.push(rest, |at| line.redacted.contains(&at.saturating_add(1)));
        }
        group
    }

    /// Words, outcome and bytes of what was read, unless nothing was.
    fn answer(
        &self,
        exchange: &Exchange,
        command: Option<&Bytes>,
    ) -> Option<(String, Outcome, String)> {
        let whole = exchange
            .readings
            .iter()
            .rev()
            .find(|reading| reading.group().is_some());
        let reading = whole.or(exchange.readings.last())?;
        let mut group = Bytes::default();
        for index in &reading.lines {
            let Some(line) = self.lines.get(*index) else {
                continue;
            };
            if let Action::Read { bytes, .. } = &line.action {
                group.push(bytes, |at| line.redacted.contains(&at));
            }
        }
        let count = group.bytes.first().copied().map_or(0, usize::from);
        if whole.is_some() && count > 0 {
            group = group.cut(count);
        }
        let (words, outcome) = match (command, &exchange.cause) {
            (None, Cause::Wake) if !group.is_hidden() => reply::wake(&group.bytes),
            _ => reply::response(&group, command),
        };
        Some((words, outcome, group.hex()))
    }

    /// An action that begins no exchange.
    fn action(&mut self, index: usize, action: &Action<Vec<u8>>) {
        match action {
            Action::Read {
                address,
                ack,
                bytes,
            } if *address == self.address => {
                self.read(index, *ack, bytes);
            }
            Action::Write {
                address,
                ack,
                bytes,
            } if *address == self.address => {
                self.write(index, *ack, bytes);
            }
            Action::Delay(_) => {}
            Action::Wake => {
                self.step(index, StepKind::Wake, "wake".into(), Outcome::Unread);
            }
            Action::Write {
                address,
                bytes,
                ack,
            } => {
                let request = format!(
                    "{} bytes written to another address, {address:02x}",
                    bytes.len()
                );
                self.step(index, StepKind::Other, request, acked(*ack));
            }
            Action::Read {
                address,
                bytes,
                ack,
            } => {
                let request = format!(
                    "{} bytes read from another address, {address:02x}",
                    bytes.len()
                );
                self.step(index, StepKind::Other, request, acked(*ack));
            }
        }
    }

    fn read(&mut self, index: usize, ack: Ack, bytes: &[u8]) {
        let open = self.open.and_then(|open| self.steps.get_mut(open));
        match (open, ack) {
            (Some(step), Ack::All) => step.lines.1 = index,
            (Some(step), _) => {
                step.polls = step.polls.saturating_add(1);
                step.lines.1 = index;
                if step.outcome == Outcome::Unread {
                    step.outcome = Outcome::Nack;
                }
            }
            (None, Ack::All) => {
                let request = format!("{} bytes read", bytes.len());
                self.step(index, StepKind::Other, request, Outcome::Ok);
            }
            (None, _) => {
                let request = "read: not acknowledged".into();
                self.step(index, StepKind::Other, request, Outcome::Nack);
            }
        }
    }

    fn write(&mut self, index: usize, ack: Ack, bytes: &[u8]) {
        let outcome = acked(ack);
        let refused = if ack == Ack::All {
            ""
        } else {
            ": not acknowledged"
        };
        let is_hidden = self
            .lines
            .get(index)
            .is_some_and(|line| line.redacted.contains(&0));
        match bytes.first() {
            Some(_) if is_hidden => {
                let plural = if bytes.len() == 1 { "" } else { "s" };
                let request = format!(
                    "{} byte{plural} whose word address is left out{refused}",
                    bytes.len()
                );
                self.step(index, StepKind::Other, request, outcome);
            }
            Some(&RESET) if self.open.is_some() && ack == Ack::All => {
                if let Some(step) = self.open.and_then(|open| self.steps.get_mut(open)) {
                    step.lines.1 = index;
                }
            }
            Some(&RESET) => {
                self.step(index, StepKind::Other, format!("rewind{refused}"), outcome);
            }
            Some(&SLEEP) => self.step(index, StepKind::Sleep, format!("sleep{refused}"), outcome),
            Some(&IDLE) => self.step(index, StepKind::Idle, format!("idle{refused}"), outcome),
            Some(&COMMAND) => {
                let group = self.written(index);
                let (words, _) = reply::request(&group, self.labels);
                self.step(
                    index,
                    StepKind::Command,
                    format!("{words}{refused}"),
                    outcome,
                );
                if let Some(step) = self.steps.last_mut() {
                    step.request_bytes = group.hex();
                    step.again = self.last.as_ref() == Some(&group);
                }
                self.last = Some(group);
            }
            Some(byte) => {
                let request = format!("word address {byte:02x}, which is reserved{refused}");
                self.step(index, StepKind::Other, request, outcome);
            }
            None => self.step(
                index,
                StepKind::Other,
                format!("address alone{refused}"),
                outcome,
            ),
        }
    }

    fn summary(&self) -> Summary {
        let count = |holds: fn(&Step) -> bool| self.steps.iter().filter(|step| holds(step)).count();
        let nacked = self.lines.iter().filter(|line| match &line.action {
            Action::Write { ack, .. } | Action::Read { ack, .. } => *ack != Ack::All,
            Action::Wake | Action::Delay(_) => false,
        });
        let answered = self.steps.iter().filter(|step| !step.answer.is_empty());
        let polls = answered.map(|step| step.polls).sum();
        let start = self.clock.first().map_or(0, |(start, _)| *start);
        let end = self.clock.last().map_or(0, |(_, end)| *end);
        Summary {
            actions: self.lines.len(),
            commands: count(|step| step.kind == StepKind::Command),
            repeated: count(|step| step.again),
            failed: count(|step| step.outcome == Outcome::Failed),
            damaged: count(|step| step.outcome == Outcome::Damaged),
            polls,
            nacks: nacked.count().saturating_sub(polls),
            wakes: count(|step| step.kind == StepKind::Wake),
            duration_ns: end.saturating_sub(start),
        }
    }
}

const fn acked(ack: Ack) -> Outcome {
    match ack {
        Ack::All => Outcome::Ok,
        Ack::NoAddress | Ack::Bytes(_) | Ack::Unknown => Outcome::Nack,
    }
}
