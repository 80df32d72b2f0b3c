//! A ledger in a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::types::{ToSql, ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::database::{Database, DatabaseError, Rows, Statements, Value};
use super::objects::Object;
use super::sqlite_objects;

/// How long others may hold the file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file. It belongs to one machine: network file systems do not keep the
/// locks that several need.
///
/// One that may only be read is opened to be read. One that was removed or
/// replaced since is noticed before the next transaction.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    access: Access,
    file: Option<OpenedFile>,
}

/// What may be done with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Access {
    Write,
    Read,
    /// Nobody writes to it meanwhile, so that it needs no file beside it.
    ReadAlone,
}

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
        // A pipe or a device may keep whoever opens it waiting.
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(DatabaseError::Refused("it is no regular file".into()));
        }
        let is_new = File::create_new(path).is_ok();
        let opened = Connection::open_with_flags(path, flags).map_err(DatabaseError::from);
        let opened = opened.and_then(|connection| {
            if connection.is_readonly("main")? {
                Self::read(connection, Access::Read)
            } else {
                Self::write(connection)
            }
        });
        let mut sqlite = match opened {
            Ok(opened) => opened,
            Err(error) if is_new => {
                remove_empty(path);
                return Err(error);
            }
            // The folder of the file may be what cannot be written to.
            Err(error) => Self::read_alone(path).unwrap_or(Err(error))?,
        };
        sqlite.file = Some(OpenedFile::new(path)?);
        Ok(sqlite)
    }

    /// One in memory, for tests.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn in_memory() -> Result<Self, DatabaseError> {
        Self::write(Connection::open_in_memory()?)
    }

    fn write(connection: Connection) -> Result<Self, DatabaseError> {
        connection.busy_timeout(PATIENCE)?;
        // A unit that was reserved is reserved, whatever becomes of the power.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;",
        )?;
        Ok(Self {
            connection,
            access: Access::Write,
            file: None,
        })
    }

    fn read(connection: Connection, access: Access) -> Result<Self, DatabaseError> {
        connection.busy_timeout(PATIENCE)?;
        connection.execute_batch("PRAGMA trusted_schema = OFF; SELECT 1 FROM sqlite_schema;")?;
        Ok(Self {
            connection,
            access,
            file: None,
        })
    }

    /// A file that others could write to only if they had left another one
    /// beside it. None where there is such a one, or no file.
    fn read_alone(path: &Path) -> Option<Result<Self, DatabaseError>> {
        if !path.exists() || write_ahead_log(path).exists() {
            return None;
        }
        // What SQLite would read into the name is escaped.
        let mut name = String::from("file:");
        for byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'/' | b'.' | b'-' | b'_' => name.push(char::from(*byte)),
                byte if byte.is_ascii_alphanumeric() => name.push(char::from(*byte)),
                byte => name.extend(['%', hex(byte >> 4), hex(byte & 0x0F)]),
            }
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(name + "?immutable=1", flags);
        let connection = connection.map_err(DatabaseError::from);
        Some(connection.and_then(|connection| Self::read(connection, Access::ReadAlone)))
    }

    fn transact(
        &mut self,
        behavior: TransactionBehavior,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.check_file()?;
        let mut transaction = self.connection.transaction_with_behavior(behavior)?;
        work(&mut transaction)?;
        transaction.commit()?;
        if self.access == Access::ReadAlone {
            self.check_file()?;
        }
        Ok(())
    }

    /// That the file is the one that was opened, and nobody writes to one that
    /// is read as if nobody did.
    fn check_file(&self) -> Result<(), DatabaseError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if !file.is_there() {
            return Err(DatabaseError::Replaced(file.path.clone()));
        }
        if self.access == Access::ReadAlone && write_ahead_log(&file.path).exists() {
            let cause = "somebody writes to it now, and this program may not take part: try again";
            return Err(DatabaseError::Refused(cause.into()));
        }
        Ok(())
    }
}

/// What `SQLite` leaves of a file that has no room on the disk.
fn remove_empty(path: &Path) {
    if path.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        // The error that is told is the one before.
        let _ = std::fs::remove_file(path);
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap_or('0')
}

/// Where `SQLite` writes first.
fn write_ahead_log(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A file, told from others of its name.
#[derive(Debug)]
struct OpenedFile {
    path: PathBuf,
    /// Device and inode.
    #[cfg(unix)]
    identity: (u64, u64),
}

#[cfg(unix)]
impl OpenedFile {
    fn new(path: &Path) -> Result<Self, DatabaseError> {
        let identity = Self::identity(path);
        let identity = identity.map_err(|error| DatabaseError::Away(Box::new(error)))?;
        Ok(Self {
            path: path.to_owned(),
            identity,
        })
    }

    fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        let metadata = path.metadata()?;
        Ok((metadata.dev(), metadata.ino()))
    }

    /// As long as it is open no other file gets its inode.
    fn is_there(&self) -> bool {
        Self::identity(&self.path).is_ok_and(|identity| identity == self.identity)
    }
}

#[cfg(not(unix))]
impl OpenedFile {
    fn new(path: &Path) -> Result<Self, DatabaseError> {
        let path = path.to_owned();
        Ok(Self { path })
    }

    /// A file that is open cannot be replaced there.
    fn is_there(&self) -> bool {
        self.path.exists()
    }
}

impl Database for Sqlite {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let behavior = match self.access {
            Access::Write => TransactionBehavior::Immediate,
            Access::Read | Access::ReadAlone => TransactionBehavior::Deferred,
        };
        self.transact(behavior, work)
    }

    /// Others write meanwhile, which is not seen.
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.transact(TransactionBehavior::Deferred, work)
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        self.check_file()?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        Ok(transaction.commit()?)
    }
}

impl Statements for rusqlite::Transaction<'_> {
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let mut prepared = self.prepare_cached(statement)?;
        let columns = prepared.column_count();
        // To SQLite `$2` is a name, and names have places as they appear.
        for (number, value) in (1..).zip(parameters) {
            let name = format!("${number}");
            let place = prepared.parameter_index(&name)?;
            let place = place.ok_or(rusqlite::Error::InvalidParameterName(name))?;
            prepared.raw_bind_parameter(place, value)?;
        }
        let mut found = prepared.raw_query();
        let mut rows = Rows::new();
        while let Some(row) = found.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).map(Value::from));
            rows.push(values.collect::<Result<_, _>>()?);
        }
        Ok(rows)
    }

    fn objects(&mut self, tables: &[String]) -> Result<Vec<(String, Object)>, DatabaseError> {
        let mut objects = Vec::new();
        for table in tables {
            let of_it = sqlite_objects::objects(table, |statement, parameters| {
                self.query(statement, parameters)
            })?;
            objects.extend(of_it.into_iter().map(|object| (table.clone(), object)));
        }
        Ok(objects)
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
