//! `nerves-key doctor`: what is wrong between this program and the chip.
//!
//! The checks go from the bus to the certificates; one that finds a fault ends
//! those that depend on it. Nothing is written to the chip.

mod bus;
mod chip;
mod finding;

use atecc_x509::Certificate;
use serde_json::json;

use self::finding::{Finding, Status};
use crate::cli::chip::{Chained, Chip};
use crate::error::{CliError, Exit};
use crate::files;
use crate::output::{Output, shown};

pub(super) fn run(arguments: &Chained, output: Output) -> Result<(), CliError> {
    let root = files::root(arguments.root.as_deref())?;
    let arguments = &arguments.chip;
    let mut findings = Vec::new();
    let reached = examine(arguments, &root, &mut findings)?;
    let count = |status| findings.iter().filter(|one| one.status == status).count();
    let (faults, warnings) = (count(Status::Fault), count(Status::Warning));
    let verdict = match (faults, warnings) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, warnings) => format!("No fault; warnings: {warnings}."),
        (faults, _) => format!("Faults: {faults}. Begin with the first one."),
    };
    let text: String = findings.iter().map(Finding::text).collect();
    let document = json!({
        "device": arguments.device.to_string(),
        "faults": faults,
        "warnings": warnings,
        "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
    });
    output.result(
        &format!(
            "device   {}\n\n{text}\n{verdict}",
            shown(&arguments.device.to_string())
        ),
        &document,
    )?;
    let exit = match (reached, faults) {
        (Reached::NoChip, _) => Exit::NoChip,
        (Reached::Chip, 0) => return Ok(()),
        (Reached::Chip, _) => Exit::Failed,
    };
    Err(CliError::new(exit, format_args!("faults found: {faults}")).after_document())
}

/// How far the checks came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reached {
    NoChip,
    Chip,
}

fn examine(
    arguments: &Chip,
    root: &Certificate,
    findings: &mut Vec<Finding>,
) -> Result<Reached, CliError> {
    findings.push(chip::clock());
    let mut device = match arguments.open() {
        Ok(device) => device,
        // No trouble of the bus: a wrong image file, or the recording.
        Err(error) if error.exit == Exit::Refused => return Err(error),
        Err(error) => {
            findings.push(bus::not_opened(&error));
            return Ok(Reached::NoChip);
        }
    };
    findings.push(bus::opened(&arguments.device));
    findings.extend(bus::speed(&arguments.device));
    let wake = bus::wake(&mut device, &arguments.device);
    let woken = wake.status == Status::Good;
    findings.push(wake);
    if !woken {
        return Ok(Reached::NoChip);
    }
    chip::examine(&mut device, root, findings);
    Ok(Reached::Chip)
}
