//! What a station does while its ledger is away.
//!
//! Each chip is worked on in one book. The ledger's, as long as it answers; the
//! spool's for a chip that is begun while it does not, until the ledger has all
//! of it. A keeper brings the spool to the ledger and leases new serials.

mod books;
mod news;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nerves_key_line::{
    Batch, Conflict, DatabaseError, Ledger, LedgerError, Spool, SpoolError, Sqlite,
};

pub(super) use self::books::Books;
pub(super) use self::news::News;
use super::ledger::{self, refused};
use super::station::{Said, What};
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
enum Trouble {
    Away(LedgerError),
    Other(CliError),
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(DatabaseError::Away(_)) => Self::Away(error),
            error => Self::Other(refused(error)),
        }
    }
}

impl From<SpoolError> for Trouble {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Ledger(error) => error.into(),
            error => Self::Other(CliError::refused(error)),
        }
    }
}

impl From<CliError> for Trouble {
    fn from(error: CliError) -> Self {
        Self::Other(error)
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Away(error) => refused(error),
            Trouble::Other(error) => error,
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
/// As [`refused`].
pub(super) fn spool_refused(error: SpoolError) -> CliError {
    match error {
        SpoolError::Ledger(error) => refused(error),
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
    untold: Vec<Conflict>,
}

/// What a visit came to.
#[derive(Clone, Copy)]
struct Visited {
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
            Err(Trouble::Away(error)) if !spooling.path.exists() => Err(refused(error)),
            Err(Trouble::Away(_)) => {
                spooling.spool()?;
                Ok(Some(spooling))
            }
            Err(Trouble::Other(error)) => Err(error),
        }
    }

    /// Lease serials, where the ledger is there. From now on [`Spooling::end`] is
    /// owed.
    ///
    /// # Errors
    /// As [`refused`], unless the ledger is away.
    pub(super) fn lease(&self) -> Result<(), CliError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.visit(Lease::Fill) {
            Ok(_) | Err(Trouble::Away(_)) => Ok(()),
            Err(Trouble::Other(error)) => {
                // The cause is said; what was leased before it goes back if it can.
                let _ = self.visit(Lease::Return);
                Err(error)
            }
        }
    }

    /// The batch, as the spool has it.
    pub(super) fn batch(&self) -> Result<Batch, CliError> {
        self.spool()?.batch().map_err(spool_refused)
    }

    fn spool(&self) -> Result<Spool, CliError> {
        let author = ledger::author(&self.place)?;
        let spool = Spool::resume(file(&self.path)?, author, &self.batch);
        spool.map_err(|error| spool_refused(error).about(escape_path(&self.path)))
    }

    fn ledger(&self) -> Result<Ledger, Trouble> {
        let mut ledger = ledger::reach(&self.place)??;
        ledger.set_patience(PATIENCE);
        Ok(ledger)
    }

    /// Bring the spool to the ledger.
    fn visit(&self, lease: Lease) -> Result<Visited, Trouble> {
        let mut conflicts = self.visit.lock().unwrap_or_else(PoisonError::into_inner);
        let visited = self.bring(lease, &mut conflicts);
        let is_away = matches!(visited, Err(Trouble::Away(_)));
        self.is_away.store(is_away, Ordering::Relaxed);
        visited
    }

    /// Conflicts that nobody was told of yet.
    fn untold(&self) -> Vec<News> {
        let mut conflicts = self.visit.lock().unwrap_or_else(PoisonError::into_inner);
        conflicts.untold.drain(..).map(News::Conflict).collect()
    }

