//! Many runs of one operation, and their figures.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use atecc_emulator::Image;

use crate::floor::{Floor, Session, floor};
use crate::measure::{Counts, measure};
use crate::operations::{Error, Operation};
use crate::setting::Setting;

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) counts: Counts,
    pub(crate) floor: Floor,
}

/// All runs of one operation in one setting, by rising ratio.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) operation: &'static str,
    pub(crate) setting: Setting,
    pub(crate) needs: Vec<Session>,
    /// Commands that the last run executed and did not need, and how often.
    pub(crate) besides: BTreeMap<String, usize>,
    runs: Vec<Run>,
}

impl Run {
    pub(crate) fn ratio(&self) -> f64 {
        self.counts.time.as_secs_f64() / self.floor.time.as_secs_f64()
    }
}

impl Row {
    /// Run `operation` with the seeds from 0 to `seeds` - 1.
    ///
    /// # Errors
    /// What a run or its floor says.
    pub(crate) fn new(
        operation: &Operation,
        image: &Image,
        setting: Setting,
        seeds: u64,
    ) -> Result<Self, Error> {
        // Nothing else than the times differs.
        let seeds = if setting.is_constant() { 1 } else { seeds };
        let (mut runs, mut needs, mut besides) = (Vec::new(), Vec::new(), BTreeMap::new());
        for seed in 0..seeds {
            let mut bench = operation.prepared(image, setting, seed)?;
            let bus = bench.bus.clone();
            let (result, counts, mut drawn) =
                measure(&bus, setting, || (operation.run)(&mut bench));
            result?;
            needs = (operation.needs)(&bench);
            let floor = floor(&needs, operation.in_force(setting), &mut drawn)?;
            besides = drawn.left();
            runs.push(Run { counts, floor });
        }
        runs.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
        Ok(Self {
            operation: operation.name,
            setting,
            needs,
            besides,
            runs,
        })
    }

    /// The run in the middle.
    pub(crate) fn median(&self) -> &Run {
        &self.runs[self.runs.len() / 2]
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.runs.len()
    }

    /// The ratio that 99 of 100 runs do not exceed.
    pub(crate) fn percentile_99(&self) -> f64 {
        let at = (self.runs.len() * 99).div_ceil(100).saturating_sub(1);
        self.runs[at].ratio()
    }
}

impl Run {
    /// Commands that the operation does not need.
    pub(crate) fn more_commands(&self) -> Duration {
        self.counts
            .commands_time
            .saturating_sub(self.floor.commands_time)
    }

    /// Wakes, tokens and rests that it does not need.
    pub(crate) fn more_sessions(&self) -> Duration {
        let needed = self.floor.time.saturating_sub(self.floor.commands_time);
        self.counts.sessions_time.saturating_sub(needed)
    }

    /// Looks: answers that were looked for too early and too late, and what was read
    /// again.
    pub(crate) fn looks(&self) -> Duration {
        let known = self.counts.commands_time + self.counts.sessions_time;
        self.counts.time.saturating_sub(known)
    }
}
