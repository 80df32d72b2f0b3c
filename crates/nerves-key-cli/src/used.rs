//! A list of manufacturer serials in use, one a line.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The serials of a file.
#[derive(Debug)]
pub(crate) struct UsedSerials {
    path: PathBuf,
    serials: BTreeSet<String>,
}

impl UsedSerials {
    /// # Errors
    /// Exit code 5 when it cannot be read, or is no UTF-8.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        let lines = File::open(path).map(|file| BufReader::new(file).lines());
        let serials = lines.and_then(Iterator::collect);
        Ok(Self {
            path: path.to_owned(),
            serials: serials.map_err(|error| CliError::input(path, error))?,
        })
    }

    /// The serials alone.
    pub(crate) fn into_serials(self) -> BTreeSet<String> {
        self.serials
    }

    /// # Errors
    /// Exit code 5 when `serial` is in the list.
    pub(crate) fn check(&self, serial: &str) -> Result<(), CliError> {
        if self.serials.contains(serial) {
            return Err(CliError::refused(format_args!(
                "the serial {serial:?} is in use: it is in {}",
                self.path.display()
            )));
        }
        Ok(())
    }
}
