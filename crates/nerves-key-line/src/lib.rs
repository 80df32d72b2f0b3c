#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test that fails should say where"
    )
)]

mod batch;
mod event;
mod ledger;
mod serials;
mod spool;
mod unit;

pub use batch::{Batch, BatchError, BatchLayout};
pub use event::{Event, Kind};
pub use ledger::{
    Activity, Author, BatchStatus, Database, DatabaseError, Export, ExportedUnit, Facts, Failures,
    Finding, Head, Issued, Lease, Ledger, LedgerError, Numbers, Object, ObjectKind, Reason, Rows,
    Sqlite, Statements, StationActivity, Tables, TablesError, VERSION, Value,
};
#[cfg(feature = "postgres")]
pub use ledger::{OptionError, Postgres, PostgresUrlError, TlsError};
pub use serials::{List, ListError, Pattern, PatternError, SerialError, SerialScheme};
pub use spool::{Conflict, Reconciled, Spool, SpoolError, Whereabouts};
pub use unit::{State, Unit, UnknownState};
