//! The ledger: what is known of batches and units, in a database.

mod activity;
mod audit;
mod database;
mod error;
mod export;
mod loading;
mod numbers;
mod objects;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_objects;
#[cfg(feature = "postgres")]
mod postgres_url;
mod replay;
mod retry;
mod rows;
mod schema;
mod sqlite;
mod sqlite_objects;
#[cfg(feature = "postgres")]
mod tls;
mod work;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atecc::SerialNumber;
use nerves_key_schema::ManufacturerSerial;
use serde_json::{Value as Json, json};

use crate::batch::Batch;
use crate::event::EventKind;
use crate::unit::{State, Unit};
use numbers::Source;
pub(crate) use numbers::round_after;
pub(crate) use rows::numbers;
pub(crate) use work::chip_of;

pub use activity::{Activity, Failures, StationActivity};
pub use audit::{ChainHead, Finding, FindingReason};
pub use database::{Database, DatabaseError, Rows, Statements, Value};
pub use error::LedgerError;
pub use export::{Export, ExportedUnit};
pub use numbers::{Lease, Numbers};
pub use objects::{Object, ObjectKind};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresUrlError};
#[cfg(feature = "postgres")]
pub use postgres_url::OptionError;
pub use schema::{Tables, TablesError, VERSION};
pub use sqlite::Sqlite;
#[cfg(feature = "postgres")]
pub use tls::TlsError;

/// How long a database may be away before that is an error.
const PATIENCE: Duration = Duration::from_secs(10);
/// How far a clock may be behind the station's last event.
const BEHIND: Duration = Duration::from_secs(5);

/// Who writes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Author {
    /// The chain of events: of one machine or bench.
    pub station: String,
    /// Who works there.
    pub operator: String,
}

/// A ledger.
///
/// ```
/// use nerves_key_line::{Author, Ledger, Sqlite, Tables};
///
/// let author = Author { station: "bench".into(), operator: "ada".into() };
/// let mut ledger = Ledger::create(Box::new(Sqlite::in_memory()?), Tables::default(), author)?;
/// assert!(ledger.audit(&[])?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ledger {
    database: Box<dyn Database>,
    tables: Tables,
    author: Author,
    patience: Duration,
    source: Source,
}

/// What is recorded with a state.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Facts {
    /// The public key, x and y.
    pub public_key: Option<[u8; 64]>,
    /// The certificate that was issued for it.
    pub certificate: Option<IssuedCertificate>,
    /// Anything else: plan digest, version of the tool, digest of the
    /// transcript.
    pub notes: serde_json::Map<String, Json>,
}

/// A certificate that was issued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedCertificate {
    /// The public key of its signer, x and y.
    pub signer: [u8; 64],
    /// Its serial number, big-endian.
    pub serial: Vec<u8>,
    /// DER.
    pub der: Vec<u8>,
}

/// A batch and how far it is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BatchStatus {
    /// The batch.
    pub batch: Batch,
    /// Units by their state, each state among them.
    pub units: BTreeMap<State, u64>,
}

impl BatchStatus {
    /// Units of `state`.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        self.units.get(&state).copied().unwrap_or_default()
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("tables", &self.tables)
            .field("author", &self.author)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Make the tables where there are none, or bring them up to [`VERSION`].
    ///
    /// # Errors
    /// [`LedgerError::Newer`], or what the database says.
    pub fn create(
        mut database: Box<dyn Database>,
        tables: Tables,
        author: Author,
    ) -> Result<Self, LedgerError> {
        let from = version(&mut *database, &tables)?;
        if from < VERSION {
            database.script(&tables.migration(from))?;
        }
        Self::open(database, tables, author)
    }

    /// Open one that is there.
    ///
    /// # Errors
    /// [`LedgerError::Newer`], [`LedgerError::Older`], or what the database
    /// says.
    pub fn open(
        mut database: Box<dyn Database>,
        tables: Tables,
        author: Author,
    ) -> Result<Self, LedgerError> {
        match version(&mut *database, &tables)? {
            VERSION => Ok(Self {
                database,
                tables,
                author,
                patience: PATIENCE,
                source: Source::Counter,
            }),
            found if found > VERSION => Err(LedgerError::Newer { found }),
            found => Err(LedgerError::Older { found }),
        }
    }

