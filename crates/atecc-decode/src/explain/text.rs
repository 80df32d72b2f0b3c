//! Explanations as plain text, one line for each step.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use atecc_transcript::Header;

use crate::hex::Hex;

use super::{Explained, Outcome, Step, StepKind, Summary};

/// Nanoseconds as milliseconds, to a hundredth.
pub(crate) struct Milliseconds(pub(crate) u64);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0.saturating_add(5_000) / 10_000;
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        f.pad(&format!("{whole}.{rest:02}"))
    }
}

/// The line of a step, without its end.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reckoned = if self.at_ns.is_some() { ' ' } else { '~' };
        write!(f, "{reckoned}{:>10} ms  ", Milliseconds(self.reckoned_ns))?;
        f.write_str(&self.request)?;
        match (&*self.answer, self.kind, self.outcome) {
            ("", StepKind::Command | StepKind::Wake, Outcome::Unread) => {
                f.write_str(" -> (no answer read)")?;
            }
            ("", StepKind::Command | StepKind::Wake, Outcome::Nack) if self.polls > 0 => {
                f.write_str(" -> (nobody answered)")?;
            }
            ("", ..) => {}
            (answer, _, Outcome::Ok) => write!(f, " -> {answer}")?,
            (answer, ..) => write!(f, " -> {answer} !")?,
        }
        let notes = Notes(self);
        write!(f, "{notes}")
    }
}

/// Wait, polls, readings and repetition, in parentheses.
struct Notes<'a>(&'a Step);

impl fmt::Display for Notes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.0;
        let mut before = "  [";
        if let (Some(ns), StepKind::Command) = (step.waited_ns, step.kind) {
            write!(f, "{before}{} ms", Milliseconds(ns))?;
            before = ", ";
        }
        for (count, what) in [(step.polls, "not ready"), (step.reread, "read again")] {
            if count > 0 {
                write!(f, "{before}{count} x {what}")?;
                before = ", ";
            }
        }
        if step.again {
            write!(f, "{before}sent again")?;
            before = ", ";
        }
        if before == ", " {
            f.write_str("]")
        } else {
            Ok(())
        }
    }
}

/// Each step on a line, then the numbers.
impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        writeln!(f, "{}", self.summary)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} actions, {} commands ({} sent again), {} wakes; {} failed, {} damaged, {} not \
             acknowledged, {} read too early; {} ms",
            self.actions,
            self.commands,
            self.repeated,
            self.wakes,
            self.failed,
            self.damaged,
            self.nacks,
            self.polls,
            Milliseconds(self.duration_ns)
        )
    }
}

/// What a header says, by name; without the image of the start.
#[must_use]
pub fn facts(header: &Header) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("id", header.id.clone()),
        ("chip", header.chip.clone()),
        ("address", format!("0x{:02X}", header.address)),
        ("provenance", header.provenance.to_string()),
    ];
    let optional = [
        (
            "revision",
            header.revision.map(|bytes| Hex(&bytes).to_string()),
        ),
        ("clock", header.scl_hz.map(|hz| format!("{hz} Hz"))),
        ("host", header.host.clone()),
        ("story", header.story.clone()),
        ("date", header.date.clone()),
    ];
    facts.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    facts.push(("origin", header.origin.clone()));
    facts.push(("licence", header.licence.clone()));
    facts.extend(header.notes.iter().map(|note| ("note", note.clone())));
    facts
}
