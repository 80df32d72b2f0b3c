//! `cargo xtask recorded-certificates [DIR]`: the certificates in recordings
//! of real parts, rebuilt from their compressed form and verified.

use std::path::PathBuf;

use serde_json::{Value, json};
use tests_trust::{Recorded, recorded};

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// Options of `cargo xtask recorded-certificates`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Folder of the recordings [default: tests/recordings].
    directory: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
}

/// Judge every certificate, and show them all.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let default = || run::root().join("tests/recordings");
    let directory = options.directory.clone().unwrap_or_else(default);
    let found = recorded(&directory).map_err(|error| Error::File {
        error,
        path: directory,
    })?;
    let rows: Vec<_> = found.iter().map(row).collect();
    table::print(
        ["recording", "of", "subject", "rebuilt by", "verified"],
        &rows,
    );
    let count = |verified: &str| found.iter().filter(|one| one.verified == verified).count();
    println!(
        "{} certificates: {} verified up to the root, {} failed",
        found.len(),
        count("up to the root"),
        found.iter().filter(|one| one.failure.is_some()).count()
    );
    options
        .destination
        .write(&found.iter().map(value).collect())?;
    let failures = found.into_iter().filter_map(|one| {
        let failure = one.failure?;
        Some(format!("{}, {}: {failure}", one.file, one.role))
    });
    Error::unless_empty("certificates that fail", failures.collect())
}

fn row(one: &Recorded) -> [String; 5] {
    let one = one.clone();
    let verified = one.failure.unwrap_or(one.verified);
    [one.file, one.role, one.subject, one.layout, verified]
}

fn value(one: &Recorded) -> Value {
    json!({
        "recording": one.file,
        "role": one.role,
        "subject": one.subject,
        "layout": one.layout,
        "verified": one.verified,
        "failure": one.failure,
    })
}
