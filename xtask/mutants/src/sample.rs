//! `cargo xtask mutants sample`: is what was caught caught still?
//!
//! Needs no `cargo mutants`: what to plant is in the results. Each commit has a
//! sample of its own.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::copy;
use super::judge;
use super::planted::{Field, Mutant};
use super::results::{Outcome, Results};
use super::source::{Key, Source};
use super::subject::SUBJECTS;
use xtask_support::error::Error;
use xtask_support::run;

/// Of each crate.
const SIZE: usize = 25;

pub(crate) fn run() -> Result<(), Error> {
    let commit = run::captured(&mut run::program("git", ["rev-parse", "HEAD"]))?;
    let mutants = draw(commit.trim())?;
    println!("{} mutants that were caught", mutants.len());
    let packages: BTreeSet<&str> = mutants
        .iter()
        .map(|mutant| mutant.subject.package)
        .collect();
    let mut field = Field::new("sample", &mutants)?;
    let binaries = field.build(&packages)?;
    let mut findings = Vec::new();
    for (id, mutant) in (0..).zip(&mutants) {
        // These are the larger runs' work.
        if field.unviable.contains(&id) || field.apart.contains(&id) {
            continue;
        }
        let own = binaries.get(mutant.subject.package).into_iter().flatten();
        let own = own.filter(|binary| binary.name == library(mutant.subject.package));
        if judge::wake(id, own)? == Outcome::Missed {
            let Mutant { file, key, .. } = mutant;
            findings.push(format!(
                "no longer caught: {file}: {}: {}",
                key.function, key.mutant
            ));
        }
    }
    field.clear()?;
    Error::unless_empty("mutants", findings)
}

/// The name of its library, and so of the library's own tests.
fn library(package: &str) -> String {
    package.replace('-', "_")
}

/// Of each crate those that its own tests caught, in an order that the seed
/// makes.
fn draw(seed: &str) -> Result<Vec<Mutant>, Error> {
    let mut mutants = Vec::new();
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    for subject in &SUBJECTS {
        let own = Outcome::Caught(library(subject.package));
        let results = Results::read(subject)?;
        let mut caught: Vec<_> = results
            .iter()
            .filter(|(file, .., outcome)| **outcome == own && run::root().join(file).exists())
            .collect();
        caught.sort_by_cached_key(|(file, function, mutant, _)| {
            Sha256::digest(format!("{seed} {file} {function} {mutant}"))
        });
        let mut drawn = 0;
        for (file, function, name, _) in caught {
            if !sources.contains_key(file) {
                sources.insert(file.to_owned(), Source::parse(file, copy::read(file)?)?);
            }
            // What changed since is not found, and to be tested anew.
            let Some((start, change)) = sources[file].find(function, name) else {
                continue;
            };
            mutants.push(Mutant {
                subject,
                file: file.to_owned(),
                key: Key {
                    function: function.to_owned(),
                    mutant: name.to_owned(),
                },
                start,
                end: start,
                change,
            });
            drawn += 1;
            if drawn == SIZE {
                break;
            }
        }
    }
    Ok(mutants)
}
