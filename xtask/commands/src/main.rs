//! `cargo xtask commands`: `docs/commands.md`, the table of every mode of
//! every command, with what is typed, emulated, and checked against whom.
//!
//! The rows are declared; what the table says of them is found out: the typed
//! command is encoded and compared, emulated chips are asked, and the frames
//! of others are looked through.
#![forbid(unsafe_code)]

mod chip;
mod complete;
mod evidence;
mod frame;
mod markdown;
mod probe;
mod row;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

use atecc::Family;
use atecc::command::Chips;
use atecc_emulator::Revision;
use clap::Parser;

use evidence::Evidence;
use frame::Frame;
use probe::{Answer, PARSE_ERROR};
use row::Row;

use xtask_support::error::Error;
use xtask_support::run;

/// Writes the table of every command mode, docs/commands.md.
#[derive(Debug, clap::Parser)]
#[command(name = "cargo xtask commands", bin_name = "cargo xtask commands")]
struct Options {
    /// Write nothing; fail when the table is not up to date.
    #[arg(long)]
    check: bool,
}

const REVISIONS: [Revision; 3] = [
    Revision::Atecc508A,
    Revision::Atecc608A,
    Revision::Atecc608B,
];

fn main() -> ExitCode {
    xtask_support::end(run(&Options::parse()))
}

/// Write the table, or check it.
fn run(options: &Options) -> Result<(), Error> {
    if options.check {
        return check();
    }
    evidence::refresh(false)?;
    let table = table()?;
    std::fs::write(path(), table).map_err(|error| Error::File {
        path: path(),
        error,
    })
}

/// Whether the table is what would be written.
fn check() -> Result<(), Error> {
    evidence::refresh(true)?;
    let table = table()?;
    let written = std::fs::read_to_string(path()).map_err(|error| Error::File {
        path: path(),
        error,
    })?;
    let findings = if written == table {
        println!(
            "{}: {} lines, up to date",
            path().display(),
            table.lines().count()
        );
        Vec::new()
    } else {
        vec![format!("{}: run `cargo xtask commands`", path().display())]
    };
    Error::unless_empty("the table of commands", findings)
}

fn path() -> PathBuf {
    run::root().join("docs/commands.md")
}

/// The table; the error has everything that is wrong with its rows.
fn table() -> Result<String, Error> {
    let rows = rows::all();
    let evidence = Evidence::gather()?;
    let mut findings = complete::gaps(&rows)?;
    let mut judged = Vec::new();
    for row in &rows {
        findings.extend(mistyped(row).map(|what| format!("{}: {what}", row.name())));
        match emulated(row) {
            Ok(answers) => judged.push((row, answers, evidence.of(row))),
            Err(what) => findings.push(format!("{}: {what}", row.name())),
        }
    }
    let (text, empty) = markdown::render(&judged);
    findings.extend(empty);
    Error::unless_empty("modes", findings)?;
    Ok(text)
}

/// What the typed command does not have as the row does.
fn mistyped(row: &Row) -> Option<String> {
    let Some(frame) = Frame::from_write(row.request.as_bytes()) else {
        return Some("the typed command is no group".to_owned());
    };
    if !row.looks_like(&frame) {
        return Some(format!("{} is {frame:02X?}", row.typed));
    }
    let chips = row.request.chips();
    let fits = chips == row.chips || row.shares_type && chips == Chips::All;
    (!fits).then(|| format!("{} is for {chips:?}", row.typed))
}

/// What the three chips answer.
fn emulated(row: &Row) -> Result<[Answer; 3], String> {
    let mut answers = [Answer::Silent; 3];
    for (answer, revision) in answers.iter_mut().zip(REVISIONS) {
        let has_it = row.is_on(family(revision));
        *answer = probe::ask(row, revision, has_it)?;
        let as_declared = if has_it {
            !matches!(*answer, PARSE_ERROR | Answer::Silent)
        } else {
            *answer == PARSE_ERROR || row.elsewhere.is_some()
        };
        if !as_declared {
            return Err(format!("{revision} answers {answer}"));
        }
    }
    Ok(answers)
}

const fn family(revision: Revision) -> Family {
    match revision {
        Revision::Atecc508A => Family::Atecc508,
        Revision::Atecc608A | Revision::Atecc608B => Family::Atecc608,
    }
}
