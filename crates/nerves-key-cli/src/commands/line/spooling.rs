//! What a station does while its ledger is away.
//!
//! Each chip is worked on in one book. The ledger's, as long as it answers; the
//! spool's for a chip that is begun while it does not, until the ledger has all
//! of it. A keeper brings the spool to the ledger and leases new serials.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use atecc::SerialNumber;
use nerves_key_line::{
    Batch, Conflict, DatabaseError, Ledger, LedgerError, Spool, SpoolError, Sqlite, Whereabouts,
};
use serde_json::{Value, json};

use super::chip::Connected;
use super::ledger::{self, refused};
use super::station::{Said, What};
use crate::cli::line::{Place, Run};
use crate::error::{CliError, Exit};
use crate::output::{escape, escape_path};

/// How long the ledger may be away before the spool stands in for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks of the keeper.
const PAUSE: Duration = Duration::from_secs(1);
/// After so many looks the ledger of a full batch is asked for places again.
const LOOKS: u32 = 5;

/// What became of the ledger.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// It does not answer.
    Away { left: usize },
    /// It answers, and has what was spooled.
    Back { events: usize, left: usize },
    /// It did not take a unit.
    Conflict(Conflict),
    /// The station ends while it is away.
    Kept { path: PathBuf, events: usize },
    /// The spool cannot be brought to it.
    Failed(String),
}

impl News {
    pub(super) const fn is_failure(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Failed(_))
    }

    pub(super) fn document(&self) -> Value {
        match self {
            Self::Away { left } => json!({ "event": "away", "serials": left }),
            Self::Back { events, left } => {
                json!({ "event": "back", "events": events, "serials": left })
            }
            Self::Conflict(conflict) => json!({
                "event": "conflict",
                "chip": conflict.chip.map(|chip| chip.to_string()),
                "serial": conflict.serial,
                "cause": conflict.cause,
            }),
            Self::Kept { events, .. } => json!({ "event": "kept", "events": events }),
            Self::Failed(cause) => json!({ "event": "spool-failed", "cause": cause }),
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { left } => {
                write!(f, "the ledger is away: going on with {left} leased serials")
            }
            Self::Back { events, left } => write!(
                f,
                "the ledger is back: it has {events} events of the spool; {left} serials are leased"
            ),
            Self::Conflict(conflict) => {
                let chip = conflict.chip.map(|chip| chip.to_string());
                write!(
                    f,
                    "FAIL  spool  {}  {}  {}",
                    chip.as_deref().unwrap_or("no chip"),
                    escape(&conflict.serial),
                    escape(&conflict.cause)
                )
            }
            Self::Kept { path, events } => write!(
                f,
                "the ledger is away: {events} events wait in {path}; run again with it, or nerves-key \
                 line reconcile {path}",
                path = escape_path(path)
            ),
            Self::Failed(cause) => write!(f, "FAIL  spool  {}", escape(cause)),
        }
    }
}

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

/// The books of a worker, and the one that it writes into.
pub(super) struct Books<'a> {
    place: &'a Place,
    spooling: Option<&'a Spooling>,
    ledger: Option<Ledger>,
    spool: Option<Spool>,
    book: Book,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Book {
    Ledger,
    Spool,
}

impl<'a> Books<'a> {
    /// # Errors
    /// Where there is nothing to write into.
    pub(super) fn open(place: &'a Place, spooling: Option<&'a Spooling>) -> Result<Self, CliError> {
        let (ledger, spool) = match spooling {
            None => (Some(ledger::open(place)?), None),
            Some(spooling) => (None, Some(spooling.spool()?)),
        };
        Ok(Self {
            place,
            spooling,
            ledger,
            spool,
            book: Book::Ledger,
        })
    }

    /// The book of a chip.
    ///
    /// # Errors
    /// Exit code 4 for a chip that has to wait until the ledger is back, or that
    /// it did not take.
    pub(super) fn of(&mut self, connected: &Connected) -> Result<&mut Ledger, CliError> {
        let chip = connected.serial_number();
        self.book = match self.spooling {
            None => Book::Ledger,
            Some(spooling) => self.choose(spooling, chip, connected.is_blank())?,
        };
        Ok(self.open_book()?)
    }

    fn open_book(&mut self) -> Result<&mut Ledger, Trouble> {
        if let (Book::Spool, Some(spool)) = (self.book, &mut self.spool) {
            return Ok(spool.ledger());
        }
        if self.ledger.is_none() {
            self.ledger = Some(match self.spooling {
                Some(spooling) => spooling.ledger()?,
                None => ledger::reach(self.place)??,
            });
        }
        let ledger = self.ledger.as_mut();
        ledger.ok_or_else(|| CliError::failed("there is no ledger").into())
    }

