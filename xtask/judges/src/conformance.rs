//! `cargo xtask conformance [PATH...]`: what recorded chips say about codec,
//! driver and emulator.
//!
//! Without a path, the frozen transcripts of this repository and the data of
//! its recordings; `cargo test` runs the same. `docs/conformance.md` says what
//! each judgement means.

use std::fs;
use std::path::{Path, PathBuf};

use atecc_conformance::{
    Case, Count, Engine, Judge, Judged, ORIGINS, SKIPS, Sensitivity, Suite, files, report,
};

use xtask_support::error::Error;
use xtask_support::{run, table};

/// Bits that are flipped in each transcript.
const FLIPS: usize = 50;
/// Facts of which a bit is flipped in each recording: all that any has.
const FACTS: usize = 1_000;
/// Chooses them.
const SEED: u64 = 0x0508_0608;

/// Options of `cargo xtask conformance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Transcripts as text or bytes, recordings in JSON, or folders of them
    /// [default: the project's own].
    paths: Vec<PathBuf>,
    /// Write everything to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write everything to this file as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Flip 50 bits of each transcript and one of each fact in turn: is each
    /// noticed?
    #[arg(long)]
    sensitivity: bool,
}

/// Judge, print, and fail when anything differs.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let engine = Engine::new();
    let suite = if options.paths.is_empty() {
        let tests = run::root().join("tests");
        Suite::run(
            &engine,
            &tests.join("transcripts"),
            Some(&tests.join("recordings")),
        )
    } else {
        named(&engine, &options.paths)
    };
    print_totals(&suite.judged);
    print_coverage(&suite.judged);
    print_skips(&suite.judged);
    write(options.json.as_deref(), || {
        format!("{:#}\n", report::to_json(&suite.judged, &suite.problems))
    })?;
    write(options.junit.as_deref(), || {
        report::to_junit(&suite.judged, &suite.problems)
    })?;
    let mut failures: Vec<_> = suite.failures().collect();
    if options.sensitivity {
        failures.extend(sensitivity(&engine, &suite.cases));
    }
    Error::unless_empty("conformance", failures)
}

/// Files that the project has never seen: what they leave undetermined is
/// printed only.
fn named(engine: &Engine, paths: &[PathBuf]) -> Suite {
    let mut suite = Suite::default();
    for path in paths {
        let found = files(path).unwrap_or_else(|error| {
            suite.problems.push(error.to_string());
            Vec::new()
        });
        for file in found {
            let name = file.file_name().unwrap_or_default();
            // A folder has lists and explanations as well.
            let inside = file != *path;
            let extension = file.extension().unwrap_or_default();
            let other = name == ORIGINS || name == SKIPS || extension == "md" || extension == "py";
            if inside && other {
                continue;
            }
            match Case::load(&file) {
                Ok(case) => suite.cases.push(case),
                Err(error) if inside && error.is_something_else() => {
                    println!("{error}: left out");
                }
                Err(error) => suite.problems.push(error.to_string()),
            }
        }
    }
    suite.judged = suite.cases.iter().map(|case| engine.judge(case)).collect();
    suite
}

fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), Error> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, text()).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })
}

fn print_totals(judged: &[Judged]) {
    let mut sum = report::Total::default();
    let mut rows = Vec::new();
    for (provenance, total) in report::totals(judged) {
        rows.push(total_row(provenance.name(), total));
        sum.transcripts += total.transcripts;
        sum.frames += total.frames;
        let (all, one) = (&mut sum.judgements, total.judgements);
        all.passed += one.passed;
        all.failed += one.failed;
        all.skipped += one.skipped;
    }
    rows.push(total_row("total", sum));
    let head = [
        "provenance",
        "transcripts",
        "frames",
        "passed",
        "failed",
        "skipped",
    ];
    table::print(head, &rows);
    println!();
}

fn total_row(name: &str, total: report::Total) -> [String; 6] {
    let Count {
        passed,
        failed,
        skipped,
    } = total.judgements;
    let counts = [total.transcripts, total.frames, passed, failed, skipped];
    let [transcripts, frames, passed, failed, skipped] = counts.map(|count| count.to_string());
    [
        name.to_owned(),
        transcripts,
        frames,
        passed,
        failed,
        skipped,
    ]
}

/// Per judge: passed, and failed or skipped where there are any.
fn print_coverage(judged: &[Judged]) {
    let rows: Vec<_> = report::coverage(judged)
        .into_iter()
        .map(|(command, coverage)| {
            let of = |judge| {
                let count = coverage.judges.get(&judge).copied().unwrap_or_default();
                match count {
                    Count {
                        failed: 0,
                        skipped: 0,
                        passed,
                    } => passed.to_string(),
                    Count {
                        failed: 0,
                        skipped,
                        passed,
                    } => format!("{passed} ({skipped} skipped)"),
                    Count { failed, passed, .. } => format!("{passed} ({failed} FAILED)"),
                }
            };
            let [codec, driver, emulator] = Judge::ALL.map(of);
            let chips: Vec<_> = coverage.chips.iter().map(String::as_str).collect();
            let provenances: Vec<_> = coverage.provenances.iter().map(|one| one.name()).collect();
            [
                command,
                codec,
                driver,
                emulator,
                chips.join(" "),
                provenances.join(" "),
            ]
        })
        .collect();
    let head = [
        "judged",
        "codec",
        "driver",
        "emulator",
        "chips",
        "provenances",
    ];
    table::print(head, &rows);
    println!();
}

fn print_skips(judged: &[Judged]) {
    let rows: Vec<_> = judged
        .iter()
        .flat_map(|one| {
            one.skips().map(|(finding, reason)| {
                [
                    one.id.clone(),
                    finding.item.to_string(),
                    finding.judge.name().to_owned(),
                    finding.what.clone(),
                    reason.text().to_owned(),
                ]
            })
        })
        .collect();
    if !rows.is_empty() {
        table::print(["not judged", "where", "judge", "what", "because"], &rows);
        println!();
    }
}

/// Print the figures; what was missed is a failure.
fn sensitivity(engine: &Engine, cases: &[Case]) -> Vec<String> {
    let of_actions = |case| Sensitivity::of_actions(engine, case, FLIPS, SEED);
    let of_facts = |case| Sensitivity::of_facts(engine, case, FACTS, SEED);
    let actions: Vec<_> = cases.iter().map(of_actions).collect();
    let facts: Vec<_> = cases.iter().map(of_facts).collect();
    let mut missed = Vec::new();
    for (what, measured) in [("actions", &actions), ("facts beside them", &facts)] {
        let sum = |count: fn(&Sensitivity) -> usize| measured.iter().map(count).sum::<usize>();
        for one in measured {
            for flip in &one.same {
                println!("not determinable: {}: {flip}", one.id);
            }
            let own = one.missed.iter();
            missed.extend(own.map(|flip| format!("{}: not noticed: {flip}", one.id)));
        }
        let (noticed, failed) = (sum(|one| one.noticed), sum(|one| one.failed));
        let (same, lost) = (sum(|one| one.same.len()), sum(|one| one.missed.len()));
        println!(
            "sensitivity, {what}: {noticed} of {} bits noticed ({failed} fail a judgement, the \
             others change what is skipped), {same} not determinable, {lost} missed",
            noticed + same + lost
        );
    }
    missed
}
