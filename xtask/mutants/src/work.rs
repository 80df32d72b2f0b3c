//! `cargo xtask mutants run`: test what is not tested yet.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::build;
use super::change::Change;
use super::copy;
use super::judge::{self, Judge};
use super::list;
use super::planted::{Field, Mutant};
use super::results::{Outcome, Results};
use super::source::Source;
use super::subject::{SUBJECTS, Subject, Tests};
use xtask_support::error::Error;
use xtask_support::run;

/// How many are tested at a time.
const WORKERS: usize = 2;
/// Results are written after as many.
const BATCH: usize = 25;

/// Options of `cargo xtask mutants run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only mutants of these crates.
    #[arg(long = "crate", value_name = "CRATE")]
    crates: Vec<String>,
    /// Only one part of several, such as 2/5.
    #[arg(long, value_name = "PART/PARTS")]
    shard: Option<Shard>,
    /// Begin no mutant after this time.
    #[arg(long)]
    minutes: Option<u64>,
    /// The tests that judge; what few of them miss is for more of them.
    #[arg(long, value_enum, default_value = "all")]
    tests: Tests,
    /// Test these again, too.
    #[arg(long, value_enum)]
    again: Option<Again>,
}

/// What is tested again.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Again {
    /// What no test caught.
    Missed,
    /// Everything.
    All,
}

/// One part of several.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Shard {
    /// From 0.
    part: usize,
    parts: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(part, parts)| {
            let (part, parts) = (part.parse::<usize>().ok()?, parts.parse().ok()?);
            (1..=parts).contains(&part).then_some((part, parts))
        });
        let (part, parts) = numbers.ok_or("write 1/5 to 5/5 for the parts of five")?;
        Ok(Self {
            part: part - 1,
            parts,
        })
    }
}

pub(super) fn run(options: &Options) -> Result<(), Error> {
    let end = options
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut state = State {
        results: BTreeMap::new(),
        unwritten: 0,
    };
    // All are planted, so that the next run of others builds nothing.
    let mut mutants = Vec::new();
    let mut wanted = Vec::new();
    for subject in &SUBJECTS {
        let mut results = Results::read(subject)?;
        let listed = listed(subject)?;
        let keys = listed
            .iter()
            .map(|mutant| (mutant.file.clone(), mutant.key.clone()));
        results.update(&keys.collect());
        results.write()?;
        for mutant in listed {
            let outcome = results.get(&mutant.file, &mutant.key);
            if options.is_asked(subject) && outcome.is_none_or(|outcome| options.wants(outcome)) {
                wanted.push(mutants.len());
            }
            if outcome != Some(&Outcome::Unviable) || options.again == Some(Again::All) {
                mutants.push(mutant);
            }
        }
        state.results.insert(subject.package, results);
    }
    if let Some(Shard { part, parts }) = options.shard {
        let numbered = wanted.into_iter().enumerate();
        let of_part = numbered.filter(|(at, _)| at % parts == part);
        wanted = of_part.map(|(_, mutant)| mutant).collect();
    }
    println!("{} mutants to test", wanted.len());
    if wanted.is_empty() {
        return Ok(());
    }
    test(&mutants, &wanted, state, options.tests, end)
}

impl Options {
    fn is_asked(&self, subject: &Subject) -> bool {
        self.crates.is_empty() || self.crates.iter().any(|name| name == subject.package)
    }

    fn wants(&self, outcome: &Outcome) -> bool {
        match (outcome, self.again) {
            (Outcome::Untested, _) | (_, Some(Again::All)) => true,
            (outcome, Some(Again::Missed)) => outcome.is_missed(),
            (_, None) => false,
        }
    }
}

/// The mutants of a crate as it is.
fn listed(subject: &'static Subject) -> Result<Vec<Mutant>, Error> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut mutants = Vec::new();
    for listed in list::list(subject)? {
        if !sources.contains_key(&listed.file) {
            let source = Source::parse(&listed.file, copy::read(&listed.file)?)?;
            sources.insert(listed.file.clone(), source);
        }
        let source = &sources[&listed.file];
        // What is in no function is no mutant of one.
        let Some((key, change)) = source.key(&listed) else {
            println!("left out: {}", listed.name);
            continue;
        };
        mutants.push(Mutant {
            subject,
            start: source.range(&listed).0,
            end: source.range(&listed).1,
            file: listed.file,
            key,
            change,
        });
    }
    Ok(mutants)
}

struct State {
    results: BTreeMap<&'static str, Results>,
    unwritten: usize,
}

impl State {
    fn set(&mut self, mutant: &Mutant, outcome: Outcome) -> Result<(), Error> {
        if outcome.is_missed() {
            let Mutant { file, key, .. } = mutant;
            println!("{outcome}: {file}: {}: {}", key.function, key.mutant);
        }
        if let Some(results) = self.results.get_mut(mutant.subject.package) {
            results.set(&mutant.file, &mutant.key, outcome);
        }
        self.unwritten += 1;
        if self.unwritten >= BATCH {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        self.unwritten = 0;
        self.results.values().try_for_each(Results::write)
    }
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| Instant::now() >= end)
}