    fn bring(&self, lease: Lease, conflicts: &mut Conflicts) -> Result<Visited, Trouble> {
        let mut ledger = self.ledger()?;
        let spool = Spool::begin(file(&self.path)?, &mut ledger, &self.batch);
        let mut spool = spool.map_err(|error| match Trouble::from(error) {
            Trouble::Other(error) => Trouble::Other(error.about(escape_path(&self.path))),
            away @ Trouble::Away(_) => away,
        })?;
        if lease == Lease::Return {
            spool.release()?;
        }
        let done = spool.reconcile(&mut ledger)?;
        let left = if lease == Lease::Fill && self.has_room(&mut ledger)? {
            spool.lease(&mut ledger, self.units)?
        } else {
            spool.left()?
        };
        for conflict in done.conflicts {
            if !conflicts.all.contains(&conflict) {
                conflicts.all.push(conflict.clone());
                conflicts.untold.push(conflict);
            }
        }
        Ok(Visited {
            events: done.events,
            left,
        })
    }

    /// Whether a lease, half of what is free, leaves a place for each chip in hand
    /// after the batch had none.
    fn has_room(&self, ledger: &mut Ledger) -> Result<bool, Trouble> {
        if self.is_full.load(Ordering::Relaxed) {
            let free = ledger.free_places(&self.batch)?;
            let is_full = free / 2 < self.devices.max(1);
            self.is_full.store(is_full, Ordering::Relaxed);
        }
        Ok(!self.is_full.load(Ordering::Relaxed))
    }

    /// Look after the spool until the last worker is done.
    pub(super) fn keep(&self, workers: &Receiver<()>, said: &Sender<Said>) {
        let say = |news| {
            // Nobody listens any more: then nothing is to be said.
            let _ = said.send(Said {
                device: None,
                what: What::Ledger(news),
            });
        };
        let mut was_away = false;
        let mut kept = 0;
        let mut failed = None;
        let mut looks = 0u32;
        let tell = |error: CliError, failed: &mut Option<String>| {
            let cause = error.to_string();
            if failed.as_ref() != Some(&cause) {
                say(News::Failed(cause.clone()));
                *failed = Some(cause);
            }
        };
        while let Err(RecvTimeoutError::Timeout) = workers.recv_timeout(PAUSE) {
            self.untold().into_iter().for_each(say);
            let is_away = self.is_away.load(Ordering::Relaxed);
            let (unsent, left) = match self.counts() {
                Ok(counts) => counts,
                Err(error) => {
                    tell(error, &mut failed);
                    continue;
                }
            };
            if is_away && !was_away {
                say(News::Away { left });
            }
            was_away |= is_away;
            // What the ledger does not take is not offered every second.
            looks = looks.wrapping_add(1);
            let may_have_room = self.is_full.load(Ordering::Relaxed) && looks.is_multiple_of(LOOKS);
            if !is_away && unsent == kept && !may_have_room {
                continue;
            }
            match self.visit(Lease::Fill) {
                Ok(Visited { events, left }) => {
                    if was_away {
                        say(News::Back { events, left });
                    }
                    was_away = false;
                    failed = None;
                    kept = self.counts().map_or(0, |(unsent, _)| unsent);
                }
                Err(Trouble::Away(_)) => {}
                Err(Trouble::Other(error)) => tell(error, &mut failed),
            }
        }
    }

    /// The events that the ledger does not have, and the serials that are left.
    fn counts(&self) -> Result<(usize, usize), CliError> {
        let mut spool = self.spool()?;
        let unsent = spool.unsent().map_err(spool_refused)?;
        Ok((unsent, spool.left().map_err(spool_refused)?))
    }

    /// Give back what was not used, where the ledger is there.
    pub(super) fn end(&self) -> Vec<News> {
        let last = match self.visit(Lease::Return) {
            Ok(_) => None,
            Err(Trouble::Away(_)) => Some(match self.counts() {
                Ok((events, _)) => News::Kept {
                    path: self.path.clone(),
                    events,
                },
                Err(error) => News::Failed(error.to_string()),
            }),
            Err(Trouble::Other(error)) => Some(News::Failed(error.to_string())),
        };
        self.untold().into_iter().chain(last).collect()
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
