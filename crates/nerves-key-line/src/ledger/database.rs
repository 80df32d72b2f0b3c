//! What the ledger asks of a database.

use super::objects::Object;

/// A value of a column.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// A number: `INTEGER` or `BIGINT`.
    Integer(i64),
    /// `TEXT`.
    Text(String),
}

impl Value {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Integer(_) => None,
        }
    }

    pub(crate) const fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Null | Self::Text(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// What a database answers instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// A constraint: somebody else was first.
    #[error("a row like it is there already: {0}")]
    Unique(String),
    /// It cannot be reached, or the connection broke. What was asked last may
    /// have been done.
    #[error("the database cannot be reached: {0}")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file of the database is not the one that was opened.
    #[error(
        "{0:?} was removed or replaced while it was in use: end every station, see to the ledger, \
         and begin again"
    )]
    Replaced(std::path::PathBuf),
    /// Others hold it for too long, or it gave this transaction up for another.
    #[error("the database is busy: {0}")]
    Busy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no such table.
    #[error("the database has no such table: {0}")]
    NoTable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The caller gave the transaction up.
    #[error("the transaction was given up")]
    GivenUp,
    /// Anything else.
    #[error("the database refuses: {0}")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DatabaseError {
    /// Whether the same again may succeed: another transaction was first.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unique(_) | Self::Busy(_))
    }
}

/// Rows, each a value for each column asked for.
pub type Rows = Vec<Vec<Value>>;

/// Statements within a transaction.
pub trait Statements {
    /// Run one statement. `$1`, `$2`, … stand for `parameters` by their numbers, as
    /// often as they come.
    ///
    /// # Errors
    /// [`DatabaseError`]; the transaction is over then.
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError>;

    /// What each of `tables` consists of and what acts on it, with the table's
    /// name as it is given. A right to read is none of it, nor is any right of
    /// the owner, nor an index that refuses nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn objects(&mut self, tables: &[String]) -> Result<Vec<(String, Object)>, DatabaseError>;
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug)]
pub(super) enum TransactionAccess {
    Write,
    Read,
}

/// A connection to a database. One trait for a file and a server: what the
/// ledger asks of either is the same text.
pub trait Database: Send {
    /// Do `work` in one transaction: all of it, or nothing when it returns an
    /// error.
    ///
    /// # Errors
    /// What `work` returned, or why it could not be begun or ended.
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError>;

    /// Do `work`, which changes nothing and may read whole tables, on the state of
    /// one moment. It takes as long as it needs: no limit that is meant for a chip in
    /// hand ends it.
    ///
    /// # Errors
    /// What `work` returned, or why it could not be begun or ended.
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.transaction(work)
    }

    /// Run the statements of `script`, which are separated by semicolons.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn script(&mut self, script: &str) -> Result<(), DatabaseError>;
}
