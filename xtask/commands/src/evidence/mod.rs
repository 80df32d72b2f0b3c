//! What the modes were checked against: frames of others that ours were
//! compared with, or that the emulator answered.

mod extra;
mod programs;
mod recordings;
mod vectors;

use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::de::DeserializeOwned;

use super::frame::Frame;
use super::row::Row;
use xtask_support::error::Error;

/// Where a frame is from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Source {
    /// A real chip: `tests/recordings`.
    Recording,
    /// A reference implementation: `tests/vectors`.
    Vector,
    /// cryptoauthlib's vectors, which are not in this repository.
    Extra,
    /// A program that we did not write, on a served emulator: `tests/interop`.
    Program(&'static str),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Recording => "recording",
            Self::Vector => "vector",
            Self::Extra => "vector of cryptoauthlib",
            Self::Program(name) => name,
        })
    }
}

/// All frames that there are.
pub(super) struct Evidence(Vec<(Source, Frame)>);

impl Evidence {
    pub(super) fn gather() -> Result<Self, Error> {
        let mut frames = Vec::new();
        let mut add = |source, found: Vec<Frame>| {
            frames.extend(found.into_iter().map(|frame| (source, frame)));
        };
        add(Source::Recording, recordings::frames()?);
        add(Source::Vector, vectors::frames()?);
        add(Source::Extra, extra::frames()?);
        for (name, found) in programs::frames()? {
            add(Source::Program(name), found);
        }
        Ok(Self(frames))
    }

    /// The sources with frames of this mode, and how many.
    pub(super) fn of(&self, row: &Row) -> Vec<(Source, usize)> {
        let mut counts: Vec<(Source, usize)> = Vec::new();
        for (source, _) in self.0.iter().filter(|(_, frame)| row.has(frame)) {
            match counts.iter_mut().find(|(known, _)| known == source) {
                Some((_, count)) => *count += 1,
                None => counts.push((*source, 1)),
            }
        }
        counts.sort_unstable();
        counts
    }
}

/// Write what the extra vectors have, where they are at hand; with `compare`
/// only see whether it is written.
pub(super) fn refresh(compare: bool) -> Result<(), Error> {
    extra::refresh(compare)
}

fn text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    serde_json::from_str(&text(path)?).map_err(|error| Error::File {
        path: path.to_owned(),
        error: error.into(),
    })
}

/// Bytes in hexadecimal; none where the text is something else.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()
}
