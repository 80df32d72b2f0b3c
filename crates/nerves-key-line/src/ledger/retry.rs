//! Transactions that are tried again: another one was first, or the database is away
//! for a while.

use std::time::{Duration, Instant};

use super::Ledger;
use super::database::{DatabaseError, Statements, TransactionAccess};
use super::error::LedgerError;
use super::work::Work;

/// How often a transaction is tried that loses against others.
const ATTEMPTS: u32 = 200;
/// How long others may hold the database.
const BUSY: Duration = Duration::from_secs(60);
/// Between two attempts to reach it.
const AWAY: Duration = Duration::from_millis(200);

impl Ledger {
    /// One transaction, again where another one was first.
    pub(crate) fn run<T>(
        &mut self,
        body: impl FnMut(&mut Work<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.attempt(TransactionAccess::Write, body)
    }

    /// The same for what changes nothing and may read whole tables.
    pub(super) fn read<T>(
        &mut self,
        body: impl FnMut(&mut Work<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.attempt(TransactionAccess::Read, body)
    }

    fn attempt<T>(
        &mut self,
        access: TransactionAccess,
        mut body: impl FnMut(&mut Work<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut attempt = 0;
        let begin = Instant::now();
        loop {
            let mut result = None;
            let (tables, author, source) = (&self.tables, &self.author, self.source);
            let mut work = |statements: &mut dyn Statements| {
                let work = &mut Work {
                    statements,
                    tables,
                    author,
                    source,
                };
                match body(work) {
                    Err(LedgerError::Database(error)) => Err(error),
                    Ok(done) => {
                        result = Some(Ok(done));
                        Ok(())
                    }
                    Err(error) => {
                        result = Some(Err(error));
                        Err(DatabaseError::GivenUp)
                    }
                }
            };
            let ended = match access {
                TransactionAccess::Write => self.database.transaction(&mut work),
                TransactionAccess::Read => self.database.read(&mut work),
            };
            attempt += 1;
            match (ended, result) {
                (Ok(()) | Err(DatabaseError::GivenUp), Some(result)) => return result,
                (Err(error), _)
                    if attempt < ATTEMPTS && begin.elapsed() < BUSY && error.may_pass() =>
                {
                    pause(attempt)?;
                }
                (Err(DatabaseError::Away(_)), _) if begin.elapsed() < self.patience => {
                    std::thread::sleep(AWAY);
                }
                (Err(error), _) => return Err(LedgerError::Database(error)),
                (Ok(()), None) => return Err(LedgerError::Database(DatabaseError::GivenUp)),
            }
        }
    }
}

/// A longer while each time, and none that two stations have in common.
fn pause(attempt: u32) -> Result<(), LedgerError> {
    let mut random = [0; 1];
    getrandom::fill(&mut random).map_err(LedgerError::Random)?;
    let longest = u64::from(attempt.min(20));
    let share = u64::from(random[0]) * longest * 1000 / 256;
    std::thread::sleep(Duration::from_micros(500 + share));
    Ok(())
}
