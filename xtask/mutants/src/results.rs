//! The files in `tests/mutants`: what became of each mutant, and what is
//! accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::copy::at;
use super::source::Key;
use super::subject::Subject;
use xtask_support::error::Error;
use xtask_support::run;

/// What became of a mutant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "String", into = "String")]
pub(super) enum Outcome {
    Untested,
    /// By the tests of this name.
    Caught(String),
    /// Tests hung, and were stopped.
    Timeout,
    /// No test failed.
    Missed,
    /// No test came by.
    Unreached,
    /// It does not compile.
    Unviable,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untested => f.write_str("untested"),
            Self::Caught(by) => write!(f, "caught {by}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Missed => f.write_str("missed"),
            Self::Unreached => f.write_str("missed, not reached"),
            Self::Unviable => f.write_str("unviable"),
        }
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> Self {
        outcome.to_string()
    }
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        match text.as_str() {
            "timeout" => Self::Timeout,
            "missed" => Self::Missed,
            "missed, not reached" => Self::Unreached,
            "unviable" => Self::Unviable,
            _ => text
                .strip_prefix("caught ")
                .map_or(Self::Untested, |by| Self::Caught(by.to_owned())),
        }
    }
}

impl Outcome {
    pub(super) const fn is_missed(&self) -> bool {
        matches!(self, Self::Missed | Self::Unreached)
    }
}

/// By file, function and mutant.
type Table<T> = BTreeMap<String, BTreeMap<String, BTreeMap<String, T>>>;

/// The results of a crate.
#[derive(Debug, Default)]
pub(super) struct Results {
    path: PathBuf,
    table: Table<Outcome>,
}

impl Results {
    pub(super) fn read(subject: &Subject) -> Result<Self, Error> {
        let path = folder().join(format!("{}.json", subject.package));
        let table = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Table::new(),
            Err(error) => return Err(at(&path, error)),
        };
        Ok(Self { path, table })
    }

    pub(super) fn write(&self) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(&self.table)?;
        fs::create_dir_all(folder()).map_err(|error| at(&folder(), error))?;
        // A full disk must not cost what was there.
        let new = self.path.with_extension("new");
        fs::write(&new, text + "\n").map_err(|error| at(&new, error))?;
        fs::rename(&new, &self.path).map_err(|error| at(&self.path, error))
    }

    /// Keep the results of what is there still, and add what is new. A result
    /// goes with its function when that moves to another file.
    pub(super) fn update(&mut self, present: &BTreeSet<(String, Key)>) {
        let mut table = Table::new();
        for (file, key) in present {
            let outcome = self.get(file, key).or_else(|| self.moved(present, key));
            let outcome = outcome.cloned();
            table
                .entry(file.clone())
                .or_default()
                .entry(key.function.clone())
                .or_default()
                .insert(key.mutant.clone(), outcome.unwrap_or(Outcome::Untested));
        }
        self.table = table;
    }

    pub(super) fn get(&self, file: &str, key: &Key) -> Option<&Outcome> {
        self.table.get(file)?.get(&key.function)?.get(&key.mutant)
    }

    /// The result of a mutant in a file that has it no more.
    fn moved(&self, present: &BTreeSet<(String, Key)>, key: &Key) -> Option<&Outcome> {
        let mut files = self.table.keys();
        let gone = files.find(|file| {
            self.get(file, key).is_some() && !present.contains(&((*file).clone(), key.clone()))
        })?;
        self.get(gone, key)
    }

    pub(super) fn set(&mut self, file: &str, key: &Key, outcome: Outcome) {
        let functions = self.table.entry(file.to_owned()).or_default();
        let mutants = functions.entry(key.function.clone()).or_default();
        mutants.insert(key.mutant.clone(), outcome);
    }

    /// File, function, mutant and outcome of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str, &str, &Outcome)> {
        self.table.iter().flat_map(|(file, functions)| {
            functions.iter().flat_map(move |(function, mutants)| {
                mutants
                    .iter()
                    .map(move |(mutant, outcome)| (&**file, &**function, &**mutant, outcome))
            })
        })
    }
}

/// Mutants of a function that no test needs to catch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    pub(super) file: String,
    /// Without the hash.
    pub(super) function: String,
    pub(super) mutants: Vec<String>,
    pub(super) kind: Kind,
    pub(super) reason: String,
}

/// Why a mutant may live.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Nobody can tell it from the original.
    Equivalent,
    /// It could be told, and matters to nobody.
    Harmless,
}

impl Accepted {
    pub(super) fn covers(&self, file: &str, function: &str, mutant: &str) -> bool {
        self.file == file
            && function
                .rsplit_once(' ')
                .is_some_and(|(name, _)| name == self.function)
            && self.mutants.iter().any(|accepted| accepted == mutant)
    }
}

pub(super) fn accepted() -> Result<Vec<Accepted>, Error> {
    let path = folder().join("accepted.json");
    let text = fs::read_to_string(&path).map_err(|error| at(&path, error))?;
    Ok(serde_json::from_str(&text)?)
}

fn folder() -> PathBuf {
    run::root().join("tests").join("mutants")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(function: &str) -> Key {
        Key {
            function: function.to_owned(),
            mutant: "1:1 body".to_owned(),
        }
    }

    #[test]
    fn a_result_goes_with_its_function() {
        let caught = Outcome::Caught("by".to_owned());
        let mut results = Results::default();
        results.set("old.rs", &key("moved 1"), caught.clone());
        results.set("kept.rs", &key("same 2"), Outcome::Missed);
        let present = [
            ("new.rs", "moved 1"),
            ("new.rs", "changed 3"),
            ("new.rs", "same 2"),
            ("kept.rs", "same 2"),
        ];
        let present = present.map(|(file, function)| (file.to_owned(), key(function)));
        results.update(&BTreeSet::from(present));
        let outcome = |file, function| results.get(file, &key(function)).cloned();
        assert_eq!(outcome("old.rs", "moved 1"), None);
        assert_eq!(outcome("new.rs", "moved 1"), Some(caught));
        assert_eq!(outcome("new.rs", "changed 3"), Some(Outcome::Untested));
        assert_eq!(outcome("new.rs", "same 2"), Some(Outcome::Untested));
        assert_eq!(outcome("kept.rs", "same 2"), Some(Outcome::Missed));
    }
}
