//! A ledger on a server.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::types::{ToSql, Type};
use postgres::{Client, Config, IsolationLevel};

use super::database::{Database, DatabaseError, Rows, Statements, Value};
use super::objects::Object;
use super::postgres_objects;
use super::postgres_url::{OptionError, take_options};
use super::tls::{self, Encryption, TlsError};

/// Before each transaction: how long a statement, and a wait for another
/// transaction, may take.
const LIMITS: &str = "SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '30s'";
/// Where a password is that no list of processes shows.
const PASSWORD: &str = "PGPASSWORD";
/// How long a network may swallow what is sent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a server may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A server. The connection is made when it is first needed, and again after it
/// broke. Statements are not prepared by name, so that a pool in transaction
/// mode may lie between.
pub struct Postgres {
    config: Config,
    encryption: Encryption,
    client: Option<Client>,
}

/// Why a text names no server that may be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresUrlError {
    /// It names none.
    #[error(
        "{} (write postgres://USER@HOST/DATABASE, or host=/run/postgresql user=.. dbname=..)",
        Whole(.0)
    )]
    Text(#[source] postgres::Error),
    /// What it says of TLS cannot be read.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// What it says of TLS cannot be.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// An error of the driver with its sources, which it does not say itself.
#[derive(Debug)]
struct Whole<E>(E);

impl<E: std::error::Error> fmt::Display for Whole<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// What TLS refuses, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0}: name the CA that the server's certificate is from and the host as that has it, or say \
     sslmode=disable for a network of the line's own"
)]
struct Unverified(Whole<postgres::Error>);

/// All is said by then.
impl<E: std::error::Error> std::error::Error for Whole<E> {}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .field("is_connected", &self.client.is_some())
            .finish_non_exhaustive()
    }
}

impl FromStr for Postgres {
    type Err = PostgresUrlError;

    fn from_str(text: &str) -> Result<Self, PostgresUrlError> {
        Self::new(text, None)
    }
}

impl Postgres {
    /// The server that `text` names: a URL, or words such as `host=.. user=..`.
    ///
    /// Of `PostgreSQL`'s words for TLS it may have `sslmode`, `sslrootcert`,
    /// `sslcert` and `sslkey`; `ca` stands for `sslrootcert` where that is
    /// missing. A connection that leaves this machine is encrypted and verified
    /// (`verify-full`) unless `sslmode=disable` says otherwise. `require` and
    /// `verify-ca` verify as much; `prefer` and `allow` are refused.
    ///
    /// # Errors
    /// [`PostgresUrlError`].
    pub fn new(text: &str, ca: Option<&Path>) -> Result<Self, PostgresUrlError> {
        let (mut options, text) = take_options(text)?;
        if let Some(ca) = ca {
            options.root.get_or_insert_with(|| ca.to_owned());
        }
        let mut config: Config = text.parse().map_err(PostgresUrlError::Text)?;
        let encryption = Encryption::new(&options, &config)?;
        config.ssl_mode(encryption.mode());
        config.connect_timeout(CONNECT);
        config.application_name("nerves-key line");
        config.tcp_user_timeout(SILENCE);
        if let (None, Some(password)) = (config.get_password(), std::env::var_os(PASSWORD)) {
            config.password(password.as_encoded_bytes());
        }
        Ok(Self {
            config,
            encryption,
            client: None,
        })
    }
}

impl Postgres {
    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            _ => self.encryption.connect(&self.config)?,
        };
        let result = work(&mut client);
        // A connection that broke is not used again.
        if !matches!(result, Err(DatabaseError::Away(_))) {
            self.client = Some(client);
        }
        result
    }
}

impl Database for Postgres {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        self.with(|client| {
            // All that is read is of one moment; what was inserted since meets a
            // constraint, and the work is done again.
            let transaction = client.build_transaction();
            let transaction = transaction.isolation_level(IsolationLevel::RepeatableRead);
            let mut transaction = transaction.start()?;
            transaction.batch_execute(LIMITS)?;
            work(&mut transaction)?;
            Ok(transaction.commit()?)
        })
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        self.with(|client| {
            let mut transaction = client.transaction()?;
            transaction.batch_execute(script)?;
            Ok(transaction.commit()?)
        })
    }
}

impl Statements for postgres::Transaction<'_> {
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
            parameters.iter().map(parameter).collect();
        let found = self.query_typed(statement, &parameters)?;
        let rows = found.iter().map(|row| {
            let columns = row.columns().iter().enumerate();
            let values = columns.map(|(at, column)| value(row, at, column.type_()));
            values.collect()
        });
        rows.collect()
    }

    fn objects(&mut self, tables: &[String]) -> Result<Vec<(String, Object)>, DatabaseError> {
        // No name of a table has a blank.
        let tables = [tables.join(" ").into()];
        let rows = Statements::query(self, postgres_objects::STATEMENT, &tables)?;
        let objects = postgres_objects::objects(&rows);
        objects.ok_or_else(|| DatabaseError::Refused("it says nothing of its tables".into()))
    }
}

fn parameter(value: &Value) -> (&(dyn ToSql + Sync), Type) {
    match value {
        Value::Null => (&None::<String>, Type::TEXT),
        Value::Integer(number) => (number, Type::INT8),
        Value::Text(text) => (text, Type::TEXT),
    }
}

fn value(row: &postgres::Row, at: usize, kind: &Type) -> Result<Value, DatabaseError> {
    Ok(if *kind == Type::INT8 {
        row.try_get::<_, Option<i64>>(at)?
            .map_or(Value::Null, Value::Integer)
    } else if *kind == Type::INT4 {
        let number = row.try_get::<_, Option<i32>>(at)?;
        number.map_or(Value::Null, |number| Value::Integer(number.into()))
    } else {
        row.try_get::<_, Option<String>>(at)?
            .map_or(Value::Null, Value::Text)
    })
}

impl From<postgres::Error> for DatabaseError {
    fn from(error: postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            // Without an answer of the server it is the connection that failed.
            if tls::is_refusal(&error) {
                return Self::Refused(Box::new(Unverified(Whole(error))));
            }
            return Self::Away(Box::new(Whole(error)));
        };
        let code = said.code().clone();
        if code == SqlState::UNIQUE_VIOLATION {
            return Self::Unique(said.to_string());
        }
        let is = |codes: &[SqlState]| codes.contains(&code);
        if is(&[
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
        ]) {
            return Self::Busy(Box::new(said.clone()));
        }
        if is(&[SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME]) {
            return Self::NoTable(Box::new(said.clone()));
        }
        // 08: connection; 57P: the server goes or comes; 53: it has no room.
        if ["08", "57P", "53"]
            .iter()
            .any(|class| code.code().starts_with(class))
        {
            return Self::Away(Box::new(said.clone()));
        }
        Self::Refused(Box::new(said.clone()))
    }
}
