//! What has to be true of the chip after each step, command and session.

use atecc::Timing;
use atecc::error::{Cause, Executed};
use atecc::session::{Left, Session, Step};

use super::action::Did;
use super::chip::{Chip, Effect, Power};
use super::figures::Violation;
use super::{MOST_STEPS, Node, Search};

impl Search<'_> {
    /// Where may be written, and what may be sent after a sleep.
    pub(super) fn check_write(&mut self, node: &Node, step: &Did) {
        let Did::Write(bytes) = step else { return };
        let allowed = if self.is_probe {
            node.sound
        } else {
            node.acknowledged
        };
        if !allowed {
            self.violated(node, "no write to a stranger", format!("{bytes:02X?}"));
        }
        // It would bring back the answer before.
        if bytes == &[0x00] && !node.heard {
            self.violated(node, "no rewind where no group was", String::new());
        }
        if bytes.first() == Some(&0x03)
            && let Some(request) = self.scenario.requests.get(node.at)
            && request.needs_volatile()
            && node.slept
        {
            self.violated(
                node,
                "nothing volatile across a sleep",
                format!("{request:?}"),
            );
        }
    }

    /// A command, or the session, is over.
    pub(super) fn done(&mut self, mut node: Node) {
        if node.at == self.scenario.commands.len() {
            return self.ended(&node);
        }
        self.judge(&node);
        let succeeded = node.session.answer().is_ok();
        let loads = self.scenario.commands[node.at].effect == Effect::Load;
        if succeeded && loads && !node.slept_in_command {
            node.slept = false;
        }
        // A bus that failed carries no further command, nor does a caller go on
        // after a failure of the bus.
        let broken = matches!(node.session.answer(), Err(failure) if failure.is_of_the_bus());
        node.at = if broken {
            self.scenario.commands.len()
        } else {
            node.at + 1
        };
        self.begin(&mut node);
        self.push(node);
    }

    /// Compare what the session says of its command with the chip.
    fn judge(&mut self, node: &Node) {
        let command = self.scenario.commands[node.at];
        let times = node.chip.executions[node.at] - node.before[node.at];
        if times > 1 && !command.is_harmless {
            self.violated(
                node,
                "nothing twice that is not harmless",
                format!("{times} times"),
            );
        }
        let (name, wrong) = match node.session.answer() {
            Ok(payload) => {
                let right = command
                    .effect
                    .answers(payload, node.chip.executions[node.at]);
                let wrong = times == 0 || !right;
                (
                    "ok",
                    wrong.then(|| format!("Ok({payload:02X?}), executed {times} times")),
                )
            }
            Err(failure) => {
                let (name, wrong) = match failure.executed {
                    Executed::No => ("not executed", times > 0),
                    Executed::Yes => ("executed", times == 0),
                    Executed::Unknown => ("unknown", false),
                };
                (
                    name,
                    wrong.then(|| format!("{failure:?}, executed {times} times")),
                )
            }
        };
        *self.figures.results.entry(name).or_default() += 1;
        if let Some(said) = wrong {
            self.violated(node, "what it says is so", said);
        }
        if let Err(failure) = node.session.answer()
            && failure.cause == Cause::NoCommand
        {
            self.violated(node, "a command has an outcome", format!("{failure:?}"));
        }
    }

    fn ended(&mut self, node: &Node) {
        self.figures.ends += 1;
        self.figures.most_steps = self.figures.most_steps.max(node.total_steps);
        self.figures.longest_ms = self.figures.longest_ms.max(node.total_us / 1_000);
        let asleep = node.chip.power == Power::Asleep;
        let told = node.session.left() == Left::Unknown;
        let untouched = node.total_steps == 0;
        if !(asleep || told || node.woken_unseen || untouched) && node.chip.power != Power::Idle {
            self.violated(node, "asleep, or told", format!("{:?}", node.chip.power));
        }
        if node.session.answer().is_ok() {
            self.violated(
                node,
                "no answer after the end",
                format!("{:?}", node.session.answer()),
            );
        }
        self.next_session(node);
    }

    /// The next session on a good bus succeeds: at once, or where the chip hears
    /// nothing but a write (it waits for half a command, and acknowledges no
    /// read), once its watchdog has fired.
    fn next_session(&mut self, node: &Node) {
        let mut chip = node.chip.clone();
        let first = self.try_again(&mut chip);
        if first.is_some() && self.kind.silent_when_half_told && node.chip.is_half_told() {
            self.figures.after_watchdog += 1;
            chip.expire_watchdog();
            if let Some(said) = self.try_again(&mut chip) {
                self.violated(node, "the session after the watchdog succeeds", said);
            }
        } else if let Some(said) = first {
            self.violated(node, "the next session succeeds", said);
        }
    }

    /// Send the first command on a good bus; what was said, when that is wrong.
    fn try_again(&self, chip: &mut Chip) -> Option<String> {
        let mut session = Session::new(Timing::default());
        session.begin(self.scenario.requests[0].clone());
        let before = chip.executions[0];
        for _ in 0..MOST_STEPS {
            let events = match session.step() {
                Step::Done => break,
                Step::Wake => chip.pulsed(),
                Step::Wait(_) => chip.waited(&self.scenario.commands),
                Step::Write(bytes) if bytes.first() == Some(&0x03) => chip.commanded(self.kind, 0),
                Step::Write(bytes) => chip.told(self.kind, bytes.first().copied().unwrap_or(0)),
                Step::Read(buffer) => chip.asked(self.kind, &self.scenario.commands, buffer.len()),
            };
            // The last event without a fault: a busy chip ends what it does.
            let event = events.into_iter().rfind(|event| event.faults == 0)?;
            if let Step::Read(buffer) = session.step() {
                let bytes = event.bytes.iter();
                buffer
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(to, from)| *to = *from);
            }
            *chip = event.chip;
            session.advance(event.outcome);
        }
        let executed = chip.executions[0] > before;
        match session.answer() {
            Ok(_) if executed => None,
            // A lock that is locked, a register that is not loaded.
            Err(failure) if failure.refusal().is_some() => None,
            answer => Some(format!("{answer:?}")),
        }
    }

    pub(super) fn violated(&mut self, node: &Node, invariant: &'static str, said: String) {
        let mut path = Vec::new();
        let mut at = node.trail;
        while let Some((before, step)) = self.trails.get(at) {
            path.push(step.clone());
            at = *before;
        }
        path.reverse();
        self.figures.violations.push(Violation {
            invariant,
            said,
            path,
        });
    }
}
