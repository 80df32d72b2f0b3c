//! What a station does while its ledger is away.
//!
//! Each chip is worked on in one book. The ledger's, as long as it answers; the
//! spool's for a chip that is begun while it does not, until the ledger has all
//! of it. A keeper brings the spool to the ledger and leases new serials.

mod books;
mod spool_event;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nerves_key_line::{
    Batch, Conflict, DatabaseError, Ledger, LedgerError, Spool, SpoolError, Sqlite,
};

pub(super) use self::books::Books;
pub(super) use self::spool_event::SpoolEvent;
use super::ledger::{self, cli_error};
use super::station::{WorkerEvent, WorkerMessage};
use crate::cli::line::{Place, Run};
use crate::error::CliError;
use crate::output::escape_path;

/// How long the ledger may be away before the spool stands in for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks of the keeper.
const PAUSE: Duration = Duration::from_secs(1);
/// After so many looks the ledger of a full batch is asked for places again.
const LOOKS: u32 = 5;

/// Why the ledger was not visited.
enum VisitError {
    Away(LedgerError),
    Other(CliError),
}

impl From<LedgerError> for VisitError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(DatabaseError::Away(_)) => Self::Away(error),
            error => Self::Other(cli_error(error)),
        }
    }
}

impl From<SpoolError> for VisitError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Ledger(error) => error.into(),
            error => Self::Other(CliError::refused(error)),
        }
    }
}

impl From<CliError> for VisitError {
    fn from(error: CliError) -> Self {
        Self::Other(error)
    }
}

impl From<VisitError> for CliError {
    fn from(error: VisitError) -> Self {
        match error {
            VisitError::Away(error) => cli_error(error),
            VisitError::Other(error) => error,
        }
    }
}

/// # Errors
/// Exit code 5 for a file that cannot be opened.
pub(super) fn file(path: &Path) -> Result<Box<Sqlite>, CliError> {
    let file = Sqlite::open(path).map_err(|error| CliError::input(path, error))?;
    Ok(Box::new(file))
}

/// # Errors
/// As [`cli_error`].
pub(super) fn spool_cli_error(error: SpoolError) -> CliError {
    match error {
        SpoolError::Ledger(error) => cli_error(error),
        SpoolError::Empty => CliError::failed(error),
        error => CliError::refused(error),
    }
}

/// What the workers of a station with a spool share.
pub(super) struct Spooling {
    place: Place,
    batch: String,
    path: PathBuf,
    units: u32,
    is_away: AtomicBool,
    /// The batch had no free place, or has too few: nothing more is leased.
    is_full: AtomicBool,
    /// As many chips may be in hand, each with a place to come.
    devices: u64,
    /// One visit at a time.
    visit: Mutex<Conflicts>,
}

/// Conflicts that were found.
#[derive(Default)]
struct Conflicts {
    all: Vec<Conflict>,
    /// Those that nobody was told of.
    unreported: Vec<Conflict>,
}

/// What a visit came to.
#[derive(Clone, Copy)]
struct Visit {
    events: usize,
    left: usize,
}

impl Spooling {
    /// The spool of the arguments, with nothing leased yet; none where they name
    /// none.
    ///
    /// # Errors
    /// Exit code 5 for a spool of something else, 1 where the ledger is away and
    /// the spool has nothing of it.
    pub(super) fn begin(arguments: &Run) -> Result<Option<Self>, CliError> {
        let Some(path) = &arguments.spool else {
            return Ok(None);
        };
        let spooling = Self {
            place: arguments.place.clone(),
            batch: arguments.batch.clone(),
            path: path.clone(),
            units: arguments.spool_units,
            is_away: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            devices: arguments.device.len() as u64,
            visit: Mutex::default(),
        };
        match spooling.visit(Lease::Leave) {
            Ok(_) => Ok(Some(spooling)),
            Err(VisitError::Away(error)) if !spooling.path.exists() => Err(cli_error(error)),
            Err(VisitError::Away(_)) => {
                spooling.spool()?;
                Ok(Some(spooling))
            }
            Err(VisitError::Other(error)) => Err(error),
        }
    }

