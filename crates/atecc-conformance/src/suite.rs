//! A folder of transcripts that are frozen, and what they leave undetermined.
//!
//! `origins.json` has the digest and the origin of every file: a transcript is
//! evidence, so it cannot change, come or go without its entry. `skips.json`
//! has everything that is not judged: nothing more and nothing less may be
//! skipped.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::judgement::Judged;
use crate::source::{Case, files};

/// The list of digests in a folder of transcripts.
pub const ORIGINS: &str = "origins.json";
/// The list of what is not judged.
pub const SKIPS: &str = "skips.json";

#[derive(Debug, Deserialize)]
struct Origin {
    path: String,
    sha256: String,
    origin: String,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
struct Skip {
    transcript: String,
    judge: String,
    item: String,
    what: String,
    reason: String,
}

/// What came of a folder.
#[derive(Debug, Default)]
pub struct Suite {
    /// The cases that were judged.
    pub cases: Vec<Case>,
    /// In the order of `cases`.
    pub judged: Vec<Judged>,
    /// What is wrong apart from judgements: files that are not listed, that
    /// changed, that cannot be read; lists that are wrong.
    pub problems: Vec<String>,
}

impl Suite {
    /// Judge all transcripts below `folder`, and the data beside the bus
    /// traffic of the recordings in `recordings`.
    #[must_use]
    pub fn run(engine: &Engine, folder: &Path, recordings: Option<&Path>) -> Self {
        let mut suite = Self::default();
        suite.transcripts(folder);
        if let Some(recordings) = recordings {
            suite.load(
                recordings,
                &|case| case.recording.is_some(),
                Case::without_transcript,
            );
        }
        suite.judged = suite.cases.iter().map(|case| engine.judge(case)).collect();
        suite.check_names();
        suite.check_skips(&folder.join(SKIPS));
        suite
    }

    /// Everything that fails, each in one line.
    pub fn failures(&self) -> impl Iterator<Item = String> + '_ {
        let judged = self.judged.iter().flat_map(Judged::failures);
        self.problems.iter().cloned().chain(judged)
    }

    fn load(&mut self, folder: &Path, wanted: &dyn Fn(&Case) -> bool, as_is: fn(Case) -> Case) {
        let paths = files(folder).unwrap_or_else(|error| {
            self.problems.push(error.to_string());
            Vec::new()
        });
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == ORIGINS || name == SKIPS || !is_source(&path) {
                continue;
            }
            match Case::load(&path) {
                Ok(case) if wanted(&case) => self.cases.push(as_is(case)),
                Ok(_) => {}
                Err(error) => self.problems.push(error.to_string()),
            }
        }
    }

    fn transcripts(&mut self, folder: &Path) {
        let listed: Vec<Origin> = self.list(&folder.join(ORIGINS));
        let mut left: BTreeSet<_> = listed.iter().map(|origin| origin.path.clone()).collect();
        if left.len() != listed.len() {
            self.problems
                .push(format!("{ORIGINS}: a path is listed twice"));
        }
        for path in files(folder).unwrap_or_default() {
            let name = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            if name == ORIGINS || name == SKIPS {
                continue;
            }
            let bytes = fs::read(&path).unwrap_or_default();
            let digest = crate::judgement::hex(&Sha256::digest(&bytes)).to_lowercase();
            left.remove(&name);
            match listed.iter().find(|origin| origin.path == name) {
                None => self
                    .problems
                    .push(format!("{name} ({digest}) is not in {ORIGINS}")),
                Some(origin) if origin.sha256 != digest => self.problems.push(format!(
                    "{name} was changed: its SHA-256 is {digest}, {ORIGINS} has {}",
                    origin.sha256
                )),
                Some(origin) if origin.origin.is_empty() => {
                    self.problems
                        .push(format!("{name} has no origin in {ORIGINS}"));
                }
                Some(_) => {}
            }
        }
        let missing = left
            .into_iter()
            .map(|name| format!("{name} is in {ORIGINS} but missing"));
        self.problems.extend(missing);
        self.load(folder, &|_| true, |case| case);
    }

    fn list<T: DeserializeOwned>(&mut self, path: &Path) -> Vec<T> {
        let list = fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        list.unwrap_or_else(|error| {
            self.problems.push(format!("{}: {error}", path.display()));
            Vec::new()
        })
    }

    /// One name, one transcript; the data of a recording may share its name.
    fn check_names(&mut self) {
        let mut names = BTreeSet::new();
        for case in self.cases.iter().filter(|case| case.transcript.is_some()) {
            if !names.insert(&case.header.id) {
                self.problems
                    .push(format!("two transcripts are named {}", case.header.id));
            }
        }
    }

    fn check_skips(&mut self, path: &Path) {
        let listed: BTreeSet<Skip> = self.list::<Skip>(path).into_iter().collect();
        let found: BTreeSet<Skip> = self.judged.iter().flat_map(skips).collect();
        for skip in found.difference(&listed) {
            let Skip {
                transcript,
                judge,
                item,
                what,
                reason,
            } = skip;
            self.problems.push(format!(
                "{transcript}, {item}, {judge}: {what}: not judged ({reason}), and not in {SKIPS}"
            ));
        }
        for skip in listed.difference(&found) {
            let Skip {
                transcript,
                judge,
                item,
                what,
                reason,
            } = skip;
            self.problems.push(format!(
                "{transcript}, {item}, {judge}: {what}: in {SKIPS} ({reason}), but not skipped so"
            ));
        }
    }
}

fn skips(judged: &Judged) -> impl Iterator<Item = Skip> + '_ {
    judged.skips().map(|(finding, reason)| Skip {
        transcript: judged.id.clone(),
        judge: finding.judge.name().to_owned(),
        item: finding.item.to_string(),
        what: finding.what.clone(),
        reason: reason.text().to_owned(),
    })
}

/// Whether a file may be a transcript or a recording, by its name.
fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("txt" | "bin" | "atr" | "json"))
}