    /// Wait for a database that is away for so long, 10 s by default.
    pub const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Give leased numbers alone: that of a spool.
    pub(crate) const fn give_leased(&mut self) {
        self.source = Source::Lease;
    }

    /// Who writes.
    #[must_use]
    pub const fn author(&self) -> &Author {
        &self.author
    }

    /// Load a batch, once. True when it was not there.
    ///
    /// # Errors
    /// [`LedgerError::Batch`] when it cannot be made,
    /// [`LedgerError::NumbersUsed`] or [`LedgerError::ListPromised`] when others of the
    /// product have left too few serials, and [`LedgerError::OtherBatch`] when another
    /// one has its name.
    pub fn load(&mut self, batch: &Batch) -> Result<bool, LedgerError> {
        batch.check()?;
        let id = event_id()?;
        self.run(|work| {
            if work.is_there(&id)? {
                return Ok(true);
            }
            if !work.check_batch(batch)? {
                return Ok(false);
            }
            let body = json!({
                "name": batch.name,
                "product": batch.product,
                "digest": batch.digest(),
                "document": batch.document(),
            });
            work.append(&id, None, EventKind::Loaded, &body)?;
            Ok(true)
        })
    }

    /// What [`Ledger::load`] would answer now; nothing is written.
    ///
    /// # Errors
    /// As [`Ledger::load`].
    pub fn check_load(&mut self, batch: &Batch) -> Result<bool, LedgerError> {
        batch.check()?;
        self.read(|work| work.check_batch(batch))
    }

    /// What tells this ledger from any other that has the batch: the event by
    /// which it was loaded, and the digest of the batch.
    pub(crate) fn origin(&mut self, batch: &str) -> Result<(String, String), LedgerError> {
        self.run(|work| {
            let rows = work.query(
                "SELECT e.id, b.digest FROM <batch> b JOIN <event> e \
                 ON e.station = b.station AND e.seq = b.seq WHERE b.name = $1",
                &[batch.into()],
            )?;
            match rows.first().map(|row| &row[..]) {
                Some([Value::Text(id), Value::Text(digest)]) => Ok((id.clone(), digest.clone())),
                _ => Err(LedgerError::NoBatch(batch.to_owned())),
            }
        })
    }

    /// A batch.
    ///
    /// # Errors
    /// [`LedgerError::NoBatch`] when there is none of this name.
    pub fn batch(&mut self, name: &str) -> Result<Batch, LedgerError> {
        self.run(|work| work.batch(name))
    }

    /// How far the batches are.
    ///
    /// # Errors
    /// What the database says.
    pub fn status(&mut self) -> Result<Vec<BatchStatus>, LedgerError> {
        self.read(work::status)
    }

    /// What is known of a chip.
    ///
    /// # Errors
    /// What the database says.
    pub fn unit(&mut self, chip: SerialNumber) -> Result<Option<Unit>, LedgerError> {
        self.run(|work| work.unit(chip))
    }

    /// The units of a batch, in the order in which they were begun.
    ///
    /// # Errors
    /// What the database says.
    pub fn units(&mut self, batch: &str) -> Result<Vec<Unit>, LedgerError> {
        self.read(|work| work.units(batch))
    }

    /// The units of a batch that came to their state after `since`, the ends of
    /// the chains that an export before had; every unit where it is empty.
    ///
    /// # Errors
    /// [`LedgerError::UnknownHead`] when `since` is of another ledger, or the
    /// end of a chain is missing since; or what the database says.
    pub fn export(&mut self, batch: &str, since: &[ChainHead]) -> Result<Export, LedgerError> {
        self.read(|work| export::export(work, batch, since))
    }

    /// Give `chip` a place and a serial in `batch`, or find the ones that it
    /// has. `serial` is the one that was scanned, or the chip's own; a numbered
    /// scheme takes none.
    ///
    /// Nothing may be written to the chip before this returns.
    ///
    /// # Errors
    /// [`LedgerError`] when the chip belongs to another batch or is scrapped,
    /// the batch is full, the serials have run out, the serial is another
    /// chip's, or the clock is behind.
    pub fn reserve(
        &mut self,
        chip: SerialNumber,
        batch: &str,
        serial: Option<&ManufacturerSerial>,
    ) -> Result<Unit, LedgerError> {
        let id = event_id()?;
        self.run(|work| {
            work.check_clock()?;
            let Some(unit) = work.unit(chip)? else {
                return work.reserve(&id, chip, batch, serial);
            };
            if unit.batch != batch {
                return Err(LedgerError::ElsewhereMade {
                    chip,
                    batch: unit.batch,
                });
            }
            match unit.state {
                State::Scrapped => Err(LedgerError::Scrapped(chip)),
                State::Abandoned => {
                    work.advance(&id, &unit, State::Reserved, &Facts::default())?;
                    work.unit(chip)?.ok_or(LedgerError::NoUnit(chip))
                }
                _ => Ok(unit),
            }
        })
    }

