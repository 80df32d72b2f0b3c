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
mod time;
mod unit;

pub use batch::{Batch, BatchError, BatchLayout};
pub use event::{Event, EventKind};
pub use ledger::{
    Activity, Author, BatchStatus, ChainHead, Database, DatabaseError, Export, ExportedUnit, Facts,
    Failures, Finding, FindingReason, IssuedCertificate, Lease, Ledger, LedgerError, Numbers,
    Object, ObjectKind, Rows, Sqlite, Statements, StationActivity, Tables, TablesError, VERSION,
    Value,
};
#[cfg(feature = "postgres")]
pub use ledger::{OptionError, Postgres, PostgresUrlError, TlsError};
pub use serials::{
    SerialError, SerialList, SerialListError, SerialPattern, SerialPatternError, SerialScheme,
};
pub use spool::{ChipLocation, Conflict, Reconciliation, Spool, SpoolError};
pub use unit::{State, Unit, UnknownState};
