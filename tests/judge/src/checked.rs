//! A procedure under which each answer is compared with what the chip did.

use std::collections::BTreeMap;

use atecc::{Answer, Cause, Executed, Failure, Next, Procedure, Repeat, Request};

use crate::wire::{End, Execution, Wire};

/// What must never happen.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Wrong {
    /// The answer of the command before was taken for this one's.
    OldAnswer,
    /// The answer is not what the chip said to this command.
    Answer,
    /// Something that is not harmless was executed twice.
    Twice,
    /// "Not executed", and it was.
    NotExecuted,
    /// "Executed", and it was not.
    Executed,
    /// The next command on a quiet bus failed.
    LostSync,
    /// A result is not what the chip's memory holds.
    Result,
    /// What an earlier session left in `TempKey` was used.
    Volatile,
    /// Said to be asleep, and it is not.
    Left,
    /// A failure without a fault.
    Failed,
}

/// How often, and where first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Found {
    /// How often.
    pub times: u64,
    /// The first case, and whatever tells how to get there again.
    pub first: String,
}

/// What came of many commands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Figures {
    /// Commands given to sessions.
    pub commands: u64,
    /// Answers, each compared.
    pub answers: u64,
    /// Failures by cause.
    pub failures: BTreeMap<String, u64>,
    /// Of these, "not executed".
    pub not_executed: u64,
    /// Of these, "may have been executed".
    pub unknown: u64,
    /// Must be empty.
    pub wrong: BTreeMap<Wrong, Found>,
}

impl Figures {
    /// Note something that must not happen.
    pub fn blame(&mut self, wrong: Wrong, case: impl FnOnce() -> String) {
        let found = self.wrong.entry(wrong).or_default();
        if found.times == 0 {
            found.first = case();
        }
        found.times += 1;
    }

    /// How often something happened that must not.
    #[must_use]
    pub fn times(&self, wrong: Wrong) -> u64 {
        self.wrong.get(&wrong).map_or(0, |found| found.times)
    }

    /// Those and these together.
    pub fn add(&mut self, other: Self) {
        self.commands += other.commands;
        self.answers += other.answers;
        self.not_executed += other.not_executed;
        self.unknown += other.unknown;
        for (cause, times) in other.failures {
            *self.failures.entry(cause).or_default() += times;
        }
        for (wrong, found) in other.wrong {
            let mine = self.wrong.entry(wrong).or_default();
            if mine.times == 0 {
                mine.first = found.first;
            }
            mine.times += found.times;
        }
    }
}

/// A table of the figures.
impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let failed: u64 = self.failures.values().sum();
        writeln!(f, "  commands {:>10}", self.commands)?;
        writeln!(f, "  answers  {:>10}, each the chip's own", self.answers)?;
        writeln!(
            f,
            "  failed   {failed:>10}: {} not executed, {} unknown",
            self.not_executed, self.unknown
        )?;
        for (cause, times) in &self.failures {
            writeln!(f, "    {times:>10}  {cause}")?;
        }
        if self.wrong.is_empty() {
            writeln!(f, "  wrong             0")?;
        }
        for (wrong, found) in &self.wrong {
            writeln!(f, "  WRONG {:>9}  {wrong:?}: {}", found.times, found.first)?;
        }
        Ok(())
    }
}

/// The procedure, watched.
#[derive(Debug)]
pub struct Checked<'a, P> {
    procedure: P,
    wire: Wire,
    figures: &'a mut Figures,
    /// How to get here again.
    case: &'a str,
    pending: Option<Pending>,
    last_answer: Vec<u8>,
}

#[derive(Debug)]
struct Pending {
    group: Vec<u8>,
    name: String,
    repeat: Repeat,
    /// Number of the first execution that may be its own.
    since: usize,
}

impl<'a, P> Checked<'a, P> {
    /// Watch `procedure` on `wire`.
    pub fn new(procedure: P, wire: &Wire, figures: &'a mut Figures, case: &'a str) -> Self {
        Self {
            procedure,
            wire: wire.clone(),
            figures,
            case,
            pending: None,
            last_answer: Vec::new(),
        }
    }

    fn judge(&mut self, answer: &Answer<'_>) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        self.figures.commands += 1;
        let mut own = self.wire.executions_since(pending.since);
        own.retain(|execution| execution.group == pending.group);
        let case = self.case;
        let describe = |what: String| format!("{case}: {}: {what}", pending.name);
        let ran = own.iter().filter(|execution| has_run(execution)).count();
        if ran > 1 && pending.repeat != Repeat::Harmless {
            let ends = format!("{own:02X?}");
            self.figures.blame(Wrong::Twice, || describe(ends));
        }
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => {
                // Of a harmless command each run's answer is one.
                let said: Vec<_> = own.iter().map(|execution| &execution.end).collect();
                if said.contains(&&End::Answered(payload.to_vec())) {
                    self.figures.answers += 1;
                } else {
                    let wrong = if said.is_empty() && *payload == self.last_answer {
                        Wrong::OldAnswer
                    } else {
                        Wrong::Answer
                    };
                    let text = format!("took {payload:02X?}, the chip said {said:02X?}");
                    self.figures.blame(wrong, || describe(text));
                }
                self.last_answer = payload.to_vec();
            }
            Answer::Failed(failure) => self.failed(*failure, ran, &own, &pending.name),
        }
    }

    fn failed(&mut self, failure: Failure, ran: usize, own: &[Execution], name: &str) {
        let text = || format!("{}: {name}: {failure:?} but {own:02X?}", self.case);
        match failure.executed {
            Executed::No if ran > 0 => self.figures.blame(Wrong::NotExecuted, text),
            Executed::Yes if ran == 0 => self.figures.blame(Wrong::Executed, text),
            _ => {}
        }
        match failure.executed {
            Executed::No => self.figures.not_executed += 1,
            Executed::Unknown => self.figures.unknown += 1,
            Executed::Yes => {}
        }
        let failures = &mut self.figures.failures;
        *failures.entry(cause(failure.cause)).or_default() += 1;
        self.last_answer.clear();
    }
}

impl<P: Procedure> Procedure for Checked<'_, P> {
    type Output = P::Output;
    type Error = P::Error;

    fn resume(&mut self, answer: Answer<'_>) -> Next<P::Output, P::Error> {
        self.judge(&answer);
        let next = self.procedure.resume(answer);
        if let Next::Send(request) = &next {
            self.pending = Some(Pending {
                group: request.bytes().get(1..).unwrap_or_default().to_vec(),
                name: name(request),
                repeat: request.repeat(),
                since: self.wire.executions(),
            });
        }
        next
    }
}

/// Whether the chip did it, as far as the bus shows: its answer is no refusal.
fn has_run(execution: &Execution) -> bool {
    match &execution.end {
        End::Answered(payload) => !matches!(
            payload[..],
            [0x03 | 0x05 | 0x07 | 0x08 | 0x0F | 0xEE | 0xFF]
        ),
        End::Cut => false,
        End::Running | End::Unseen => true,
    }
}

/// Opcode and first parameter.
fn name(request: &Request) -> String {
    let param1 = request.bytes().get(3).copied().unwrap_or_default();
    format!("{}({param1:02X})", request.opcode())
}

/// The kind of a cause.
#[must_use]
pub fn cause(cause: Cause) -> String {
    match cause {
        Cause::Status { status, .. } => format!("status {status}"),
        cause => {
            let text = format!("{cause:?}");
            let end = text.find([' ', '(']).unwrap_or(text.len());
            text[..end].into()
        }
    }
}