    /// Record a chip that is finished already, and was not made by this ledger.
    ///
    /// # Errors
    /// As [`Ledger::reserve`]; [`LedgerError::KnownUnit`] when it is known.
    pub fn record_finished(
        &mut self,
        chip: SerialNumber,
        batch: &str,
        serial: &ManufacturerSerial,
        facts: &Facts,
    ) -> Result<Unit, LedgerError> {
        let id = event_id()?;
        self.run(|work| {
            if let Some(unit) = work.unit(chip)? {
                let is_done = work.is_there(&id)?;
                return is_done.then_some(unit).ok_or(LedgerError::KnownUnit(chip));
            }
            work.record_finished(&id, chip, batch, serial, facts)
        })
    }

    /// Bring a unit from the state that it was seen in to `state`.
    ///
    /// # Errors
    /// [`LedgerError::Overtaken`] when it is in another state by now,
    /// [`LedgerError::Order`] when the state cannot follow, and
    /// [`LedgerError::Taken`] when key or certificate are another unit's.
    pub fn advance(
        &mut self,
        unit: &Unit,
        state: State,
        facts: &Facts,
    ) -> Result<Unit, LedgerError> {
        let id = event_id()?;
        self.run(|work| {
            if !work.is_there(&id)? {
                work.advance(&id, unit, state, facts)?;
            }
            work.unit(unit.chip)?.ok_or(LedgerError::NoUnit(unit.chip))
        })
    }

    /// Record that a run failed: the unit keeps its state.
    ///
    /// # Errors
    /// What the database says.
    pub fn fail(&mut self, chip: SerialNumber, cause: &str) -> Result<(), LedgerError> {
        let id = event_id()?;
        self.run(|work| {
            if work.is_there(&id)? {
                return Ok(());
            }
            let body = json!({ "cause": cause });
            work.append(&id, Some(chip), EventKind::Failed, &body)
        })
    }

    /// The last event of each station, which a report carries: an audit that
    /// knows it notices when the end of a chain is missing.
    ///
    /// # Errors
    /// What the database says.
    pub fn heads(&mut self) -> Result<Vec<ChainHead>, LedgerError> {
        self.read(audit::heads)
    }

    /// Compare everything with the chains of events, and the tables themselves
    /// with those of this version. Empty when nothing was changed since it was
    /// written.
    ///
    /// # Errors
    /// What the database says.
    pub fn audit(&mut self, known: &[ChainHead]) -> Result<Vec<Finding>, LedgerError> {
        self.read(|work| {
            let mut findings = audit::audit(work, known)?;
            findings.extend(objects::audit(work)?);
            Ok(findings)
        })
    }
}

/// The version of the tables that are there; 0 where there are none.
fn version(database: &mut dyn Database, tables: &Tables) -> Result<usize, LedgerError> {
    let statement = tables.statement("SELECT MAX(version) FROM <version>");
    let mut rows = Rows::new();
    let read = database.transaction(&mut |statements| {
        rows = statements.query(&statement, &[])?;
        Ok(())
    });
    match read {
        Ok(()) => match rows.first().map(|row| &row[..]) {
            // A table of versions without one: it was begun and not filled.
            Some([Value::Null]) => Ok(0),
            Some([Value::Integer(version)]) => usize::try_from(*version)
                .map_err(|_negative| LedgerError::Row("of the version".to_owned())),
            _ => Err(LedgerError::Row("of the version".to_owned())),
        },
        Err(DatabaseError::NoTable(_)) => Ok(0),
        Err(error) => Err(LedgerError::Database(error)),
    }
}

/// 16 random bytes in hex.
pub(crate) fn event_id() -> Result<String, LedgerError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(LedgerError::Random)?;
    Ok(data_encoding::HEXLOWER.encode(&random))
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
