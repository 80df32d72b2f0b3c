//! What a search has seen.

use std::collections::HashMap;
use std::fmt;

/// What a search has seen.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Different nodes.
    pub states: u64,
    /// Outcomes tried.
    pub transitions: u64,
    /// Sessions that ended.
    pub ends: u64,
    /// Most steps of one session.
    pub most_steps: u32,
    /// Longest session, in waits and bytes at 100 kHz, milliseconds.
    pub longest_ms: u64,
    /// Chips that the next session found only after their watchdog.
    pub after_watchdog: u64,
    /// How many commands gave a result, by what was said of it.
    pub results: HashMap<&'static str, u64>,
    /// Wrong results, each with the way there; at most a few are kept.
    pub violations: Vec<Violation>,
}

/// Something that is not true of the chip.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// What the session said.
    pub said: String,
    /// The steps and their outcomes.
    pub path: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.invariant, self.said)?;
        self.path
            .iter()
            .try_for_each(|step| writeln!(f, "  {step}"))
    }
}

impl Figures {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.states += other.states;
        self.transitions += other.transitions;
        self.ends += other.ends;
        self.after_watchdog += other.after_watchdog;
        self.most_steps = self.most_steps.max(other.most_steps);
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        for (name, count) in other.results {
            *self.results.entry(name).or_default() += count;
        }
        self.violations.extend(other.violations);
        self
    }
}

/// One line.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut results: Vec<_> = self.results.iter().collect();
        results.sort_unstable();
        write!(
            f,
            "{:>8} states {:>8} transitions {:>7} sessions, at most {} steps and {} ms; {} found \
             only after their watchdog; {results:?}; {} wrong",
            self.states,
            self.transitions,
            self.ends,
            self.most_steps,
            self.longest_ms,
            self.after_watchdog,
            self.violations.len()
        )
    }
}
