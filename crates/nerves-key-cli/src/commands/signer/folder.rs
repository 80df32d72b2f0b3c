//! `nerves-key signer answer`, of a folder of requests.
//!
//! Every file of the folder is judged alone and named; the whole plan is shown
//! before anything is signed. A request whose answer is there already is done,
//! so the same command goes on after an interruption.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use nerves_key_provision::{SigningAnswer, SigningRequest};
use serde_json::{Value, json};

use super::answer::{Judge, Signed};
use crate::cli::signer::SignerAnswer;
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::output::{Output, escape, escape_path};
use crate::signing::AnySigner;

/// More are not looked at in one go: all are held in memory.
const LIMIT: usize = 10_000;
/// What the name of an answer has behind that of its request.
const ENDING: &str = ".answer";
/// What the format of a request of any version begins with.
const FORMAT: &str = "nerves-key signing request ";

/// A file of the folder.
struct Entry {
    name: PathBuf,
    request: Option<SigningRequest>,
    answer: PathBuf,
    state: State,
    warnings: Vec<String>,
}

/// What becomes of a file.
enum State {
    ToBeSigned,
    Answered,
    /// Its answer was there.
    AnsweredBefore,
    /// A request that is not signed.
    Refused(String),
    /// Perhaps a request, which cannot be read.
    Unreadable(String),
    /// The signer failed, or the answer could not be written.
    Failed(String),
    /// No request, and none that failed to become one.
    LeftAlone(String),
}

pub(super) fn run(arguments: &SignerAnswer, output: Output) -> Result<(), CliError> {
    let folder = &arguments.request;
    let out = arguments.out.as_deref().unwrap_or(folder);
    if !out.is_dir() {
        return Err(CliError::input(
            out,
            "no folder, which --out of a folder of requests names: make it before",
        ));
    }
    let judge = Judge::new(arguments)?;
    let mut entries = read(folder, out)?;
    for entry in &mut entries {
        entry.judge(&judge);
    }
    refuse_duplicates(&mut entries);
    let count = |entries: &[Entry], wanted: fn(&State) -> bool| {
        entries.iter().filter(|entry| wanted(&entry.state)).count()
    };
    let planned = count(&entries, |state| matches!(state, State::ToBeSigned));
    if !arguments.dry_run && planned > 0 {
        output.message(&format!("{}\n{planned} to be signed", table(&entries)));
        let mut key = judge.key(arguments)?;
        for entry in &mut entries {
            entry.sign(&judge, &mut key, output);
        }
    }
    let answered = count(&entries, |state| matches!(state, State::Answered));
    let before = count(&entries, |state| matches!(state, State::AnsweredBefore));
    let bad = |state: &State| {
        matches!(
            state,
            State::Refused(_) | State::Unreadable(_) | State::Failed(_)
        )
    };
    let bad = count(&entries, bad);
    let of_before = match before {
        0 => String::new(),
        before => format!(", {before} answered before"),
    };
    let done = if arguments.dry_run {
        format!("{planned} to be signed")
    } else {
        format!("{answered} answered")
    };
    let text = format!("{}\n{done}{of_before}, {bad} not", table(&entries));
    let files: Vec<Value> = entries.iter().map(Entry::document).collect();
    let document = json!({
        "folder": folder.display().to_string(),
        "answered": answered,
        "answered_before": before,
        "not_answered": bad,
        "files": files,
    });
    output.result(text.trim_start(), &document)?;
    if bad == 0 {
        return Ok(());
    }
    let failed = count(&entries, |state| matches!(state, State::Failed(_)));
    let exit = if failed > 0 {
        Exit::Failed
    } else {
        Exit::Refused
    };
    Err(CliError::new(exit, format!("{bad} of the requests have no answer")).after_document())
}

