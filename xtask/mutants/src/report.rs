//! `cargo xtask mutants report`: how much is caught.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::copy;
use super::results::{self, Accepted, Kind, Outcome, Results};
use super::source::Source;
use super::subject::{SUBJECTS, Subject};
use xtask_support::error::Error;
use xtask_support::{run, table};

#[derive(Debug, Default)]
struct Count {
    untested: usize,
    unviable: usize,
    caught: usize,
    timeout: usize,
    missed: usize,
    equivalent: usize,
    harmless: usize,
    /// Of functions that are no more, or changed.
    stale: usize,
}

impl Count {
    fn tested(&self) -> usize {
        self.caught + self.timeout + self.missed + self.equivalent + self.harmless
    }

    /// Percent caught of those that can be told, rounded down.
    fn percent(&self) -> Option<usize> {
        let all = self.tested() - self.equivalent;
        (100 * (self.caught + self.timeout)).checked_div(all)
    }
}

pub(super) fn run() -> Result<(), Error> {
    let accepted = results::accepted()?;
    let mut used = vec![BTreeSet::new(); accepted.len()];
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for subject in &SUBJECTS {
        let count = count(subject, &accepted, &mut used)?;
        let percent = count.percent();
        if percent.is_some_and(|percent| percent < subject.threshold) {
            findings.push(format!(
                "{}: {} % caught, {} % are demanded",
                subject.package,
                percent.unwrap_or(0),
                subject.threshold
            ));
        }
        rows.push(row(subject, &count, percent));
    }
    table::print(
        [
            "crate",
            "tested",
            "caught",
            "timeout",
            "missed",
            "harmless",
            "equivalent",
            "unviable",
            "untested",
            "stale",
            "of 100",
            "at least",
        ],
        &rows,
    );
    for (line, used) in accepted.iter().zip(used) {
        for mutant in line.mutants.iter().filter(|mutant| !used.contains(*mutant)) {
            let Accepted { file, function, .. } = line;
            findings.push(format!(
                "accepted, but not missed: {file}: {function}: {mutant}"
            ));
        }
        if line.reason.is_empty() {
            findings.push(format!("accepted without a reason: {}", line.function));
        }
    }
    Error::unless_empty("mutants", findings)
}

fn count(
    subject: &Subject,
    accepted: &[Accepted],
    used: &mut [BTreeSet<String>],
) -> Result<Count, Error> {
    let results = Results::read(subject)?;
    let mut count = Count::default();
    let mut current: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (file, function, mutant, outcome) in results.iter() {
        if !current.contains_key(file) {
            current.insert(file, functions(file)?);
        }
        let stale = !current[file].contains(function);
        let line = accepted
            .iter()
            .position(|line| line.covers(file, function, mutant));
        // A function that changed is to be judged again before its lines are.
        if let Some(line) =
            line.filter(|_| stale || outcome.is_missed() || *outcome == Outcome::Untested)
        {
            used[line].insert(mutant.to_owned());
        }
        let kind = line.map(|line| accepted[line].kind);
        let counted = match (outcome, kind) {
            _ if stale => &mut count.stale,
            (Outcome::Untested, _) => &mut count.untested,
            (Outcome::Unviable, _) => &mut count.unviable,
            (Outcome::Caught(_), _) => &mut count.caught,
            (Outcome::Timeout, _) => &mut count.timeout,
            (Outcome::Missed | Outcome::Unreached, None) => &mut count.missed,
            (_, Some(Kind::Equivalent)) => &mut count.equivalent,
            (_, Some(Kind::Harmless)) => &mut count.harmless,
        };
        *counted += 1;
    }
    Ok(count)
}

/// What a file has now; nothing when it is gone.
fn functions(file: &str) -> Result<BTreeSet<String>, Error> {
    if !run::root().join(file).exists() {
        return Ok(BTreeSet::new());
    }
    Ok(Source::parse(file, copy::read(file)?)?
        .functions()
        .collect())
}

fn row(subject: &Subject, count: &Count, percent: Option<usize>) -> [String; 12] {
    let percent = percent.map_or_else(|| "-".to_owned(), |percent| percent.to_string());
    [
        subject.package.to_owned(),
        count.tested().to_string(),
        count.caught.to_string(),
        count.timeout.to_string(),
        count.missed.to_string(),
        count.harmless.to_string(),
        count.equivalent.to_string(),
        count.unviable.to_string(),
        count.untested.to_string(),
        count.stale.to_string(),
        percent,
        subject.threshold.to_string(),
    ]
}
