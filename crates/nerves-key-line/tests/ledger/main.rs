//! The promises of a ledger in a file.

mod suite;

use std::process::ExitCode;

use nerves_key_line::{Database, Sqlite, Tables};
use suite::Place;

/// A file.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
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
    suite::run(|_| Box::new(File::new()), Vec::new())
}
