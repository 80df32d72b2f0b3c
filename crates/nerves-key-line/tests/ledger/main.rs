//! The promises of a ledger in a file.

mod killed;
mod suite;

use std::process::ExitCode;

use libtest_mimic::Trial;
use nerves_key_line::{
    Author, Database, DatabaseError, FindingReason, Ledger, LedgerError, Sqlite, Tables,
};
use suite::Place;
use suite::objects::{Change, are_named};

/// A file.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(suite::folder())
    }
}

impl Place for File {
    fn open(&self) -> Box<dyn Database> {
        Box::new(Sqlite::open(&self.0.path().join("line.db")).unwrap())
    }

    fn tables(&self) -> Tables {
        Tables::new(None, "line_").unwrap()
    }
}

/// What acts on a table.
fn what_acts_on_a_table_is_named() {
    let change = |made: &str, undone: &str, part, reason| -> Change {
        (made.to_owned(), undone.to_owned(), part, reason)
    };
    let changes = [
        change(
            "CREATE TRIGGER quiet BEFORE INSERT ON <unit> BEGIN SELECT RAISE(IGNORE); END",
            "DROP TRIGGER quiet",
            "trigger quiet",
            FindingReason::Added,
        ),
        change(
            "CREATE UNIQUE INDEX narrow ON <unit> (batch)",
            "DROP INDEX narrow",
            "unique (batch)",
            FindingReason::Added,
        ),
        change(
            "CREATE UNIQUE INDEX narrow ON <unit> (serial) WHERE place > 3",
            "DROP INDEX narrow",
            "constraint narrow: some of (serial)",
            FindingReason::Added,
        ),
        // Nothing but its definition says so.
        change(
            "CREATE TABLE kept AS SELECT * FROM <unit>; DROP TABLE <unit>; CREATE TABLE <unit> (
             chip TEXT NOT NULL PRIMARY KEY, batch TEXT NOT NULL, place BIGINT NOT NULL,
             serial TEXT NOT NULL CHECK (serial <> 'A-002'), station TEXT NOT NULL,
             seq BIGINT NOT NULL, UNIQUE (batch, place)); DROP TABLE kept",
            "DROP TABLE <unit>; CREATE TABLE <unit> (
             chip TEXT NOT NULL PRIMARY KEY, batch TEXT NOT NULL, place BIGINT NOT NULL,
             serial TEXT NOT NULL, station TEXT NOT NULL,
             seq BIGINT NOT NULL, UNIQUE (batch, place)
             )",
            "CHECK (serial <> 'A-002')",
            FindingReason::Added,
        ),
    ];
    are_named(&File::new(), &changes);
    // One that refuses nothing is whoever's it is.
    let file = File::new();
    let mut ledger = file.ledger("one");
    let script = "CREATE INDEX quick ON line_unit (serial); CREATE TABLE other (a)";
    file.open().script(script).unwrap();
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// Removed, replaced by a copy, and put back.
fn a_file_that_was_replaced_is_noticed() {
    let file = File::new();
    let mut ledger = file.ledger("one");
    let batch = suite::batch("b", &suite::pattern("A-{:03}"));
    ledger.load(&batch).unwrap();
    let path = file.0.path().join("line.db");
    let away = file.0.path().join("away.db");
    std::fs::rename(&path, &away).unwrap();
    let is_noticed = |ledger: &mut Ledger| {
        let refused = ledger.reserve(suite::chip(1), "b", None).unwrap_err();
        let is_named =
            matches!(&refused, LedgerError::Database(DatabaseError::Replaced(at)) if *at == path);
        assert!(is_named, "{refused}");
        assert!(ledger.fail(suite::chip(1), "x").is_err());
        assert!(ledger.status().is_err());
    };
    is_noticed(&mut ledger);
    std::fs::copy(&away, &path).unwrap();
    is_noticed(&mut ledger);
    std::fs::rename(&away, &path).unwrap();
    ledger.reserve(suite::chip(1), "b", None).unwrap();
}

/// `SQLite` reads nothing into it.
fn a_name_is_a_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a b?c.db", "%41.db", "file:x.db"] {
        let path = folder.path().join(name);
        let author = Author {
            station: "one".to_owned(),
            operator: "ada".to_owned(),
        };
        let database = Box::new(Sqlite::open(&path).unwrap());
        Ledger::create(database, Tables::default(), author).unwrap();
        assert!(path.exists(), "{name}");
    }
}

fn main() -> ExitCode {
    let cases: [(&str, fn()); 4] = [
        (
            "what_acts_on_a_table_is_named",
            what_acts_on_a_table_is_named,
        ),
        (
            "a_file_that_was_replaced_is_noticed",
            a_file_that_was_replaced_is_noticed,
        ),
        ("a_name_is_a_name", a_name_is_a_name),
        (
            "a_kill_at_any_transaction_loses_nothing",
            killed::a_kill_at_any_transaction_loses_nothing,
        ),
    ];
    let more = cases.map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    });
    suite::run(|_| Box::new(File::new()), more.into())
}
