//! A station whose ledger is away.

use nerves_key_line::{
    Author, Batch, ChipLocation, Database, Facts, IssuedCertificate, Ledger, LedgerError, Spool,
    SpoolError, Sqlite, State, Tables, Unit,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Place, batch, chip, folder, pattern};

/// A file for a spool.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: folder() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("spool.db")
    }

    pub(crate) fn file(&self) -> Box<dyn Database> {
        file(&self.path())
    }
}

pub(crate) fn file(path: &Path) -> Box<dyn Database> {
    Box::new(Sqlite::open(path).unwrap())
}

pub(crate) fn author(station: &str) -> Author {
    Author {
        station: station.to_owned(),
        operator: "ada".to_owned(),
    }
}

pub(crate) fn loaded(place: &dyn Place, batch: &Batch) -> Ledger {
    let mut ledger = place.ledger("one");
    ledger.load(batch).unwrap();
    ledger
}

fn facts(number: u16, with: bool) -> Facts {
    let [high, low] = number.to_be_bytes();
    let mut facts = Facts::default();
    if with {
        facts.certificate = Some(IssuedCertificate {
            signer: [7; 64],
            serial: vec![high, low],
            der: vec![0x30, high, low],
        });
    } else {
        let mut key = [high; 64];
        key[0] = low;
        facts.public_key = Some(key);
    }
    facts
}

/// The next state of a unit, as a run reaches it.
fn step(ledger: &mut Ledger, unit: &Unit, number: u16) -> Result<Unit, LedgerError> {
    match unit.state {
        State::Reserved => ledger.advance(unit, State::Keyed, &facts(number, false)),
        State::Keyed => ledger.advance(unit, State::Issued, &facts(number, true)),
        State::Issued => ledger.advance(unit, State::Locked, &Facts::default()),
        _ => ledger.advance(unit, State::Verified, &Facts::default()),
    }
}

pub(crate) fn make(ledger: &mut Ledger, number: u16) -> Result<Unit, LedgerError> {
    let mut unit = ledger.reserve(chip(number), "b", None)?;
    while unit.state != State::Verified {
        unit = step(ledger, &unit, number)?;
    }
    Ok(unit)
}

pub(crate) fn serials(ledger: &mut Ledger) -> BTreeSet<String> {
    let units = ledger.units("b").unwrap();
    units.into_iter().map(|unit| unit.serial).collect()
}

