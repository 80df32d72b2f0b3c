//! What came of the gaps, and its table.

use std::collections::BTreeMap;
use std::time::Duration;

use atecc_emulator::ExecutionTime;

use super::{FAST_HZ, SLOW_HZ, Watchdog};
use crate::figures::Figures;

/// What came of the gaps.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Sessions with the second chip.
    pub runs: u64,
    /// Of these, refused before anything was sent: chip, watchdog and command.
    pub refused: BTreeMap<(String, Watchdog, String), u64>,
    /// How long each command took, by chip and name.
    pub times: BTreeMap<(String, String), Times>,
    /// Of all commands together; a failure is [`Wrong::Failed`](crate::figures::Wrong::Failed).
    pub figures: Figures,
}

/// Session and execution times of one command and what comes before it.
#[derive(Clone, Debug, Default)]
pub struct Times(pub(super) BTreeMap<(String, u32), (Duration, Duration)>);

impl Times {
    /// Execution time, and the longest session, wake to sleep.
    #[must_use]
    pub fn of(&self, model: ExecutionTime, scl_hz: u32) -> (Duration, Duration) {
        let key = (model.to_string(), scl_hz);
        self.0.get(&key).copied().unwrap_or_default()
    }
}

/// Counts, refusals by name, and a table of times in milliseconds.
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "sessions with the second chip {}", self.runs)?;
        for ((chip, watchdog, opcode), times) in &self.refused {
            writeln!(f, "  {chip}, {watchdog:?}: {opcode} refused {times} times")?;
        }
        writeln!(f, "  execution and longest session, ms")?;
        writeln!(
            f,
            "  {:14} {:18} {:>18} {:>8} {:>18} {:>8}",
            "chip", "command", "typical, 100 kHz", "400", "longest, 100 kHz", "400"
        )?;
        let sent =
            |times: &&Times| times.of(ExecutionTime::Typical, SLOW_HZ.get()).1 > Duration::ZERO;
        for ((chip, command), times) in self.times.iter().filter(|(_, times)| sent(times)) {
            write!(f, "  {chip:14} {command:18}")?;
            for model in [ExecutionTime::Typical, ExecutionTime::Longest] {
                let (execution, slow) = times.of(model, SLOW_HZ.get());
                let (_, fast) = times.of(model, FAST_HZ.get());
                let [execution, slow, fast] = [execution, slow, fast].map(ms);
                write!(f, " {execution:>9.1} {slow:>8.1} {fast:>8.1}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
