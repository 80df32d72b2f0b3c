//! A ledger on a server.
//!
//! No answer is waited for without end: a server that is stopped, or a network
//! that swallows what is sent, is as good as away.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, NoTls};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Row, Socket};

use super::database::{Database, DatabaseError, Rows, Statements, TransactionAccess, Value};
use super::objects::Object;
use super::postgres_objects;
use super::postgres_url::{OptionError, may_have_password, take_options};
use super::tls::{self, Connector, Encryption, TlsError};

/// Where a password is that no list of processes shows.
const PASSWORD: &str = "PGPASSWORD";
/// How long one address of a server may take to answer a connection. Each host may
/// have two, of either version of IP.
const ADDRESS: Duration = Duration::from_millis(2500);
/// How soon a connection that nothing passes on is asked whether it is still there,
/// before a firewall forgets it.
const IDLE: Duration = Duration::from_secs(60);
/// How long it may take to answer a statement.
const STATEMENT_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to answer a statement of [`Database::read`]. One who waits for
/// it has no chip in hand.
const READ_LIMIT: Duration = Duration::from_secs(3600);
/// By so much it gives up before it is given up.
const MARGIN: Duration = Duration::from_secs(2);

/// A server. The connection is made when it is first needed, and again after it
/// broke. Statements are not prepared by name, so that a pool in transaction
/// mode may lie between.
pub struct Postgres {
    config: Config,
    encryption: Encryption,
    statement_limit: Duration,
    connection: Option<Connection>,
}

/// A connection and what drives it, which works only while an answer is waited
/// for.
struct Connection {
    client: Client,
    runtime: TimedRuntime,
}

impl Connection {
    fn execute(&self, statements: &str, longest: Duration) -> Result<(), DatabaseError> {
        let done = self.client.batch_execute(statements);
        self.runtime.wait(longest, done)
    }
}

/// Why a text names no server that may be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresUrlError {
    /// It names none.
    #[error(
        "{} (write postgres://USER@HOST/DATABASE, or host=/run/postgresql user=.. dbname=..)",
        WithSources(.0)
    )]
    Text(#[source] tokio_postgres::Error),
    /// It names none, and a message about it could show a part of a password.
    #[error(
        "it cannot be read, and nothing of it is shown, since it may have a password: write \
         postgres://USER@HOST/DATABASE, or host=/run/postgresql user=.. dbname=..; in a URL's \
         password write % as %25, @ as %40, / as %2F, ? as %3F"
    )]
    Unreadable,
    /// What it says of TLS cannot be read.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// What it says of TLS cannot be.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// An error of the driver with its sources, which it does not say itself.
#[derive(Debug)]
struct WithSources<E>(E);

impl<E: std::error::Error> fmt::Display for WithSources<E> {
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
struct Unverified(WithSources<tokio_postgres::Error>);

/// All is said by then.
impl<E: std::error::Error> std::error::Error for WithSources<E> {}

/// A server that says nothing.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs_f32())]
struct NoAnswer(Duration);

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .field("is_connected", &self.connection.is_some())
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
        let is_quotable = !may_have_password(text);
        let (mut options, text) = take_options(text)?;
        if let Some(ca) = ca {
            options.root.get_or_insert_with(|| ca.to_owned());
        }
        let mut config: Config = text.parse().map_err(|error| {
            if is_quotable {
                PostgresUrlError::Text(error)
            } else {
                PostgresUrlError::Unreadable
            }
        })?;
        // What follows the first @ of a password is taken for a host.
        let is_split = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        if config.get_hosts().iter().any(is_split) {
            return Err(PostgresUrlError::Unreadable);
        }
        let encryption = Encryption::new(&options, &config)?;
        config.ssl_mode(encryption.mode());
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(ADDRESS);
        }
        config.keepalives_idle(IDLE);
        config.application_name("nerves-key line");
        config.tcp_user_timeout(STATEMENT_LIMIT);
        if let (None, Some(password)) = (config.get_password(), std::env::var_os(PASSWORD)) {
            config.password(password.as_encoded_bytes());
        }
        Ok(Self {
            config,
            encryption,
            statement_limit: STATEMENT_LIMIT,
            connection: None,
        })
    }
}

/// Waits for answers, each for a while.
struct TimedRuntime(Option<Runtime>);

impl TimedRuntime {
    fn new() -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| DatabaseError::Refused(Box::new(error)))?;
        Ok(Self(Some(runtime)))
    }

    fn wait<T>(
        &self,
        longest: Duration,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseError> {
        let silent = || DatabaseError::Away(Box::new(NoAnswer(longest)));
        let runtime = self.0.as_ref().ok_or_else(silent)?;
        let answer = async { tokio::time::timeout(longest, answer).await };
        match runtime.block_on(answer) {
            Ok(answered) => Ok(answered?),
            Err(_elapsed) => Err(silent()),
        }
    }
}

impl Drop for TimedRuntime {
    fn drop(&mut self) {
        // A name that is still being resolved is not waited for.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Postgres {
    /// How long the server may take to answer a statement, 30 s by default. It
    /// gives a statement up by then; where it says nothing, two seconds later it
    /// is away. [`Database::read`] has an hour.
    pub const fn set_statement_limit(&mut self, limit: Duration) {
        self.statement_limit = limit;
    }

    fn connect(&self) -> Result<Connection, DatabaseError> {
        let runtime = TimedRuntime::new()?;
        let client = match &self.encryption {
            Encryption::None => self.connect_by(&runtime, NoTls)?,
            Encryption::Verified(client) => self.connect_by(&runtime, Connector::new(client))?,
        };
        Ok(Connection { client, runtime })
    }

    fn connect_by<T>(&self, runtime: &TimedRuntime, tls: T) -> Result<Client, DatabaseError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let each = self
            .config
            .get_connect_timeout()
            .copied()
            .unwrap_or(ADDRESS);
        let hosts = self.config.get_hosts().len().max(1);
        let longest = each.saturating_mul(u32::try_from(2 * hosts).unwrap_or(u32::MAX));
        let (client, connection) = runtime.wait(longest, self.config.connect(tls))?;
        if let Some(runtime) = &runtime.0 {
            // How it ends, the next statement says.
            runtime.spawn(connection);
        }
        Ok(client)
    }

