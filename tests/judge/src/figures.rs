//! What came of many commands, and what must not have come of any.

use std::collections::BTreeMap;

use atecc::error::Cause;

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
