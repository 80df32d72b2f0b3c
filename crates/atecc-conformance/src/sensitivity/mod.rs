//! What the judgements notice: single bits of a case are flipped, and something
//! must be said about each.
//!
//! Bits of actions are flipped in any transcript; in a recording, bits of all
//! that stands beside them as well.

mod actions;
mod facts;
mod undetermined;

use crate::engine::Engine;
use crate::judgement::{Item, Judged, Verdict};
use crate::reason::Reason;
use crate::source::Case;

/// What came of the flips in one case.
#[derive(Clone, Debug, Default)]
pub struct Sensitivity {
    /// Name of the transcript.
    pub id: String,
    /// Flips that were noticed.
    pub noticed: usize,
    /// Those of them that fail a judgement; the others change what is skipped,
    /// which a frozen suite reports.
    pub failed: usize,
    /// Flips that were not, each in words.
    pub missed: Vec<String>,
    /// Flips that say the same in other words, or what nothing else says, each
    /// with the reason.
    pub same: Vec<String>,
}

impl Sensitivity {
    /// Flip `count` bits of the actions in turn; `seed` chooses which.
    #[must_use]
    pub fn of_actions(engine: &Engine, case: &Case, count: usize, seed: u64) -> Self {
        actions::measure(engine, case, count, seed)
    }

    /// Flip a bit of each fact beside the actions in turn, of at most `count`
    /// facts; `seed` chooses which.
    #[must_use]
    pub fn of_facts(engine: &Engine, case: &Case, count: usize, seed: u64) -> Self {
        facts::measure(engine, case, count, seed)
    }

    fn new(case: &Case) -> Self {
        Self {
            id: case.header.id.clone(),
            ..Self::default()
        }
    }

    /// Count a flip: what was told of the case before, and what of the changed
    /// one; without a judgement it cannot even be read.
    fn count(
        &mut self,
        before: &[String],
        after: Option<&Judged>,
        same: Option<String>,
        flip: impl FnOnce() -> String,
    ) {
        let noticed = after.is_none_or(|after| list_findings(after) != before);
        if noticed {
            let failed = after.is_none_or(|after| after.failures().next().is_some());
            self.noticed += 1;
            self.failed += usize::from(failed);
        } else if let Some(why) = same {
            self.same.push(format!("{}: {why}", flip()));
        } else {
            self.missed.push(flip());
        }
    }
}

/// What a reader of the result would see: failures, and what is skipped.
fn list_findings(judged: &Judged) -> Vec<String> {
    let findings = judged.findings.iter();
    let told = findings.filter_map(|finding| {
        let verdict = match &finding.verdict {
            Verdict::Passed => return None,
            Verdict::Failed(difference) => difference.to_string(),
            Verdict::Skipped(reason) => reason.to_string(),
        };
        Some(format!(
            "{} {} {} {verdict}",
            finding.judge, finding.item, finding.what
        ))
    });
    told.collect()
}

/// Whether nothing is judged, since the part is another one.
fn is_of_another_chip(judged: &Judged) -> bool {
    let all = &judged.findings;
    let other = |item: &Item, verdict: &Verdict| {
        *item == Item::Whole && *verdict == Verdict::Skipped(Reason::OtherChip)
    };
    all.iter().any(|one| other(&one.item, &one.verdict))
}

/// `SplitMix64`: good enough to choose bits, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `end`, which is not 0.
fn below(state: &mut u64, end: usize) -> usize {
    usize::try_from(next(state) >> 1).unwrap_or_default() % end
}
