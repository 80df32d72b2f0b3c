//! What is judged, and what comes of it.

use std::fmt;

use atecc_transcript::{Header, Provenance};
use data_encoding::HEXUPPER;

use crate::Reason;

/// Who is judged.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Judge {
    /// Bytes of each group to a typed command or response, and back.
    Codec,
    /// A driver, against the recorded chip.
    Driver,
    /// The emulator, against the recorded host.
    Emulator,
}

impl Judge {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Codec, Self::Driver, Self::Emulator];

    /// Its name in tables and data files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Codec => "codec",
            Self::Driver => "driver",
            Self::Emulator => "emulator",
        }
    }
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One judgement about one item of a transcript.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Who was judged.
    pub judge: Judge,
    /// By what.
    pub item: Item,
    /// The command or kind of datum, such as `GenKey`.
    pub what: String,
    /// How it went.
    pub verdict: Verdict,
}

/// What a finding is about.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Item {
    /// The transcript as a whole, such as a scenario.
    Whole,
    /// An action, counted from 1.
    Action(usize),
    /// A datum beside the actions: the list in a recording, counted from 0.
    Datum(String, usize),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.pad("whole"),
            Self::Action(number) => write!(f, "action {number}"),
            Self::Datum(list, index) => write!(f, "{list} {index}"),
        }
    }
}

/// How a judgement went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// As recorded.
    Passed,
    /// Not as recorded.
    Failed(Difference),
    /// The recording does not determine it.
    Skipped(Reason),
}

/// What should be and what is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// As recorded.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got {}", self.expected, self.got)
    }
}

/// All that was judged by one transcript.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Name of the transcript.
    pub id: String,
    /// The part that was recorded.
    pub chip: String,
    /// How the bytes were obtained.
    pub provenance: Provenance,
    /// Groups in both directions.
    pub frames: usize,
    /// In the order of judges, then of actions.
    pub findings: Vec<Finding>,
}

impl Judged {
    /// Nothing yet.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        Self {
            id: header.id.clone(),
            chip: header.chip.clone(),
            provenance: header.provenance,
            frames: 0,
            findings: Vec::new(),
        }
    }

    /// The findings that failed, each as one line of text.
    pub fn failures(&self) -> impl Iterator<Item = String> + '_ {
        self.findings.iter().filter_map(|finding| {
            let Verdict::Failed(difference) = &finding.verdict else {
                return None;
            };
            let Finding {
                judge, item, what, ..
            } = finding;
            Some(format!(
                "{}, {item}, {judge}: {what}: {difference}",
                self.id
            ))
        })
    }

    /// What was skipped, and why.
    pub fn skips(&self) -> impl Iterator<Item = (&Finding, Reason)> + '_ {
        self.findings.iter().filter_map(|finding| {
            let Verdict::Skipped(reason) = finding.verdict else {
                return None;
            };
            Some((finding, reason))
        })
    }

    /// Add a finding.
    pub(crate) fn add(&mut self, judge: Judge, item: Item, what: impl Into<String>, v: Verdict) {
        self.findings.push(Finding {
            judge,
            item,
            what: what.into(),
            verdict: v,
        });
    }
}

impl Verdict {
    /// Passed when both are equal.
    pub(crate) fn equal(expected: &[u8], got: &[u8]) -> Self {
        if expected == got {
            Self::Passed
        } else {
            Self::differs(hex(expected), hex(got))
        }
    }

    /// Failed.
    pub(crate) fn differs(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Failed(Difference {
            expected: expected.into(),
            got: got.into(),
        })
    }
}

/// Bytes for a reader; `nothing` for none.
pub(crate) fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".to_owned();
    }
    HEXUPPER.encode(bytes)
}