    /// Lease serials, where the ledger is there. From now on [`Spooling::end`] is
    /// owed.
    ///
    /// # Errors
    /// As [`cli_error`], unless the ledger is away.
    pub(super) fn lease(&self) -> Result<(), CliError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.visit(Lease::Fill) {
            Ok(_) | Err(VisitError::Away(_)) => Ok(()),
            Err(VisitError::Other(error)) => {
                // The cause is said; what was leased before it goes back if it can.
                let _ = self.visit(Lease::Return);
                Err(error)
            }
        }
    }

    /// The batch, as the spool has it.
    pub(super) fn batch(&self) -> Result<Batch, CliError> {
        self.spool()?.batch().map_err(spool_cli_error)
    }

    fn spool(&self) -> Result<Spool, CliError> {
        let author = ledger::author(&self.place)?;
        let spool = Spool::resume(file(&self.path)?, author, &self.batch);
        spool.map_err(|error| spool_cli_error(error).about(escape_path(&self.path)))
    }

    fn ledger(&self) -> Result<Ledger, VisitError> {
        let mut ledger = ledger::reach(&self.place)??;
        ledger.set_patience(PATIENCE);
        Ok(ledger)
    }

    /// Bring the spool to the ledger.
    fn visit(&self, lease: Lease) -> Result<Visit, VisitError> {
        let mut conflicts = self.visit.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = self.bring(lease, &mut conflicts);
        let is_away = matches!(visit, Err(VisitError::Away(_)));
        self.is_away.store(is_away, Ordering::Relaxed);
        visit
    }

    /// Conflicts that nobody was told of yet.
    fn take_unreported(&self) -> Vec<SpoolEvent> {
        let mut conflicts = self.visit.lock().unwrap_or_else(PoisonError::into_inner);
        conflicts
            .unreported
            .drain(..)
            .map(SpoolEvent::Conflict)
            .collect()
    }

    fn bring(&self, lease: Lease, conflicts: &mut Conflicts) -> Result<Visit, VisitError> {
        let mut ledger = self.ledger()?;
        let spool = Spool::begin(file(&self.path)?, &mut ledger, &self.batch);
        let mut spool = spool.map_err(|error| match VisitError::from(error) {
            VisitError::Other(error) => VisitError::Other(error.about(escape_path(&self.path))),
            away @ VisitError::Away(_) => away,
        })?;
        if lease == Lease::Return {
            spool.release()?;
        }
        let done = spool.reconcile(&mut ledger)?;
        let left = if lease == Lease::Fill && self.has_room(&mut ledger)? {
            spool.lease(&mut ledger, self.units)?
        } else {
            spool.count_unused()?
        };
        for conflict in done.conflicts {
            if !conflicts.all.contains(&conflict) {
                conflicts.all.push(conflict.clone());
                conflicts.unreported.push(conflict);
            }
        }
        Ok(Visit {
            events: done.events,
            left,
        })
    }

    /// Whether a lease, half of what is free, leaves a place for each chip in hand
    /// after the batch had none.
    fn has_room(&self, ledger: &mut Ledger) -> Result<bool, VisitError> {
        if self.is_full.load(Ordering::Relaxed) {
            let free = ledger.free_places(&self.batch)?;
            let is_full = free / 2 < self.devices.max(1);
            self.is_full.store(is_full, Ordering::Relaxed);
        }
        Ok(!self.is_full.load(Ordering::Relaxed))
    }

    /// Look after the spool until the last worker is done.
    pub(super) fn keep(&self, workers: &Receiver<()>, messages: &Sender<WorkerMessage>) {
        let say = |event| {
            // Nobody listens any more: then nothing is to be said.
            let _ = messages.send(WorkerMessage {
                device: None,
                event: WorkerEvent::Ledger(event),
            });
        };
        let mut was_away = false;
        let mut unsent_before = 0;
        let mut last_failure = None;
        let mut looks = 0u32;
        let tell = |error: CliError, last_failure: &mut Option<String>| {
            let cause = error.to_string();
            if last_failure.as_ref() != Some(&cause) {
                say(SpoolEvent::Failed(cause.clone()));
                *last_failure = Some(cause);
            }
        };
        while let Err(RecvTimeoutError::Timeout) = workers.recv_timeout(PAUSE) {
            self.take_unreported().into_iter().for_each(say);
            let is_away = self.is_away.load(Ordering::Relaxed);
            let (unsent, left) = match self.counts() {
                Ok(counts) => counts,
                Err(error) => {
                    tell(error, &mut last_failure);
                    continue;
                }
            };
            if is_away && !was_away {
                say(SpoolEvent::Away { left });
            }
            was_away |= is_away;
            // What the ledger does not take is not offered every second.
            looks = looks.wrapping_add(1);
            let may_have_room = self.is_full.load(Ordering::Relaxed) && looks.is_multiple_of(LOOKS);
            if !is_away && unsent == unsent_before && !may_have_room {
                continue;
            }
            match self.visit(Lease::Fill) {
                Ok(Visit { events, left }) => {
                    if was_away {
                        say(SpoolEvent::Back { events, left });
                    }
                    was_away = false;
                    last_failure = None;
                    unsent_before = self.counts().map_or(0, |(unsent, _)| unsent);
                }
                Err(VisitError::Away(_)) => {}
                Err(VisitError::Other(error)) => tell(error, &mut last_failure),
            }
        }
    }

    /// The events that the ledger does not have, and the serials that are left.
    fn counts(&self) -> Result<(usize, usize), CliError> {
        let mut spool = self.spool()?;
        let unsent = spool.count_unsent().map_err(spool_cli_error)?;
        Ok((unsent, spool.count_unused().map_err(spool_cli_error)?))
    }

    /// Give back what was not used, where the ledger is there.
    pub(super) fn end(&self) -> Vec<SpoolEvent> {
        let last = match self.visit(Lease::Return) {
            Ok(_) => None,
            Err(VisitError::Away(_)) => Some(match self.counts() {
                Ok((events, _)) => SpoolEvent::Kept {
                    path: self.path.clone(),
                    events,
                },
                Err(error) => SpoolEvent::Failed(error.to_string()),
            }),
            Err(VisitError::Other(error)) => Some(SpoolEvent::Failed(error.to_string())),
        };
        self.take_unreported().into_iter().chain(last).collect()
    }
}

/// What becomes of the serials that are leased.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lease {
    /// As many as are wanted.
    Fill,
    Leave,
    Return,
}