fn test(
    mutants: &[Mutant],
    wanted: &[usize],
    mut state: State,
    tests: Tests,
    end: Option<Instant>,
) -> Result<(), Error> {
    let mut field = Field::new("tree", mutants)?;
    let wanted = wanted
        .iter()
        .filter_map(|at| Some((u32::try_from(*at).ok()?, mutants.get(*at)?)));
    let wanted: Vec<(u32, &Mutant)> = wanted.collect();
    let is_wanted = |of: &&Subject| {
        wanted
            .iter()
            .any(|(_, one)| one.subject.package == of.package)
    };
    let subjects: Vec<&Subject> = SUBJECTS.iter().filter(is_wanted).collect();
    let packages: BTreeSet<&str> = subjects
        .iter()
        .flat_map(|subject| subject.judges_in(tests))
        .collect();
    let binaries = field.build(&packages)?;
    for id in &field.unviable {
        state.set(&mutants[*id as usize], Outcome::Unviable)?;
    }
    let judges = judge::judges(
        &binaries,
        (&subjects, tests),
        &run::target().join("mutants"),
    )?;
    let left_out = &field.unviable | &field.apart;
    let (alone, asleep): (Vec<_>, Vec<_>) = wanted
        .into_iter()
        .partition(|(id, _)| left_out.contains(id));
    let next = AtomicUsize::new(0);
    let shared = Mutex::new(state);
    std::thread::scope(|scope| {
        let work = || awake(&asleep, (&judges, tests), (&next, end), &shared);
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| {
                Err(Error::Findings {
                    check: "workers",
                    findings: vec!["one panicked".to_owned()],
                })
            })
        })
    })?;
    let mut state = shared
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    state.write()?;
    apart(&alone, (&field, tests), &mut state, end)?;
    state.write()
}

/// Wake one mutant after the other.
fn awake(
    asleep: &[(u32, &Mutant)],
    (judges, tests): (&[Judge], Tests),
    (next, end): (&AtomicUsize, Option<Instant>),
    state: &Mutex<State>,
) -> Result<(), Error> {
    while !is_over(end) {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some((id, mutant)) = asleep.get(at) else {
            break;
        };
        let outcome = judge::judge(*id, judges, (mutant.subject, tests))?;
        let mut state = state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        state.set(mutant, outcome)?;
        if at % 100 == 0 {
            println!("{at} of {}", asleep.len());
        }
    }
    Ok(())
}

/// Plant one mutant after the other in the text, and build for each.
fn apart(
    mutants: &[(u32, &Mutant)],
    (field, tests): (&Field<'_>, Tests),
    state: &mut State,
    end: Option<Instant>,
) -> Result<(), Error> {
    let apart = mutants.iter().filter(|(id, _)| field.apart.contains(id));
    let apart: Vec<&Mutant> = apart.map(|(_, mutant)| *mutant).collect();
    if is_over(end) || apart.is_empty() {
        return Ok(());
    }
    field.clear()?;
    println!("{} mutants are planted apart", apart.len());
    for mutant in apart {
        if is_over(end) {
            break;
        }
        let text = field.text(&mutant.file);
        let (before, after) = (&text[..mutant.start], &text[mutant.end..]);
        let to = match &mutant.change {
            Change::Body(to) | Change::Operator { to, .. } | Change::Guard(to) => to,
            Change::Unary | Change::Arm | Change::Field => "",
        };
        // What is left of a field or an arm is its comma.
        let after = match mutant.change {
            Change::Field => after.strip_prefix(',').unwrap_or(after),
            _ => after,
        };
        field
            .copy
            .write(&mutant.file, format!("{before}{to}{after}").as_bytes())?;
        let outcome = alone(field, mutant, tests)?;
        field.copy.write(&mutant.file, text.as_bytes())?;
        state.set(mutant, outcome)?;
        state.write()?;
    }
    Ok(())
}

/// The one planted mutant, by the tests of one package after the other.
fn alone(field: &Field<'_>, mutant: &Mutant, tests: Tests) -> Result<Outcome, Error> {
    let checked = build::check(&field.copy, build::Part::Library, [mutant.subject.package])?;
    if !checked.done {
        // Without an error the compiler did not come to an end.
        return Ok(if checked.errors.is_empty() {
            Outcome::Caught("the compiler".to_owned())
        } else {
            Outcome::Unviable
        });
    }
    for package in mutant.subject.judges_in(tests) {
        let built = build::tests(&field.copy, &BTreeSet::from([package]))?;
        if !built.done {
            // An assertion at build time is a test as well.
            return Ok(Outcome::Caught("the compiler".to_owned()));
        }
        let binaries = built.binaries.values().flatten();
        let needed = binaries.filter(|binary| mutant.subject.needs(package, &binary.name, tests));
        if let Some(outcome) = judge::fails(needed)? {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!("2/5".parse(), Ok(Shard { part: 1, parts: 5 }));
        for text in ["0/5", "6/5", "1", "1/", "/1", "0/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
