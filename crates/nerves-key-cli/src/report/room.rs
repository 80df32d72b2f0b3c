//! Room on the disk for a file that is written when nothing can be undone any
//! more.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::error::CliError;
use crate::files;
use crate::output::escape_path;

/// So many bytes of the disk, until it is dropped or the process ends, however
/// that ends: the file has no name.
#[derive(Debug)]
pub(super) struct Room {
    _file: File,
}

impl Room {
    /// Room for `bytes` on the disk where `path` is.
    ///
    /// # Errors
    /// Exit code 5.
    pub(super) fn reserve(path: &Path, bytes: usize) -> Result<Self, CliError> {
        let file = fill(files::directory(path), bytes).map_err(|error| {
            CliError::refused(error).about(format!(
                "no room for the report {}, which has up to {bytes} bytes",
                escape_path(path)
            ))
        })?;
        Ok(Self { _file: file })
    }
}

/// Written, since a file that is only made longer has no room of its own.
fn fill(directory: &Path, bytes: usize) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(directory)?;
    file.write_all(&vec![b' '; bytes])?;
    file.sync_all()?;
    Ok(file)
}
