//! Running vector files, and counting.
//!
//! A vector is what a reference implementation answered. Where ours rightly
//! answers something else, a check says so with an id of
//! `vectors/differences.json`, and only after it has asserted what ours
//! answers instead. Checks decide by what a row says, never by its name, so a
//! suite also runs on other files of the same schema.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Result of one vector case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The same answer.
    Pass,
    /// Rightly another answer; the reason is an id of `differences.json`.
    Differs(&'static str),
    /// Another answer.
    Fail(String),
}

/// What one list of one vector file came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Name of the vector file.
    pub file: String,
    /// Name of the list in it.
    pub list: String,
    /// Rows run.
    pub cases: usize,
    /// Rows with the same answer.
    pub passed: usize,
    /// Rows with rightly another answer, by reason.
    pub differs: BTreeMap<String, usize>,
    /// One line for each other row: its place, its name, what is wrong.
    pub failures: Vec<String>,
}

/// Runs the lists of one vector file in a directory.
pub type Suite = fn(dir: &Path) -> Vec<Tally>;

/// What a check returns: an error is a failure, in its own words.
pub type Checked = Result<Verdict, Box<dyn Error>>;

/// One kind of case in which our answer is another one.
#[derive(Clone, Debug, Deserialize)]
pub struct Difference {
    /// What [`Verdict::Differs`] names.
    pub id: String,
    /// The vector file it may be used in.
    pub file: String,
    /// The list it may be used in.
    pub list: String,
    /// What is different, and why.
    pub reason: String,
    /// Which document says so.
    pub source: String,
}

/// The rows of `vectors/differences.json`.
///
/// # Panics
/// When that file, which is part of this crate, is damaged.
pub static DIFFERENCES: LazyLock<Vec<Difference>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../vectors/differences.json"))
        .expect("vectors/differences.json is a list of differences")
});

impl Tally {
    /// An empty tally.
    #[must_use]
    pub fn new(file: &str, list: &str) -> Self {
        Self {
            file: file.to_owned(),
            list: list.to_owned(),
            ..Self::default()
        }
    }

    /// Count one case. A reason that the data file does not have for this
    /// list is a failure.
    pub fn record(&mut self, case: &str, verdict: Verdict) {
        self.cases += 1;
        match verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Differs(id) if self.knows(id) => {
                *self.differs.entry(id.to_owned()).or_default() += 1;
            }
            Verdict::Differs(id) => self
                .failures
                .push(format!("{case}: differences.json has no {id:?} here")),
            Verdict::Fail(why) => self.failures.push(format!("{case}: {why}")),
        }
    }

    fn knows(&self, id: &str) -> bool {
        DIFFERENCES.iter().any(|difference| {
            difference.id == id && difference.file == self.file && difference.list == self.list
        })
    }
}

/// Run `check` on every row of `list` in `dir/file`. A file or row that cannot
/// be read is a failure.
pub fn run_list<Row: DeserializeOwned>(
    dir: &Path,
    file: &str,
    list: &str,
    check: fn(&Row) -> Checked,
) -> Tally {
    let mut tally = Tally::new(file, list);
    let rows = match read_rows(&dir.join(file), list) {
        Ok(rows) => rows,
        Err(error) => {
            tally.failures.push(format!("{file}: {error}"));
            return tally;
        }
    };
    for (case, row) in rows {
        let verdict = row
            .and_then(|row| check(&row))
            .unwrap_or_else(|error| Verdict::Fail(error.to_string()));
        tally.record(&case, verdict);
    }
    tally
}

/// Whether the file at `path` can be read and has a list of that name.
#[must_use]
pub fn has_list(path: &Path, list: &str) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    document.get(list).is_some_and(Value::is_array)
}

/// One row of a list: its place and name, and what it holds unless that cannot
/// be read.
pub type Case<Row> = (String, Result<Row, Box<dyn Error>>);

/// The rows of `list` in the file at `path`.
///
/// # Errors
/// When the file cannot be read or has no such list.
pub fn read_rows<Row: DeserializeOwned>(
    path: &Path,
    list: &str,
) -> Result<Vec<Case<Row>>, Box<dyn Error>> {
    let mut document: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let Some(Value::Array(rows)) = document.get_mut(list).map(Value::take) else {
        return Err(format!("there is no list {list:?}").into());
    };
    let case = |(index, row): (usize, Value)| {
        let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
        let case = format!("{list}[{index}] {name}");
        (case, serde_json::from_value(row).map_err(Box::from))
    };
    Ok(rows.into_iter().enumerate().map(case).collect())
}

/// # Errors
/// Says both sides of `what` unless they are equal.
#[expect(
    clippy::needless_pass_by_value,
    reason = "what is compared is mostly made for it"
)]
pub fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: T,
    theirs: T,
) -> Result<(), Box<dyn Error>> {
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{what}: ours {ours:02X?}, theirs {theirs:02X?}").into())
    }
}

/// # Errors
/// Says `what` unless it holds.
pub fn holds(what: &str, condition: bool) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(what.into()) }
}

/// A field of a vector file: bytes in hex, or what the reference raised.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged)]
pub enum Outcome<T> {
    /// It answered.
    Value(T),
    /// It raised an exception.
    Raised {
        /// The exception.
        raises: String,
    },
}

/// Bytes that a vector file has in hex.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct Hex(pub Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map(Self)
    }
}

impl Hex {
    /// The bytes as an array.
    ///
    /// # Errors
    /// When there are not `N`.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], Box<dyn Error>> {
        match self.0.as_slice().try_into() {
            Ok(array) => Ok(array),
            Err(_) => Err(format!("{} bytes instead of {N}", self.0.len()).into()),
        }
    }
}