    /// A connection on which `begin` has begun a transaction. One that was kept may
    /// have died since: a server that was restarted says so, and a network that has
    /// forgotten it says nothing. Nothing was begun on it then, so a new one is made.
    fn begin(&mut self, begin: &str, longest: Duration) -> Result<Connection, DatabaseError> {
        if let Some(kept) = self.connection.take()
            && kept.execute(begin, longest.min(ADDRESS)).is_ok()
        {
            return Ok(kept);
        }
        let connection = self.connect()?;
        connection.execute(begin, longest)?;
        Ok(connection)
    }

    /// Do `work` in a transaction that `begin` begins; each statement may take as
    /// long as `limit`.
    fn transact(
        &mut self,
        begin: &str,
        limit: Duration,
        work: impl FnOnce(&mut LimitedTransaction<'_>) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let longest = self.statement_limit.saturating_add(MARGIN);
        let connection = self.begin(begin, longest)?;
        let result = work(&mut LimitedTransaction {
            connection: &connection,
            longest: limit.saturating_add(MARGIN),
        });
        let result = match result {
            Ok(()) => connection.execute("COMMIT", longest),
            // Nobody answers: the connection goes, and the transaction with it.
            Err(error @ DatabaseError::Away(_)) => Err(error),
            Err(error) => connection.execute("ROLLBACK", longest).and(Err(error)),
        };
        // A connection that broke is not used again.
        if !matches!(result, Err(DatabaseError::Away(_))) {
            self.connection = Some(connection);
        }
        result
    }

    /// What begins a transaction. All that is read is of one moment; what was
    /// inserted since meets a constraint, and the work is done again. `limit` is how
    /// long the server lets a statement take, and a client that is silent: what that
    /// holds is others' again then. Nobody waits longer for another transaction than
    /// a station may.
    fn begin_statement(&self, access: TransactionAccess, limit: Duration) -> String {
        let access = match access {
            TransactionAccess::Write => "",
            TransactionAccess::Read => ", READ ONLY",
        };
        let (limit, lock) = (limit.as_millis(), self.statement_limit.as_millis());
        format!(
            "START TRANSACTION ISOLATION LEVEL REPEATABLE READ{access}; \
             SET LOCAL statement_timeout = {limit}; SET LOCAL lock_timeout = {lock}; \
             SET LOCAL idle_in_transaction_session_timeout = {limit}"
        )
    }
}

/// A transaction, each of whose statements is waited for a while.
struct LimitedTransaction<'a> {
    connection: &'a Connection,
    longest: Duration,
}

impl Database for Postgres {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let limit = self.statement_limit;
        let begin = self.begin_statement(TransactionAccess::Write, limit);
        self.transact(&begin, limit, |transaction| work(transaction))
    }

    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let limit = self.statement_limit.max(READ_LIMIT);
        let begin = self.begin_statement(TransactionAccess::Read, limit);
        self.transact(&begin, limit, |transaction| work(transaction))
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        let limit = self.statement_limit;
        self.transact("START TRANSACTION", limit, |transaction| {
            transaction.connection.execute(script, transaction.longest)
        })
    }
}

impl Statements for LimitedTransaction<'_> {
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
            parameters.iter().map(parameter).collect();
        let Connection { client, runtime } = self.connection;
        let answer = client.query_typed(statement, &parameters);
        let answer = runtime.wait(self.longest, answer)?;
        let rows = answer.iter().map(|row| {
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

fn value(row: &Row, at: usize, kind: &Type) -> Result<Value, DatabaseError> {
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

/// Whether it is the connection that failed: it was closed, or a cause is of the
/// operating system or of the driver's own limit for one address.
fn is_connection(error: &tokio_postgres::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let is_io = std::iter::from_fn(|| {
        let this = cause?;
        cause = this.source();
        Some(this)
    })
    .any(<dyn std::error::Error>::is::<io::Error>);
    error.is_closed() || is_io
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db_error) = error.as_db_error() else {
            // Without an answer of the server it is the connection that failed.
            if tls::is_refusal(&error) {
                return Self::Refused(Box::new(Unverified(WithSources(error))));
            }
            // A password that is missing, for example, stays so.
            let error = Box::new(WithSources(error));
            return if is_connection(&error.0) {
                Self::Away(error)
            } else {
                Self::Refused(error)
            };
        };
        let code = db_error.code().clone();
        if code == SqlState::UNIQUE_VIOLATION {
            return Self::Unique(db_error.to_string());
        }
        let is = |codes: &[SqlState]| codes.contains(&code);
        if is(&[
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
        ]) {
            return Self::Busy(Box::new(db_error.clone()));
        }
        if is(&[SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME]) {
            return Self::NoTable(Box::new(db_error.clone()));
        }
        // 08: connection; 57P: the server goes or comes; 53: it has no room.
        if ["08", "57P", "53"]
            .iter()
            .any(|class| code.code().starts_with(class))
        {
            return Self::Away(Box::new(db_error.clone()));
        }
        Self::Refused(Box::new(db_error.clone()))
    }
}
