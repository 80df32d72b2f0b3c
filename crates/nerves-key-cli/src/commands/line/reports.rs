//! `line run --reports`: a report of each chip, named by its serial number.

use nerves_key_line::{Author, Unit};
use serde_json::json;

use super::chip::UnitOutcome;
use crate::cli::line::Run;
use crate::error::CliError;
use crate::report::{ReportFile, is_report_of};

/// Where the report of `unit` goes; none where nothing is to be written.
///
/// # Errors
/// Exit code 5 when something else is there.
pub(super) fn file(
    arguments: &Run,
    author: &Author,
    unit: &Unit,
    outcome: UnitOutcome,
) -> Result<Option<ReportFile>, CliError> {
    let is_made = outcome == UnitOutcome::Made;
    let Some(folder) = &arguments.reports else {
        return Ok(is_made.then(ReportFile::default));
    };
    let path = folder.join(format!("{}.json", unit.chip));
    if !is_made && is_report_of(&path, unit.chip) {
        return Ok(None);
    }
    let line = json!({
        "station": author.station,
        "operator": author.operator,
        "batch": unit.batch,
        "order": arguments.order,
    });
    Ok(Some(ReportFile::new(Some(&path))?.with_line(line)))
}

/// That there is a folder for them.
///
/// # Errors
/// Exit code 5.
pub(super) fn check(arguments: &Run) -> Result<(), CliError> {
    match &arguments.reports {
        Some(folder) if !folder.is_dir() => Err(CliError::input(
            folder,
            "no folder, which --reports names: make it before",
        )),
        _ => Ok(()),
    }
}
