//! Many runs of one operation, and their figures.

use std::time::Duration;

use atecc_emulator::Image;

use crate::floor::{Floor, floor};
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
        let mut runs = Vec::new();
        for seed in 0..seeds {
            let mut bench = operation.prepared(image, setting, seed)?;
            let bus = bench.bus.clone();
            let (result, counts, drawn) = measure(&bus, || (operation.run)(&mut bench));
            result?;
            let floor = floor(
                &(operation.needs)(&bench),
                operation.in_force(setting),
                drawn,
            )?;
            runs.push(Run { counts, floor });
        }
        runs.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
        Ok(Self {
            operation: operation.name,
            setting,
            runs,
        })
    }

    /// The run in the middle.
    pub(crate) fn median(&self) -> &Run {
        &self.runs[self.runs.len() / 2]
    }

    /// The ratio that 99 of 100 runs do not exceed.
    pub(crate) fn percentile_99(&self) -> f64 {
        let at = (self.runs.len() * 99).div_ceil(100).saturating_sub(1);
        self.runs[at].ratio()
    }
}

/// Milliseconds with one decimal.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}