/// The files of `folder`, by name.
fn read(folder: &Path, out: &Path) -> Result<Vec<Entry>, CliError> {
    let wrong = |error: std::io::Error| CliError::input(folder, error);
    let mut entries = Vec::new();
    for found in fs::read_dir(folder).map_err(wrong)? {
        if entries.len() == LIMIT {
            return Err(CliError::input(
                folder,
                format!("more than {LIMIT} files: part them into several folders"),
            ));
        }
        entries.push(Entry::read(&found.map_err(wrong)?, out));
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

impl Entry {
    fn read(found: &DirEntry, out: &Path) -> Self {
        let name = found.file_name();
        let mut answer = name.clone();
        answer.push(ENDING);
        let (request, state) = match look(found, &name) {
            Ok(request) => (Some(request), State::ToBeSigned),
            Err(state) => (None, state),
        };
        Self {
            name: name.into(),
            request,
            answer: out.join(answer),
            state,
            warnings: Vec::new(),
        }
    }

    /// Hold a request against what is asked for, and look whether it has an
    /// answer.
    fn judge(&mut self, judge: &Judge<'_>) {
        let Some(request) = &self.request else {
            return;
        };
        match judge.request(request) {
            Ok(None) => {}
            Ok(Some(warning)) => self.warnings.push(warning.to_string()),
            Err(error) => {
                self.state = State::Refused(error.to_string());
                return;
            }
        }
        if let Some(state) = self.find_answer(request) {
            self.state = state;
        } else if let Err(error) = files::check_absent(&self.answer) {
            self.state = self.refuse(request, &error);
        }
    }

    /// A request that cannot be answered, unless another run has done so by now.
    fn refuse(&self, request: &SigningRequest, error: &CliError) -> State {
        let found = self.find_answer(request);
        found.unwrap_or_else(|| State::Refused(error.to_string()))
    }

    /// What becomes of `request` by the file that has the name of its answer; none
    /// where there is no such file.
    fn find_answer(&self, request: &SigningRequest) -> Option<State> {
        self.answer.symlink_metadata().ok()?;
        Some(match answer_at(&self.answer) {
            Some(answer) if answer.request() == request => State::AnsweredBefore,
            _ => State::Refused(format!(
                "{} is in the way, and no answer to this request",
                escape_path(&self.answer)
            )),
        })
    }

    fn sign(&mut self, judge: &Judge<'_>, key: &mut AnySigner, output: Output) {
        let (State::ToBeSigned, Some(request)) = (&self.state, &self.request) else {
            return;
        };
        // Another run may work on the same folder.
        if let Some(state) = self.find_answer(request) {
            self.state = state;
            return;
        }
        let request = request.clone();
        let signed = judge.sign(key, request.clone(), output);
        let written = signed.and_then(|Signed { json, warning, .. }| {
            self.warnings.extend(warning.map(str::to_owned));
            files::create(&self.answer, json.as_bytes(), Readers::Everyone)
        });
        self.state = match written {
            Ok(()) => State::Answered,
            Err(error) if error.exit == Exit::Refused => self.refuse(&request, &error),
            Err(error) => State::Failed(error.to_string()),
        };
    }

    /// Chip and serial, where it is a request.
    fn subject(&self) -> String {
        let request = self.request.as_ref();
        request.map_or_else(String::new, |request| {
            format!("  {}  {}", request.chip, escape(&request.serial))
        })
    }

    fn line(&self) -> String {
        let (state, reason) = self.state.describe();
        let reason = match (&self.state, reason) {
            (_, Some(reason)) => format!(": {}", reason.replace('\n', " ")),
            (State::ToBeSigned | State::Answered | State::AnsweredBefore, None) => {
                format!(": {}", escape_path(&self.answer))
            }
            (_, None) => String::new(),
        };
        let warnings = self
            .warnings
            .iter()
            .map(|it| format!("\n    warning: {it}"));
        let warnings: String = warnings.collect();
        let name = escape_path(&self.name);
        format!("{state:15} {name}{}{reason}{warnings}", self.subject())
    }

    fn document(&self) -> Value {
        let (state, reason) = self.state.describe();
        let request = self.request.as_ref();
        let answer = match self.state {
            State::ToBeSigned | State::Answered | State::AnsweredBefore => {
                Some(self.answer.display().to_string())
            }
            _ => None,
        };
        json!({
            "file": self.name.display().to_string(),
            "state": state,
            "chip_serial_number": request.map(|request| request.chip.to_string()),
            "manufacturer_serial": request.map(|request| &request.serial),
            "not_before": request.map(|request| request.not_before.to_string()),
            "answer": answer,
            "reason": reason,
            "warnings": self.warnings,
        })
    }
}

impl State {
    fn describe(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::ToBeSigned => ("to-be-signed", None),
            Self::Answered => ("answered", None),
            Self::AnsweredBefore => ("answered-before", None),
            Self::Refused(reason) => ("refused", Some(reason)),
            Self::Unreadable(reason) => ("unreadable", Some(reason)),
            Self::Failed(reason) => ("failed", Some(reason)),
            Self::LeftAlone(reason) => ("left-alone", Some(reason)),
        }
    }
}

/// The request that a file holds, or what it is otherwise.
fn look(found: &DirEntry, name: &OsStr) -> Result<SigningRequest, State> {
    let unreadable = |reason: String| Err(State::Unreadable(reason));
    let left_alone = |reason: &str| Err(State::LeftAlone(reason.to_owned()));
    if name.as_encoded_bytes().starts_with(b".") {
        return left_alone("a hidden file");
    }
    match found.file_type() {
        Err(error) => return unreadable(error.to_string()),
        Ok(kind) if kind.is_symlink() => {
            return unreadable("a link, which is not followed: put the file itself here".into());
        }
        Ok(kind) if kind.is_dir() => return left_alone("a folder, which is not looked into"),
        Ok(kind) if !kind.is_file() => return unreadable("no plain file".into()),
        Ok(_) => {}
    }
    let bytes = match files::bytes_at_most(&found.path(), files::LIMIT) {
        Err(files::ReadError::TooLarge(_)) => return left_alone("no request: it is too large"),
        Err(error) => return unreadable(error.to_string()),
        Ok(bytes) => bytes,
    };
    let is_meant = name.as_encoded_bytes().ends_with(b".json")
        || bytes
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_none_or(|byte| *byte == b'{');
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(_) if !is_meant => return left_alone("no request"),
        Err(error) if error.is_eof() => {
            return unreadable(format!(
                "it ends in the middle, after {} bytes: still being copied, or cut short",
                bytes.len()
            ));
        }
        Err(error) => return unreadable(format!("no JSON: {error}")),
    };
    match value["format"].as_str() {
        Some(format) if format.starts_with(FORMAT) => {}
        Some(format) => return left_alone(&format!("no request: its format is {format:?}")),
        None => return left_alone("no request"),
    }
    if ["signature", "signature_der"]
        .iter()
        .any(|member| !value[member].is_null())
    {
        return left_alone("an answer");
    }
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|error| State::Unreadable(error.to_string()))?;
    SigningRequest::from_json(text).map_err(|error| State::Refused(error.to_string()))
}