pub(super) fn what_was_spooled_is_brought_home(place: &dyn Place) {
    let bench = Bench::new();
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    assert_eq!(spool.lease(&mut ledger, 3).unwrap(), 3);
    // Others go on beside the lease.
    assert_eq!(make(&mut ledger, 1).unwrap().serial, "A-003");
    // The ledger is away: the program begins anew and knows the spool alone.
    drop(spool);
    let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
    let first = make(spool.ledger(), 2).unwrap();
    assert_eq!(first.serial, "A-000");
    let begun = spool.ledger().reserve(chip(3), "b", None).unwrap();
    spool.ledger().fail(chip(3), "it fell down").unwrap();
    assert_eq!(spool.locate(chip(3)).unwrap(), ChipLocation::Spool);
    assert_eq!(spool.count_unused().unwrap(), 1);
    make(spool.ledger(), 4).unwrap();
    let none = make(spool.ledger(), 5);
    assert!(matches!(none, Err(LedgerError::NoLease)), "{none:?}");
    assert_eq!(ledger.units("b").unwrap().len(), 1);
    // It is back.
    let done = spool.reconcile(&mut ledger).unwrap();
    assert_eq!((done.events, done.conflicts.len()), (12, 0));
    assert_eq!(ledger.unit(chip(2)).unwrap(), Some(first));
    assert_eq!(ledger.unit(chip(3)).unwrap(), Some(begun.clone()));
    assert_eq!(spool.locate(chip(3)).unwrap(), ChipLocation::Ledger);
    assert_eq!(ledger.audit(&[]).unwrap(), []);
    assert_eq!(spool.ledger().audit(&[]).unwrap(), []);
    // Once, and the unit goes on in the ledger.
    assert_eq!(spool.reconcile(&mut ledger).unwrap().events, 0);
    step(&mut ledger, &begun, 3).unwrap();
    let expected = ["A-000", "A-001", "A-002", "A-003"].map(str::to_owned);
    assert_eq!(serials(&mut ledger), BTreeSet::from(expected));
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// Another station made a unit of a chip that the spool made one of, too.
pub(super) fn a_conflict_is_named_and_nothing_is_overwritten(place: &dyn Place) {
    let bench = Bench::new();
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    spool.lease(&mut ledger, 3).unwrap();
    for number in [1, 2] {
        make(spool.ledger(), number).unwrap();
    }
    let mut other = place.ledger("two");
    let theirs = other.reserve(chip(1), "b", None).unwrap();
    let done = spool.reconcile(&mut ledger).unwrap();
    assert_eq!((done.events, done.conflicts.len()), (5, 1));
    let conflict = &done.conflicts[0];
    assert_eq!(conflict.chip, Some(chip(1)));
    assert_eq!(conflict.serial, "A-000");
    assert!(conflict.cause.contains("\"A-003\""), "{}", conflict.cause);
    assert_eq!(ledger.unit(chip(1)).unwrap(), Some(theirs));
    let found = spool.locate(chip(1)).unwrap();
    assert_eq!(found, ChipLocation::Conflict(conflict.clone()));
    // It stays, whenever that is tried, and its number is no other unit's.
    let again = spool.reconcile(&mut ledger).unwrap();
    assert_eq!((again.events, &again.conflicts), (0, &done.conflicts));
    spool.release().unwrap();
    spool.reconcile(&mut ledger).unwrap();
    let left = ledger.numbers("b").unwrap();
    assert_eq!(left.leased[0].numbers, [0]);
    assert_eq!(left.returned, [2]);
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// A key and a certificate's number that another unit has, and a serial that was
/// given otherwise: the unit stops where the conflict is.
pub(super) fn a_key_or_number_of_another_stays_in_the_spool(place: &dyn Place) {
    for (case, part) in [(0, "public key"), (1, "certificate's serial number")] {
        let name = format!("b{case}");
        let bench = Bench::new();
        let mut ledger = loaded(place, &batch(&name, &pattern("A-{:03}")));
        let mut spool = Spool::begin(bench.file(), &mut ledger, &name).unwrap();
        spool.lease(&mut ledger, 2).unwrap();
        let (ours, theirs) = (10 + 2 * case, 11 + 2 * case);
        let unit = spool.ledger().reserve(chip(ours), &name, None).unwrap();
        let key = if case == 0 { theirs } else { ours };
        let unit = step(spool.ledger(), &unit, key).unwrap();
        step(spool.ledger(), &unit, theirs).unwrap();
        let mut other = place.ledger("two");
        let mut unit = other.reserve(chip(theirs), &name, None).unwrap();
        while unit.state != State::Issued {
            unit = step(&mut other, &unit, theirs).unwrap();
        }
        let done = spool.reconcile(&mut ledger).unwrap();
        assert_eq!(done.conflicts.len(), 1, "{done:?}");
        let cause = &done.conflicts[0].cause;
        assert!(cause.contains(part), "{cause}");
        assert!(cause.contains(&chip(theirs).to_string()), "{cause}");
        let state = ledger.unit(chip(ours)).unwrap().unwrap().state;
        let stopped = [State::Reserved, State::Keyed][usize::from(case)];
        assert_eq!(state, stopped);
        assert_eq!(other.unit(chip(theirs)).unwrap(), Some(unit));
        assert_eq!(ledger.audit(&[]).unwrap(), []);
    }
}

pub(super) fn leased_numbers_are_nobody_elses_and_come_back(place: &dyn Place) {
    let bench = Bench::new();
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    spool.lease(&mut ledger, 4).unwrap();
    // Asked for again, there is nothing to add.
    assert_eq!(spool.lease(&mut ledger, 4).unwrap(), 4);
    let left = ledger.numbers("b").unwrap();
    assert_eq!(left.leased.len(), 1);
    assert_eq!(left.leased[0].numbers, [0, 1, 2, 3]);
    assert_eq!(left.leased[0].station, "one");
    let mut other = place.ledger("two");
    assert_eq!(other.reserve(chip(1), "b", None).unwrap().serial, "A-004");
    make(spool.ledger(), 2).unwrap();
    spool.release().unwrap();
    assert_eq!(spool.count_unused().unwrap(), 0);
    spool.reconcile(&mut ledger).unwrap();
    let left = ledger.numbers("b").unwrap();
    assert!(left.leased.is_empty(), "{left:?}");
    assert_eq!(left.returned, [1, 2, 3]);
    assert!(left.skipped.is_empty(), "{left:?}");
    // Given again, and leased again.
    assert_eq!(other.reserve(chip(3), "b", None).unwrap().serial, "A-001");
    assert_eq!(spool.lease(&mut ledger, 3).unwrap(), 3);
    assert_eq!(ledger.numbers("b").unwrap().leased[0].numbers, [2, 3, 5]);
    assert_eq!(make(spool.ledger(), 4).unwrap().serial, "A-002");
    spool.reconcile(&mut ledger).unwrap();
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// Those that the ledger took back, whenever they were given back here.
pub(super) fn serials_that_went_back_are_counted(place: &dyn Place) {
    let (bench, copied) = (Bench::new(), Bench::new());
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    spool.lease(&mut ledger, 3).unwrap();
    make(spool.ledger(), 1).unwrap();
    drop(spool);
    std::fs::copy(bench.path(), copied.path()).unwrap();
    // The second one gives back what is not its own any more.
    for (bench, returned) in [(&bench, 2), (&copied, 0)] {
        let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
        assert_eq!(spool.reconcile(&mut ledger).unwrap().returned, 0);
        spool.release().unwrap();
        drop(spool);
        let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
        assert_eq!(spool.count_unused().unwrap(), 0);
        assert_eq!(spool.reconcile(&mut ledger).unwrap().returned, returned);
        assert_eq!(spool.reconcile(&mut ledger).unwrap().returned, 0);
    }
    assert_eq!(ledger.numbers("b").unwrap().returned, [1, 2]);
}

/// Asked for again and again, it stays half of what nobody else has.
pub(super) fn a_lease_leaves_half_of_the_free_places(place: &dyn Place) {
    let bench = Bench::new();
    let mut small = batch("b", &pattern("A-{:03}"));
    small.count = 8;
    let mut ledger = loaded(place, &small);
    ledger.reserve(chip(1), "b", None).unwrap();
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    for _ in 0..3 {
        assert_eq!(spool.lease(&mut ledger, 20).unwrap(), 3);
        assert_eq!(ledger.free_places("b").unwrap(), 4);
    }
    // What is leased stays, whatever the others take.
    for number in 2..=5 {
        ledger.reserve(chip(number), "b", None).unwrap();
    }
    assert_eq!(spool.lease(&mut ledger, 20).unwrap(), 3);
    assert_eq!(ledger.free_places("b").unwrap(), 0);
}

pub(super) fn leases_take_no_more_places_than_there_are(place: &dyn Place) {
    let bench = Bench::new();
    let mut small = batch("b", &pattern("A-{:03}"));
    small.count = 2;
    let mut ledger = loaded(place, &small);
    ledger.reserve(chip(1), "b", None).unwrap();
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    // The last one: half of it is none.
    assert_eq!(spool.lease(&mut ledger, 10).unwrap(), 1);
    let full = ledger.reserve(chip(2), "b", None).unwrap_err();
    assert!(full.to_string().contains("1 of them"), "{full}");
    spool.release().unwrap();
    spool.reconcile(&mut ledger).unwrap();
    ledger.reserve(chip(2), "b", None).unwrap();
    let full = ledger.reserve(chip(4), "b", None);
    assert!(matches!(full, Err(LedgerError::Full { .. })), "{full:?}");
    assert_eq!(spool.lease(&mut ledger, 10).unwrap(), 0);
}

pub(super) fn a_spool_of_something_else_is_refused(place: &dyn Place) {
    let bench = Bench::new();
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    ledger.load(&batch("c", &pattern("A-{:03}"))).unwrap();
    let nothing = Spool::resume(bench.file(), author("one"), "b");
    assert!(matches!(nothing, Err(SpoolError::Empty)), "{nothing:?}");
    let spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    drop(spool);
    let is_of = |result: Result<Spool, SpoolError>, part: &str| {
        let said = result.unwrap_err().to_string();
        assert!(said.contains(part), "{said}");
    };
    let mut other = place.ledger("two");
    is_of(
        Spool::begin(bench.file(), &mut other, "b"),
        "the station \"one\", not of \"two\"",
    );
    is_of(
        Spool::begin(bench.file(), &mut ledger, "c"),
        "the batch \"b\", not of \"c\"",
    );
    is_of(
        Spool::resume(bench.file(), author("two"), "b"),
        "the station",
    );
    is_of(Spool::resume(bench.file(), author("one"), "c"), "the batch");
    // Another ledger with the same batch.
    let elsewhere = Box::new(Sqlite::in_memory().unwrap());
    let mut elsewhere = Ledger::create(elsewhere, Tables::default(), author("one")).unwrap();
    elsewhere.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    is_of(
        Spool::begin(bench.file(), &mut elsewhere, "b"),
        "the ledger that",
    );
    let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
    let refused = spool.reconcile(&mut elsewhere).unwrap_err();
    assert!(refused.to_string().contains("the ledger that"), "{refused}");
    // A ledger is no spool, and serials that are scanned are no numbers.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line.db");
    Ledger::create(file(&path), Tables::default(), author("one")).unwrap();
    let wrong = Spool::begin(file(&path), &mut ledger, "b");
    assert!(matches!(wrong, Err(SpoolError::NoSpool)), "{wrong:?}");
    let scanned = batch("d", &nerves_key_line::SerialScheme::Scanned);
    ledger.load(&scanned).unwrap();
    let path = folder.path().join("new.db");
    is_of(Spool::begin(file(&path), &mut ledger, "d"), "no numbers");
}

/// Only a spool without its batch is empty.
pub(super) fn a_spool_that_cannot_be_read_says_why(place: &dyn Place) {
    let bench = Bench::new();
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    drop(Spool::begin(bench.file(), &mut ledger, "b").unwrap());
    for (script, is_empty) in [
        ("UPDATE spool_batch SET document = 'x'", false),
        ("DELETE FROM spool_batch", true),
    ] {
        bench.file().script(script).unwrap();
        let opened = Spool::open(bench.file(), author("one"));
        match opened {
            Err(SpoolError::Empty) => assert!(is_empty, "{script}"),
            Err(SpoolError::Ledger(LedgerError::BatchAltered { .. })) => {
                assert!(!is_empty, "{script}");
            }
            other => panic!("{script}: {other:?}"),
        }
    }
}

pub(super) fn a_chip_of_the_ledger_is_left_to_it(place: &dyn Place) {
    let bench = Bench::new();
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    assert_eq!(spool.locate(chip(1)).unwrap(), ChipLocation::Unknown);
    for _ in 0..2 {
        spool.leave_to_ledger(chip(1)).unwrap();
    }
    drop(spool);
    let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
    assert_eq!(spool.locate(chip(1)).unwrap(), ChipLocation::Ledger);
}

/// A spool that was copied and went on twice: what the second one gives is
/// another chip's by then.
pub(super) fn a_copied_spool_gives_a_serial_once(place: &dyn Place) {
    let (bench, copied) = (Bench::new(), Bench::new());
    let mut ledger = loaded(place, &batch("b", &pattern("A-{:03}")));
    let mut spool = Spool::begin(bench.file(), &mut ledger, "b").unwrap();
    spool.lease(&mut ledger, 2).unwrap();
    drop(spool);
    std::fs::copy(bench.path(), copied.path()).unwrap();
    for (bench, number, conflicts) in [(&bench, 1, 0), (&copied, 2, 1)] {
        let mut spool = Spool::resume(bench.file(), author("one"), "b").unwrap();
        make(spool.ledger(), number).unwrap();
        let done = spool.reconcile(&mut ledger).unwrap();
        assert_eq!(done.conflicts.len(), conflicts, "{done:?}");
        let first = chip(1).to_string();
        assert!(done.conflicts.iter().all(|it| it.cause.contains(&first)));
    }
    assert_eq!(serials(&mut ledger), BTreeSet::from(["A-000".to_owned()]));
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}
