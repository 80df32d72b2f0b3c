//! What a spool refuses.

use crate::ledger::{DatabaseError, LedgerError};

/// What a spool refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// One of the two databases.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The file is something else.
    #[error("it is no spool: name a file that is not there, or one that a station made")]
    NoSpool,
    /// There is nothing to go on with.
    #[error(
        "the ledger is away, and the spool has nothing of it yet: it is made while the ledger is \
         there"
    )]
    Empty,
    /// Of another station, batch or ledger.
    #[error(
        "the spool is of the {what} {theirs:?}, not of {ours:?}: bring it to its own ledger with \
         nerves-key line reconcile, and name another file here"
    )]
    Other {
        /// Station, batch or ledger.
        what: &'static str,
        /// That of the spool.
        theirs: String,
        /// That of the run.
        ours: String,
    },
}

impl SpoolError {
    /// Whether it is the ledger that cannot be reached.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Ledger(LedgerError::Database(DatabaseError::Away(_)))
        )
    }
}

impl From<DatabaseError> for SpoolError {
    fn from(error: DatabaseError) -> Self {
        Self::Ledger(LedgerError::Database(error))
    }
}
