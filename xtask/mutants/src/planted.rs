//! The copy with mutants in it, as far as they compile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::build::{self, Binary, Built, Message, Part};
use super::change::Change;
use super::constants::{Call, Constants, Needed, Role};
use super::copy::{self, Copy};
use super::plant::{self, Planted, Planting};
use super::source::{Key, Source};
use super::subject::{SUBJECTS, Subject};
use xtask_support::error::Error;

/// A mutant that is to be tested.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    pub(super) subject: &'static Subject,
    pub(super) file: String,
    pub(super) key: Key,
    /// Its place in the file.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) change: Change,
}

/// The copy; mutants are numbered by their place in the list that they came in.
pub(super) struct Field<'m> {
    pub(super) copy: Copy,
    mutants: &'m [Mutant],
    sources: BTreeMap<String, Source>,
    constant: Needed,
    planted: BTreeMap<String, Planted>,
    /// Not planted, since they do not compile.
    pub(super) unviable: BTreeSet<u32>,
    /// Not planted, since they can only be alone.
    pub(super) apart: BTreeSet<u32>,
}

/// What the compiler said of mutants, but for those that do not compile.
#[derive(Debug, Deserialize, Serialize)]
struct Learned {
    apart: BTreeSet<(String, Key)>,
    constant: Needed,
}

/// Errors that a mutant has alone as well; others may come of its neighbours.
const OWN: [&str; 16] = [
    "E0061", "E0277", "E0308", "E0368", "E0369", "E0412", "E0425", "E0432", "E0433", "E0599",
    "E0600", "E0603", "E0604", "E0605", "E0606", "E0614",
];

impl<'m> Field<'m> {
    /// Copy the tree into a folder of this name; nothing is planted yet.
    pub(super) fn new(name: &str, mutants: &'m [Mutant]) -> Result<Self, Error> {
        let copy = Copy::make(name)?;
        let mut sources = BTreeMap::new();
        let mut constants = Constants::default();
        for file in copy.files.iter().filter(|file| copy::is_built(file)) {
            let source = Source::parse(file, copy::read(file)?)?;
            if copy::has_mutants(file) {
                constants.add(&source.tree, Role::Planted);
                sources.insert(file.clone(), source);
            } else {
                constants.add(&source.tree, Role::Kept);
            }
        }
        let mut field = Self {
            copy,
            mutants,
            sources,
            constant: constants.needed(),
            planted: BTreeMap::new(),
            unviable: BTreeSet::new(),
            apart: BTreeSet::new(),
        };
        field.recall();
        Ok(field)
    }

    /// Where what the compiler said is kept, so that a run that goes on plants
    /// the same and builds nothing.
    fn memory(&self) -> PathBuf {
        self.copy.root.with_extension("json")
    }

    fn recall(&mut self) {
        let text = std::fs::read_to_string(self.memory()).unwrap_or_default();
        // What cannot be read is learned again.
        let Ok(learned) = serde_json::from_str::<Learned>(&text) else {
            return;
        };
        let apart = (0..).zip(self.mutants).filter(|(_, mutant)| {
            let name = (mutant.file.clone(), mutant.key.clone());
            learned.apart.contains(&name)
        });
        self.apart.extend(apart.map(|(id, _)| id));
        self.constant.extend(learned.constant);
    }

    fn remember(&self) -> Result<(), Error> {
        let apart = self.apart.iter().filter_map(|id| {
            let mutant = self.mutants.get(*id as usize)?;
            Some((mutant.file.clone(), mutant.key.clone()))
        });
        let learned = Learned {
            apart: apart.collect(),
            constant: self.constant.clone(),
        };
        let path = self.memory();
        std::fs::write(&path, serde_json::to_string(&learned)?)
            .map_err(|error| copy::at(&path, error))
    }

