//! The two books of a worker.

use std::sync::atomic::Ordering;

use atecc::SerialNumber;
use nerves_key_line::{ChipLocation, Ledger, Spool};

use super::{Lease, Spooling, VisitError, spool_cli_error};
use crate::cli::line::Place;
use crate::commands::line::chip::Connected;
use crate::commands::line::ledger::{self, cli_error};
use crate::error::{CliError, Exit};

/// The books of a worker, and the one that it writes into.
pub(in crate::commands::line) struct Books<'a> {
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
    pub(in crate::commands::line) fn open(
        place: &'a Place,
        spooling: Option<&'a Spooling>,
    ) -> Result<Self, CliError> {
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
    pub(in crate::commands::line) fn of(
        &mut self,
        connected: &Connected,
    ) -> Result<&mut Ledger, CliError> {
        let chip = connected.serial_number();
        self.book = match self.spooling {
            None => Book::Ledger,
            Some(spooling) => self.choose(spooling, chip, connected.is_blank())?,
        };
        Ok(self.open_book()?)
    }

    fn open_book(&mut self) -> Result<&mut Ledger, VisitError> {
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
        let location = spool.locate(chip).map_err(spool_cli_error)?;
        match &location {
            ChipLocation::Spool => return Ok(Book::Spool),
            ChipLocation::Conflict(conflict) => {
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
                Err(VisitError::Away(_)) => spooling.is_away.store(true, Ordering::Relaxed),
                Err(VisitError::Other(error)) => return Err(error),
            }
        }
        if location == ChipLocation::Unknown && is_blank {
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
    fn ask(&mut self, spooling: &Spooling, chip: SerialNumber) -> Result<(), VisitError> {
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
    pub(in crate::commands::line) fn fail(
        &mut self,
        chip: SerialNumber,
        cause: &str,
    ) -> Result<(), CliError> {
        let is_away = |spooling: &Spooling| spooling.is_away.load(Ordering::Relaxed);
        if self.spooling.is_some_and(is_away) {
            self.book = Book::Spool;
        }
        let book = self.open_book();
        let failed = book.and_then(|book| Ok(book.fail(chip, cause)?));
        match (failed, self.spooling, &mut self.spool) {
            (Err(VisitError::Away(_)), Some(spooling), Some(spool)) => {
                spooling.is_away.store(true, Ordering::Relaxed);
                self.ledger = None;
                spool.ledger().fail(chip, cause).map_err(cli_error)
            }
            (failed, ..) => Ok(failed?),
        }
    }
}

#[cfg(all(test, feature = "line-postgres"))]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use nerves_key_line::{Author, Batch, SerialScheme, Sqlite, Tables};
    use serde_json::json;

    use super::super::file;
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
