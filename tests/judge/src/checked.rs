//! A procedure under which each answer is compared with what the chip did.

use atecc::command::{Request, Retry};
use atecc::error::Executed;
use atecc::procedure::{Answer, Next};
use atecc::{Failure, Procedure};

use crate::figures::{Figures, Wrong, cause};
use crate::wire::{End, Execution, Wire};

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
    repeat: Retry,
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
        if ran > 1 && pending.repeat != Retry::Idempotent {
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
                group: request.as_bytes().get(1..).unwrap_or_default().to_vec(),
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
    let param1 = request.as_bytes().get(3).copied().unwrap_or_default();
    format!("{}({param1:02X})", request.opcode())
}
