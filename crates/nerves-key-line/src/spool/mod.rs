//! A spool: what a station writes down while the ledger is away.
//!
//! It is a ledger in a file, which gives no numbers but those that the true one
//! leased to it. So a unit that is begun there is written ahead as any other, and
//! its serial is nobody else's. When the ledger is back, each event is written
//! into its chain, once. What does not fit there is a conflict: it stays in the
//! spool with its reason, and nothing is overwritten.

mod error;
mod tables;

use std::collections::BTreeSet;

use atecc::SerialNumber;
use serde_json::{Value as Json, json};

use crate::batch::Batch;
use crate::event::{Event, EventKind};
use crate::ledger::{Author, Database, Ledger, LedgerError, event_id, numbers, round_after};
use tables::Identity;

pub use error::SpoolError;

/// What the names of a spool's tables begin with: nobody takes its file for a
/// ledger.
const PREFIX: &str = "spool_";

/// A spool of one station and one batch.
#[derive(Debug)]
pub struct Spool {
    ledger: Ledger,
    identity: Identity,
}

/// Where a chip is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ChipLocation {
    /// The spool has not seen it.
    Unknown,
    /// The spool has what the ledger has not: it is worked on here.
    Spool,
    /// The ledger has everything of it, and perhaps more: it is worked on there.
    Ledger,
    /// The ledger did not take it.
    Conflict(Conflict),
}

/// What the ledger did not take.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Conflict {
    /// The chip; none where it is about numbers that were to be given back.
    pub chip: Option<SerialNumber>,
    /// The serial that the spool gave it.
    pub serial: String,
    /// Why.
    pub cause: String,
}

/// What came of [`Spool::reconcile`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reconciliation {
    /// Events that are in the ledger now.
    pub events: usize,
    /// Serials among them that the ledger has back.
    pub returned: usize,
    /// Every conflict that the spool has.
    pub conflicts: Vec<Conflict>,
}

impl Spool {
    /// Open the spool of a station that has its ledger, or make it.
    ///
    /// # Errors
    /// [`SpoolError::Other`] when it is of another station, batch or ledger,
    /// [`LedgerError::NoNumbers`] when serials are not given by number.
    pub fn begin(
        database: Box<dyn Database>,
        ledger: &mut Ledger,
        batch: &str,
    ) -> Result<Self, SpoolError> {
        let (origin, digest) = ledger.origin(batch)?;
        let batch_of_ledger = ledger.batch(batch)?;
        if !batch_of_ledger.serials.is_numbered() {
            return Err(LedgerError::NoNumbers(batch_of_ledger.name).into());
        }
        let author = ledger.author().clone();
        let mut spool = tables::create(database, author)?;
        let ours = Identity {
            station: ledger.author().station.clone(),
            batch: batch.to_owned(),
            digest,
            ledger: origin,
            spool: event_id()?,
        };
        let identity = tables::identify(&mut spool, &ours)?;
        identity.check(&ours)?;
        // A kill may have come between the two.
        spool.load(&batch_of_ledger)?;
        Ok(Self::of(spool, identity))
    }

    /// Open the spool of a station whose ledger is away.
    ///
    /// # Errors
    /// [`SpoolError::Empty`] when it never saw the ledger,
    /// [`SpoolError::Other`] when it is of another station or batch.
    pub fn resume(
        database: Box<dyn Database>,
        author: Author,
        batch: &str,
    ) -> Result<Self, SpoolError> {
        let station = author.station.clone();
        let spool = Self::open(database, author)?;
        let ours = Identity {
            station,
            batch: batch.to_owned(),
            ..spool.identity.clone()
        };
        spool.identity.check(&ours)?;
        Ok(spool)
    }

    /// Open a spool for what it says itself, such as to end it.
    ///
    /// # Errors
    /// [`SpoolError::Empty`], [`SpoolError::NoSpool`].
    pub fn open(database: Box<dyn Database>, author: Author) -> Result<Self, SpoolError> {
        let mut spool = tables::create(database, author)?;
        let identity = tables::identity(&mut spool)?.ok_or(SpoolError::Empty)?;
        match spool.batch(&identity.batch) {
            Ok(_) => Ok(Self::of(spool, identity)),
            Err(LedgerError::NoBatch(_)) => Err(SpoolError::Empty),
            Err(error) => Err(error.into()),
        }
    }

    fn of(mut ledger: Ledger, identity: Identity) -> Self {
        ledger.give_leased();
        Self { ledger, identity }
    }

    /// The batch that it is of.
    ///
    /// # Errors
    /// What the database says.
    pub fn batch(&mut self) -> Result<Batch, SpoolError> {
        Ok(self.ledger.batch(&self.identity.batch)?)
    }

    /// The station that it is of.
    #[must_use]
    pub fn station(&self) -> &str {
        &self.identity.station
    }

    /// The ledger to work on while the true one is away.
    pub const fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// How many serials there are to give.
    ///
    /// # Errors
    /// What the database says.
    pub fn count_unused(&mut self) -> Result<usize, SpoolError> {
        Ok(self.free()?.len())
    }

    /// Where a chip is.
    ///
    /// # Errors
    /// What the database says.
    pub fn locate(&mut self, chip: SerialNumber) -> Result<ChipLocation, SpoolError> {
        tables::locate(&mut self.ledger, chip)
    }

