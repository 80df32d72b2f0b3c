//! Files: transcripts as text or bytes, recordings as JSON.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use atecc_transcript::import::{self, ImportError, Malformed};
use atecc_transcript::{Action, Header, Transcript};
use serde_json::Value;

use crate::recording::Recording;
use crate::replay::spoken;

/// What recordings in JSON say of themselves.
const SCHEMA: &str = "atecc-recording/1";

/// One thing to judge by.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where it comes from.
    pub header: Header,
    /// What passed on the bus, when something is recorded.
    pub transcript: Option<Transcript>,
    /// Lines that are marked as broken when they were recorded.
    pub broken: Vec<usize>,
    /// Keys to try where one is not known.
    pub keys: Vec<[u8; 32]>,
    /// Data beside it.
    pub(crate) recording: Option<Recording>,
    /// All of the recording, as it was read.
    pub(crate) document: Option<Value>,
}

/// A file that is nothing to judge by.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Not the text form.
    #[error(transparent)]
    Text(#[from] atecc_transcript::ParseError),
    /// Not the binary form.
    #[error(transparent)]
    Binary(#[from] atecc_transcript::DecodeError),
    /// Not a recording.
    #[error("not a recording: {0}")]
    Recording(#[from] serde_json::Error),
    /// JSON of another schema, such as an index.
    #[error("JSON, but no recording")]
    OtherJson,
    /// A recording with traffic that no bus carries.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl LoadError {
    /// Whether the file is readable JSON or text, but of another kind.
    #[must_use]
    pub const fn is_something_else(&self) -> bool {
        matches!(self.problem, Problem::OtherJson)
    }
}

/// How the comment of a line begins that was broken when it was recorded.
const BROKEN: &str = "broken";

impl From<Transcript> for Case {
    fn from(transcript: Transcript) -> Self {
        let lines = transcript.lines.iter().enumerate();
        let marked = lines.filter(|(_, line)| {
            let comment = line.comment.as_deref().unwrap_or_default();
            comment.starts_with(BROKEN)
        });
        Self {
            header: transcript.header.clone(),
            broken: marked.map(|(index, _)| index).collect(),
            transcript: Some(transcript),
            keys: Vec::new(),
            recording: None,
            document: None,
        }
    }
}

impl Case {
    /// Read a file of any form.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let case = fs::read(path)
            .map_err(Problem::from)
            .and_then(|bytes| Self::parse(&bytes));
        case.map_err(|problem| LoadError {
            path: path.to_owned(),
            problem,
        })
    }

    /// Read the content of a file of any form.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.trim_start().starts_with('{') => Self::recorded(text),
            Ok(text) if text.starts_with("atecc-transcript") => Ok(Transcript::parse(text)?.into()),
            _ => Ok(Transcript::from_binary(bytes)?.into()),
        }
    }

    fn recorded(text: &str) -> Result<Self, Problem> {
        let document: Value = serde_json::from_str(text)?;
        let schema = document.get("schema").and_then(Value::as_str);
        if schema != Some(SCHEMA) {
            return Err(Problem::OtherJson);
        }
        let mut recording = Recording::parse(text)?;
        let keys = recording
            .data
            .macs
            .iter()
            .flat_map(|mac| [&mac.key, &mac.parent_key]);
        let keys = keys
            .flatten()
            .filter_map(|key| key.0.as_slice().try_into().ok());
        let mut case = match import::recording(text) {
            Ok(transcript) => Self::from(transcript),
            Err(ImportError {
                malformed: Malformed::Nothing,
                ..
            }) => Self {
                header: recording.header(),
                transcript: None,
                broken: Vec::new(),
                keys: Vec::new(),
                recording: None,
                document: None,
            },
            Err(error) => return Err(error.into()),
        };
        case.keys = keys.collect();
        let broken = recording.broken();
        let lines = case
            .transcript
            .iter()
            .flat_map(|transcript| &transcript.lines);
        let marked = lines.enumerate().filter(|(_, line)| match &line.action {
            Action::Read { bytes, .. } => broken.contains(bytes),
            _ => false,
        });
        let marked: Vec<_> = marked.map(|(index, _)| index).collect();
        case.broken.extend(marked);
        recording.asked = case.transcript.as_ref().map(spoken).unwrap_or_default();
        case.recording = Some(recording);
        case.document = Some(document);
        Ok(case)
    }

    /// The data of a recording alone, without its bus traffic.
    #[must_use]
    pub fn without_transcript(mut self) -> Self {
        self.transcript = None;
        self
    }
}

/// The files at `path`: itself, or all in it and below, in order of name.
///
/// # Errors
/// [`LoadError`] when a directory cannot be read.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let wrong = |error: io::Error| LoadError {
        path: path.to_owned(),
        problem: error.into(),
    };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(wrong)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            all.extend(files(&path)?);
        } else {
            all.push(path);
        }
    }
    Ok(all)
}