/// A plain file with an answer that verifies.
fn answer_at(path: &Path) -> Option<SigningAnswer> {
    let is_file = path.symlink_metadata().is_ok_and(|file| file.is_file());
    let text = is_file.then(|| files::read_text(path).ok()).flatten()?;
    SigningAnswer::from_json(&text).ok()
}

/// Refuse requests that share a serial, a chip or a key: which of them is meant
/// nobody can tell from here.
fn refuse_duplicates(entries: &mut [Entry]) {
    let mut holders: BTreeMap<(&'static str, String), Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let Some(request) = &entry.request else {
            continue;
        };
        let key = data_encoding::HEXUPPER.encode(request.public_key.as_bytes());
        for of in [
            ("serial", request.serial.clone()),
            ("chip", request.chip.to_string()),
            ("key", key),
        ] {
            holders.entry(of).or_default().push(index);
        }
    }
    let mut shared: BTreeMap<usize, BTreeMap<PathBuf, Vec<&'static str>>> = BTreeMap::new();
    for ((what, _), indices) in holders {
        for index in &indices {
            for other in indices.iter().filter(|other| *other != index) {
                let Some(entry) = entries.get(*other) else {
                    continue;
                };
                let with = shared.entry(*index).or_default();
                with.entry(entry.name.clone()).or_default().push(what);
            }
        }
    }
    for (index, others) in shared {
        let Some(entry) = entries.get_mut(index) else {
            continue;
        };
        if !matches!(entry.state, State::ToBeSigned) {
            continue;
        }
        let others = others.iter().map(|(name, what)| {
            format!("{} has the same {}", escape_path(name), what.join(" and "))
        });
        let others: Vec<_> = others.collect();
        entry.state = State::Refused(format!(
            "{}: take away what is not meant",
            others.join(", ")
        ));
    }
}

fn table(entries: &[Entry]) -> String {
    let lines: Vec<_> = entries.iter().map(Entry::line).collect();
    lines.join("\n")
}