    /// Plant what compiles, and build the tests of some packages.
    pub(super) fn build(
        &mut self,
        tests: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Vec<Binary>>, Error> {
        loop {
            self.plant()?;
            let subjects = SUBJECTS.iter().map(|subject| subject.package);
            let packages = subjects.filter(|package| tests.contains(package));
            let checked = build::check(&self.copy, Part::Tests, packages)?;
            if !checked.done {
                self.learn(&checked)?;
                continue;
            }
            let built = build::tests(&self.copy, tests)?;
            if built.done {
                self.remember()?;
                return Ok(built.binaries);
            }
            self.learn(&built)?;
        }
    }

    /// A file without mutants, as it was when it was copied.
    pub(super) fn text(&self, file: &str) -> &str {
        self.sources.get(file).map_or("", |source| &source.text)
    }

    /// Everything as it was copied.
    pub(super) fn clear(&self) -> Result<(), Error> {
        for (file, source) in &self.sources {
            self.copy.write(file, source.text.as_bytes())?;
        }
        Ok(())
    }

    fn plant(&mut self) -> Result<(), Error> {
        let mut by_file: BTreeMap<&str, Vec<Planting>> = BTreeMap::new();
        for (id, mutant) in (0..).zip(self.mutants) {
            if self.unviable.contains(&id) || self.apart.contains(&id) {
                continue;
            }
            by_file.entry(&mutant.file).or_default().push(Planting {
                id,
                start: mutant.start,
                change: mutant.change.clone(),
            });
        }
        for (file, source) in &self.sources {
            let plantings = by_file.remove(file.as_str()).unwrap_or_default();
            let planted = plant::plant(source, &plantings, &self.constant);
            self.apart.extend(&planted.apart);
            let mut text = planted.rendered.text.clone();
            if file.ends_with("/src/lib.rs") {
                text.push_str(plant::SWITCH);
            }
            self.copy.write(file, text.as_bytes())?;
            self.planted.insert(file.clone(), planted);
        }
        Ok(())
    }

    /// Leave out what the compiler complains of.
    fn learn(&mut self, built: &Built) -> Result<(), Error> {
        let known = (self.unviable.len(), self.apart.len(), self.constant.len());
        for error in &built.errors {
            self.learn_one(error);
        }
        let now = (self.unviable.len(), self.apart.len(), self.constant.len());
        println!(
            "{} errors: {} mutants do not compile, {} are planted apart",
            built.errors.len(),
            now.0,
            now.1
        );
        if now != known {
            return Ok(());
        }
        let rendered = built
            .errors
            .iter()
            .filter_map(|error| error.rendered.clone());
        let mut findings: Vec<_> = rendered.collect();
        findings.push("the copy does not build".to_owned());
        Error::unless_empty("planted mutants", findings)
    }

    fn learn_one(&mut self, error: &Message) {
        let code = error.code.as_ref().map_or("", |code| code.code.as_str());
        let asks = error.message.contains("mutants_switch");
        if code == "E0015" && !asks {
            // "cannot call non-const associated function `Slot::new` in .."
            let name = error.message.split('`').nth(1).unwrap_or_default();
            let name = name.split("::<").next().unwrap_or_default();
            let name = name.rsplit("::").next().unwrap_or_default();
            self.constant.insert(Call::Name(name.to_owned()));
            return;
        }
        for place in error.spans.iter().filter(|place| place.is_primary) {
            let Some(planted) = self.planted.get(&place.file_name) else {
                continue;
            };
            let (start, end) = (place.byte_start, place.byte_end);
            let own = planted
                .rendered
                .own
                .iter()
                .find(|(range, _)| range.contains(&start));
            let alone = OWN.contains(&code) || error.message.starts_with("cannot find macro");
            if let (Some((_, id)), true) = (own, alone) {
                self.unviable.insert(*id);
                continue;
            }
            let around = planted
                .rendered
                .around
                .iter()
                .filter(|(range, _)| range.start <= start && end <= range.end);
            let smallest = around.clone().map(|(range, _)| range.len()).min();
            let around = around.filter(|(range, _)| Some(range.len()) == smallest);
            match own {
                Some((_, id)) => {
                    self.apart.insert(*id);
                }
                None => self.apart.extend(around.map(|(_, id)| *id)),
            }
        }
    }
}