    fn choose(
        &mut self,
        spooling: &Spooling,
        chip: SerialNumber,
        is_blank: bool,
    ) -> Result<Book, CliError> {
        let Some(spool) = &mut self.spool else {
            return Ok(Book::Ledger);
        };
        let whereabouts = spool.whereabouts(chip).map_err(spool_refused)?;
        match &whereabouts {
            Whereabouts::Spool => return Ok(Book::Spool),
            Whereabouts::Conflict(conflict) => {
                return Err(CliError::new(
                    Exit::Stage,
                    format!(
                        "the chip {chip} was made as {:?} while the ledger was away, which did \
                         not take it: {}",
                        conflict.serial, conflict.cause
                    ),
                ));
            }
            _ => {}
        }
        if !spooling.is_away.load(Ordering::Relaxed) {
            match self.ask(spooling, chip) {
                Ok(()) => return Ok(Book::Ledger),
                Err(Trouble::Away(_)) => spooling.is_away.store(true, Ordering::Relaxed),
                Err(Trouble::Other(error)) => return Err(error),
            }
        }
        if whereabouts == Whereabouts::Unknown && is_blank {
            return Ok(Book::Spool);
        }
        Err(CliError::new(
            Exit::Stage,
            format!(
                "the ledger is away, and the chip {chip} was begun before: it goes on when the \
                 ledger is back"
            ),
        ))
    }

    /// Whether the ledger answers. If so the chip is left to it from now on.
    fn ask(&mut self, spooling: &Spooling, chip: SerialNumber) -> Result<(), Trouble> {
        let mut ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => spooling.ledger()?,
        };
        if ledger.unit(chip)?.is_none() && ledger.free_places(&spooling.batch)? == 0 {
            // The last places may be those of our own serials.
            spooling.is_full.store(true, Ordering::Relaxed);
            spooling.visit(Lease::Return)?;
        }
        self.ledger = Some(ledger);
        if let Some(spool) = &mut self.spool {
            spool.leave_to_ledger(chip)?;
        }
        Ok(())
    }

    /// Record that a run failed.
    ///
    /// # Errors
    /// When neither book takes it.
    pub(super) fn fail(&mut self, chip: SerialNumber, cause: &str) -> Result<(), CliError> {
        let is_away = |spooling: &Spooling| spooling.is_away.load(Ordering::Relaxed);
        if self.spooling.is_some_and(is_away) {
            self.book = Book::Spool;
        }
        let book = self.open_book();
        let failed = book.and_then(|book| Ok(book.fail(chip, cause)?));
        match (failed, self.spooling, &mut self.spool) {
            (Err(Trouble::Away(_)), Some(spooling), Some(spool)) => {
                spooling.is_away.store(true, Ordering::Relaxed);
                self.ledger = None;
                spool.ledger().fail(chip, cause).map_err(refused)
            }
            (failed, ..) => Ok(failed?),
        }
    }
}

#[cfg(all(test, feature = "line-postgres"))]
mod tests {
    use nerves_key_line::{Author, SerialScheme, Tables};

    use super::*;

    fn batch() -> Batch {
        let pattern = "A-{:03}".parse().unwrap();
        let document = json!({
            "name": "b",
            "product": "sensor",
            "count": 9,
            "board": "NervesKey",
            "layout": "standard",
            "format": 0,
            "signer": "3000",
            "serials": SerialScheme::Pattern(pattern),
        });
        Batch::from_document(&document.to_string()).unwrap()
    }

    /// A failure that the server cannot be told of, since no connection to it is
    /// open, is written into the spool.
    #[test]
    fn a_failure_goes_to_the_spool_when_the_server_cannot_be_reached() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool.db");
        let author = Author {
            station: "one".to_owned(),
            operator: "ada".to_owned(),
        };
        let there = Box::new(Sqlite::in_memory().unwrap());
        let mut there = Ledger::create(there, Tables::default(), author).unwrap();
        there.load(&batch()).unwrap();
        drop(Spool::begin(file(&path).unwrap(), &mut there, "b").unwrap());
        let place = Place {
            // Nobody listens there.
            ledger: "postgres://ada@127.0.0.1:1/line".to_owned(),
            ledger_ca: None,
            schema: None,
            prefix: String::new(),
            station: Some("one".to_owned()),
            operator: Some("ada".to_owned()),
        };
        let spooling = Spooling {
            place: place.clone(),
            batch: "b".to_owned(),
            path,
            units: 1,
            is_away: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            devices: 1,
            visit: Mutex::default(),
        };
        let mut books = Books::open(&place, Some(&spooling)).unwrap();
        books.fail(SerialNumber([1; 9]), "it fell down").unwrap();
        assert!(spooling.is_away.load(Ordering::Relaxed));
        assert_eq!(spooling.counts().unwrap().0, 1);
    }
}
