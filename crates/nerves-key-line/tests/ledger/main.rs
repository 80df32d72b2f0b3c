//! The promises of a ledger in a file.

mod killed;
mod suite;

use std::process::ExitCode;

use libtest_mimic::Trial;
use nerves_key_line::{Database, Sqlite, Tables};
use suite::Place;

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

fn main() -> ExitCode {
    let killed = Trial::test("a_kill_at_any_transaction_loses_nothing", || {
        killed::a_kill_at_any_transaction_loses_nothing();
        Ok(())
    });
    suite::run(|_| Box::new(File::new()), vec![killed])
}
