//! The engine: three judgements for each transcript.

use crate::data;
use crate::driver::{self, Atecc, Driver};
use crate::judgement::{Item, Judge, Judged, Verdict};
use crate::knowledge::Knowledge;
use crate::reason::Reason;
use crate::scenario::{Scenario, scenarios};
use crate::source::Case;
use crate::start::part;
use crate::{codec, emulator};

/// Judges transcripts.
pub struct Engine {
    driver: Box<dyn Driver>,
    scenarios: Vec<Scenario>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scenarios = &self.scenarios;
        f.debug_struct("Engine")
            .field("scenarios", scenarios)
            .finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// Judges the driver of the crate `atecc`, with its scenarios.
    #[must_use]
    pub fn new() -> Self {
        Self::with_driver(Atecc, scenarios())
    }

    /// Judges another driver.
    #[must_use]
    pub fn with_driver(driver: impl Driver + 'static, scenarios: Vec<Scenario>) -> Self {
        Self {
            driver: Box::new(driver),
            scenarios,
        }
    }

    /// The same engine, with one more scenario.
    #[must_use]
    pub fn with_scenario(mut self, scenario: Scenario) -> Self {
        self.scenarios.push(scenario);
        self
    }

    /// All judgements by one case.
    #[must_use]
    pub fn judge(&self, case: &Case) -> Judged {
        let mut judged = Judged::new(&case.header);
        let known = Knowledge::nothing();
        // What names no part at all, such as the certificate of a root.
        let named = case.header.chip.chars().any(char::is_alphanumeric);
        if named && part(&case.header.chip, &known).is_none() {
            for judge in Judge::ALL {
                let verdict = Verdict::Skipped(Reason::OtherChip);
                judged.add(judge, Item::Whole, case.header.chip.clone(), verdict);
            }
            return judged;
        }
        if let Some(transcript) = &case.transcript {
            codec::judge(transcript, &case.broken, &mut judged);
            driver::judge(
                transcript,
                self.driver.as_ref(),
                &self.scenarios,
                &mut judged,
            );
            let findings = emulator::judge(transcript, &case.keys, &case.broken);
            judged.findings.extend(findings);
        }
        if let Some(recording) = &case.recording {
            data::judge(recording, &mut judged);
        }
        judged
    }
}
