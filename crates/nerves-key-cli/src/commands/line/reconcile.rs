//! `nerves-key line reconcile`.

use nerves_key_line::Spool;
use serde_json::json;

use super::ledger;
use super::spooling::{SpoolEvent, file, spool_cli_error};
use crate::cli::line::Reconcile;
use crate::counted::counted;
use crate::error::CliError;
use crate::output::{Output, escape_path};

pub(super) fn run(arguments: &Reconcile, output: Output) -> Result<(), CliError> {
    let path = &arguments.file;
    let of_file = |error| spool_cli_error(error).about(escape_path(path));
    if !path.exists() {
        return Err(CliError::input(path, "there is no such spool"));
    }
    let author = ledger::author(&arguments.place)?;
    let mut ledger = ledger::open(&arguments.place)?;
    let mut spool = Spool::open(file(path)?, author).map_err(of_file)?;
    // First that it is the spool's ledger, then what changes the spool.
    let mut done = spool.reconcile(&mut ledger).map_err(of_file)?;
    spool.release().map_err(of_file)?;
    let release = spool.reconcile(&mut ledger).map_err(of_file)?;
    done.conflicts = release.conflicts;
    let events = done.events + release.events;
    let returned = done.returned + release.returned;
    let first = format!(
        "the ledger has {} of the spool, and {} back",
        counted(events, "event"),
        counted(returned, "serial")
    );
    let conflicts = done.conflicts.iter().cloned().map(SpoolEvent::Conflict);
    let lines: Vec<_> = conflicts.map(|event| event.to_string()).collect();
    let documents = done.conflicts.iter().cloned().map(SpoolEvent::Conflict);
    let count = done.conflicts.len();
    let text = [first]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n");
    output.result(
        &text,
        &json!({
            "events": events,
            "returned": returned,
            "conflicts": documents.map(|event| event.document()).collect::<Vec<_>>(),
        }),
    )?;
    if count == 0 {
        return Ok(());
    }
    let text = format!("{} left in the spool", counted(count, "conflict"));
    Err(CliError::failed(text).after_document())
}
