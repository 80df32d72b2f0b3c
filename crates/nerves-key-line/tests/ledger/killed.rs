//! A station with a spool that is killed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nerves_key_line::{
    ChipLocation, Database, DatabaseError, Ledger, Spool, SpoolError, State, Statements, Tables,
    Unit,
};

use crate::suite::spool::{Bench, author, file, loaded, make, serials};
use crate::suite::{Place, batch, chip, folder, pattern};

/// A program that is killed before or after its n-th transaction, of either
/// database.
struct Mortal {
    inner: Box<dyn Database>,
    /// How many transactions it still lives for.
    left: Arc<AtomicUsize>,
    last: Last,
}

/// What becomes of the transaction in which it dies.
#[derive(Clone, Copy, Debug)]
enum Last {
    Undone,
    Done,
}

impl Mortal {
    fn killed() -> DatabaseError {
        DatabaseError::Refused("killed".into())
    }

    /// Whether this one is the last.
    fn live(&self) -> Result<bool, DatabaseError> {
        let less = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        left.map(|left| left == 1).map_err(|_none| Self::killed())
    }
}

impl Database for Mortal {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let is_last = self.live()?;
        if is_last && matches!(self.last, Last::Undone) {
            return Err(Self::killed());
        }
        self.inner.transaction(work)?;
        if is_last {
            return Err(Self::killed());
        }
        Ok(())
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        let is_last = self.live()?;
        if is_last && matches!(self.last, Last::Undone) {
            return Err(Self::killed());
        }
        self.inner.script(script)?;
        if is_last {
            return Err(Self::killed());
        }
        Ok(())
    }
}

/// What a station does: it leases, the ledger goes away, two units are made,
/// the ledger is back, one more is made there, and what is left is given back.
fn shift(
    place: &dyn Place,
    path: &Path,
    left: &Arc<AtomicUsize>,
    last: Last,
) -> Result<(), SpoolError> {
    let mortal = |inner| {
        let left = Arc::clone(left);
        Box::new(Mortal { inner, left, last })
    };
    let open = || Ledger::open(mortal(place.open()), place.tables(), author("one"));
    let mut ledger = open()?;
    let mut spool = Spool::begin(mortal(file(path)), &mut ledger, "b")?;
    spool.reconcile(&mut ledger)?;
    spool.lease(&mut ledger, 3)?;
    // From here on each chip is where the spool says.
    let mut spooled = |spool: &mut Spool, number| -> Result<(), SpoolError> {
        if spool.locate(chip(number))? == ChipLocation::Ledger {
            make(&mut ledger, number)?;
        } else {
            make(spool.ledger(), number)?;
        }
        Ok(())
    };
    spooled(&mut spool, 1)?;
    spooled(&mut spool, 2)?;
    let mut ledger = open()?;
    let done = spool.reconcile(&mut ledger)?;
    assert_eq!(done.conflicts, []);
    spool.leave_to_ledger(chip(3))?;
    make(&mut ledger, 3)?;
    spool.release()?;
    spool.reconcile(&mut ledger)?;
    Ok(())
}

pub(crate) fn a_kill_at_any_transaction_loses_nothing() {
    let mut kills = 0;
    for last in [Last::Undone, Last::Done] {
        for lifetime in 1.. {
            let bench = Bench::new();
            let name = format!("{last:?} {lifetime}");
            let left = Arc::new(AtomicUsize::new(lifetime));
            let round = Round::new();
            let ended = shift(&round, &bench.path(), &left, last);
            let is_killed = ended.is_err();
            if let Err(error) = ended {
                assert!(error.to_string().contains("killed"), "{name}: {error}");
                left.store(usize::MAX, Ordering::SeqCst);
                shift(&round, &bench.path(), &left, last).unwrap();
                kills += 1;
            }
            round.check(&bench, &name);
            if !is_killed {
                break;
            }
        }
    }
    println!("{kills} kills");
    assert!(kills >= 100, "{kills}");
}

/// A ledger of each round's own.
struct Round(tempfile::TempDir);

impl Round {
    fn new() -> Self {
        let round = Self(folder());
        loaded(&round, &batch("b", &pattern("A-{:03}")));
        round
    }

    fn check(&self, bench: &Bench, name: &str) {
        let mut ledger = self.ledger("two");
        let units = ledger.units("b").unwrap();
        let chips: BTreeSet<_> = units.iter().map(|unit| unit.chip.to_string()).collect();
        let expected = (1..=3).map(|number| chip(number).to_string()).collect();
        assert_eq!(chips, expected, "{name}");
        assert_eq!(serials(&mut ledger).len(), 3, "{name}");
        let verified = |unit: &Unit| unit.state == State::Verified;
        assert!(units.iter().all(verified), "{name}: {units:?}");
        let left = ledger.numbers("b").unwrap();
        assert!(left.leased.is_empty(), "{name}: {left:?}");
        assert!(left.skipped.is_empty(), "{name}: {left:?}");
        assert_eq!(ledger.audit(&[]).unwrap(), [], "{name}");
        let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
        assert_eq!(spool.ledger().audit(&[]).unwrap(), [], "{name}");
    }
}

impl Place for Round {
    fn open(&self) -> Box<dyn Database> {
        file(&self.0.path().join("line.db"))
    }

    fn tables(&self) -> Tables {
        Tables::default()
    }
}