    /// Note that the ledger is about to be told of a chip, or was: while it is
    /// away the chip is left alone.
    ///
    /// # Errors
    /// What the database says.
    pub fn leave_to_ledger(&mut self, chip: SerialNumber) -> Result<(), SpoolError> {
        tables::mark_left_to_ledger(&mut self.ledger, chip)
    }

    /// Lease serials, so that there are `units` of them to give; fewer where they
    /// would be more than half of the free places, as [`Ledger::lease`]. Those that the ledger leased to this spool
    /// before a kill are taken up.
    ///
    /// # Errors
    /// What either database says.
    pub fn lease(&mut self, ledger: &mut Ledger, units: u32) -> Result<usize, SpoolError> {
        let Identity { batch, spool, .. } = self.identity.clone();
        ledger.lease(&batch, &spool, units)?;
        let unused = ledger.unused_numbers(&batch, &spool)?;
        let batch = self.batch()?;
        let id = event_id()?;
        self.ledger.run(|work| {
            if work.is_there(&id)? {
                return Ok(());
            }
            let mut new = Vec::new();
            for (number, round) in &unused {
                let known = work.query(
                    "SELECT round FROM <number> WHERE number = $1 AND round = $2",
                    &[(*number).into(), (*round).into()],
                )?;
                if known.is_empty() {
                    new.push((*number, *round));
                }
            }
            if new.is_empty() {
                return Ok(());
            }
            let body = json!({
                "batch": batch.name,
                "product": batch.product,
                "pool": batch.serials.pool(),
                "spool": spool,
                "numbers": numbers(new),
            });
            work.append(&id, None, EventKind::Leased, &body)
        })?;
        self.count_unused()
    }

    /// Give back every serial that was not used. They are the ledger's again
    /// after [`Spool::reconcile`].
    ///
    /// # Errors
    /// What the database says.
    pub fn release(&mut self) -> Result<(), SpoolError> {
        let batch = self.batch()?;
        let id = event_id()?;
        let name = self.identity.batch.clone();
        let spool = self.identity.spool.clone();
        self.ledger.run(|work| {
            if work.is_there(&id)? {
                return Ok(());
            }
            let free = work.unused_numbers(&batch, &spool)?;
            if free.is_empty() {
                return Ok(());
            }
            let free = free
                .into_iter()
                .map(|(number, round)| Ok((number, round_after(number, round)?)))
                .collect::<Result<Vec<_>, LedgerError>>()?;
            let body = json!({
                "batch": name,
                "product": batch.product,
                "pool": batch.serials.pool(),
                "numbers": numbers(free),
            });
            work.append(&id, None, EventKind::Returned, &body)
        })?;
        Ok(())
    }

    fn free(&mut self) -> Result<Vec<(i64, i64)>, SpoolError> {
        let (batch, spool) = (&self.identity.batch, &self.identity.spool);
        Ok(self.ledger.unused_numbers(batch, spool)?)
    }

    /// Write every event that the ledger has not yet into its chain of this
    /// station. It may be ended and begun again at any point. The events of a
    /// unit that the ledger does not take stay here, and are tried again.
    ///
    /// # Errors
    /// [`SpoolError::Other`] when this is not the ledger of the spool, or what
    /// either database says.
    pub fn reconcile(&mut self, ledger: &mut Ledger) -> Result<Reconciliation, SpoolError> {
        let (origin, digest) = ledger.origin(&self.identity.batch)?;
        let ours = Identity {
            station: ledger.author().station.clone(),
            digest,
            ledger: origin,
            ..self.identity.clone()
        };
        self.identity.check(&ours)?;
        let mut done = Reconciliation::default();
        let mut stuck: BTreeSet<String> = BTreeSet::new();
        for event in tables::read_unsent(&mut self.ledger)? {
            // What follows from an event that was not taken is not tried.
            let chip = event.chip.clone().unwrap_or_default();
            if stuck.contains(&chip) {
                continue;
            }
            match ledger.replay(&event) {
                Ok(()) => {
                    tables::mark_sent(&mut self.ledger, event.seq)?;
                    done.events += 1;
                    done.returned += count_returned(&event);
                }
                Err(LedgerError::Database(error)) => return Err(error.into()),
                Err(conflict) => {
                    tables::record_refusal(&mut self.ledger, &event, &conflict.to_string())?;
                    stuck.insert(chip);
                }
            }
        }
        done.conflicts = tables::conflicts(&mut self.ledger)?;
        Ok(done)
    }

    /// How many events the ledger does not have, those of conflicts among them.
    ///
    /// # Errors
    /// What the database says.
    pub fn count_unsent(&mut self) -> Result<usize, SpoolError> {
        Ok(tables::read_unsent(&mut self.ledger)?.len())
    }

    /// What the ledger did not take when it was last asked.
    ///
    /// # Errors
    /// What the database says.
    pub fn conflicts(&mut self) -> Result<Vec<Conflict>, SpoolError> {
        tables::conflicts(&mut self.ledger)
    }
}

/// How many numbers an event gives back.
fn count_returned(event: &Event) -> usize {
    if event.kind != EventKind::Returned {
        return 0;
    }
    let body = serde_json::from_str::<Json>(&event.body).unwrap_or_default();
    body["numbers"].as_array().map_or(0, Vec::len)
}

/// Whether an event is the ledger's, too. What was loaded and leased is there
/// already.
const fn is_for_ledger(event: &Event) -> bool {
    !matches!(event.kind, EventKind::Loaded | EventKind::Leased)
}
