//! `nerves-key emulator serve --record`.
//!
//! The file is written line by line, so that a server that is killed leaves all
//! but perhaps the last one.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use atecc_emulator::Bus;
use atecc_transcript::Line;

use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};

/// Record the one bus that there is. The transcript is its first chip's.
pub(super) fn start(
    path: &Path,
    buses: &BTreeMap<u32, Bus>,
    output: Output,
) -> Result<(), CliError> {
    let mut all = buses.values();
    let (Some(bus), None) = (all.next(), all.next()) else {
        return Err(CliError::refused(format!(
            "--record: a transcript is of one bus, and {} are served",
            buses.len()
        )));
    };
    let header = bus
        .transcript_header(0, &identifier(path))
        .ok_or_else(|| CliError::refused("--record: there is no chip on the bus"))?;
    files::create(path, header.to_string().as_bytes(), Readers::Owner)?;
    let mut file = OpenOptions::new()
        .append(true)
        .open(path)
        .map_err(|error| CliError::output(path, error))?;
    let name = escape_path(path);
    let mut whole = true;
    bus.observe(move |entry| {
        if !whole {
            return;
        }
        // One call, so that no other line comes between.
        if let Err(error) = file.write_all(Line::from(entry).to_string().as_bytes()) {
            whole = false;
            output.message(&format!("{name}: {error}: no longer recorded"));
        }
    });
    Ok(())
}

/// The name of the file, as an id is written.
fn identifier(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.chars()
        .map(|character| match character.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => letter,
            _ => '-',
        })
        .collect()
}
