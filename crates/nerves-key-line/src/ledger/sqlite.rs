//! A ledger in a file.

use std::path::Path;
use std::time::Duration;

use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::types::{ToSql, ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params_from_iter};

use super::database::{Database, DatabaseError, Rows, Statements, Value};

/// How long others may hold the file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file. It belongs to one machine: network file systems do not keep the
/// locks that several need.
#[derive(Debug)]
pub struct Sqlite(Connection);

impl Sqlite {
    /// Open the file, which is made when it is not there.
    ///
    /// # Errors
    /// [`DatabaseError::Refused`] when it is no database, or cannot be made.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        // The name of a file, and nothing that SQLite reads into it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
            return Err(DatabaseError::Refused("it is no name of a file".into()));
        }
        Self::with(Connection::open_with_flags(path, flags)?)
    }

    /// One in memory, for tests.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn in_memory() -> Result<Self, DatabaseError> {
        Self::with(Connection::open_in_memory()?)
    }

    fn with(connection: Connection) -> Result<Self, DatabaseError> {
        connection.busy_timeout(PATIENCE)?;
        // A unit that was reserved is reserved, whatever becomes of the power.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;",
        )?;
        Ok(Self(connection))
    }
}

impl Database for Sqlite {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let behavior = TransactionBehavior::Immediate;
        let mut transaction = self.0.transaction_with_behavior(behavior)?;
        work(&mut transaction)?;
        Ok(transaction.commit()?)
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        let transaction = self
            .0
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        Ok(transaction.commit()?)
    }
}

impl Statements for rusqlite::Transaction<'_> {
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let mut prepared = self.prepare_cached(statement)?;
        let columns = prepared.column_count();
        let mut found = prepared.query(params_from_iter(parameters))?;
        let mut rows = Rows::new();
        while let Some(row) = found.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).map(Value::from));
            rows.push(values.collect::<Result<_, _>>()?);
        }
        Ok(rows)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqliteValue::Null),
            Self::Integer(number) => ToSqlOutput::Owned(SqliteValue::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl From<ValueRef<'_>> for Value {
    /// What is neither number nor text was not written by the ledger; as text
    /// it stands out in an audit.
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Text(format!("the number {number}")),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Text(format!("a blob of {} bytes", bytes.len())),
        }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) if is_unique(&error) => {
                Self::Unique(error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy(Box::new(error))
            }
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::DiskFull) => {
                Self::Away(Box::new(error))
            }
            _ if error.to_string().starts_with("no such table") => Self::NoTable(Box::new(error)),
            _ => Self::Refused(Box::new(error)),
        }
    }
}

/// Whether it is another row that is in the way.
fn is_unique(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code.is_some_and(|code| {
        [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE].contains(&code)
    })
}
