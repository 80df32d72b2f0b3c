//! `nerves-key doctor`: what is wrong between this program and the chip.
//!
//! The checks go from the bus to the certificates; one that finds a fault ends
//! those that depend on it. Nothing is written to the chip.

mod bus;
mod chip;

use atecc_x509::Certificate;
use nerves_key_device::DeviceUri;
use serde_json::json;

use crate::cli::chip::{Chained, Chip};
use crate::error::{CliError, Exit};
use crate::files;
use crate::finding::{self, Finding, Status};
use crate::output::{Output, escape};
use crate::paint::Painted;

pub(super) fn run(arguments: &Chained, output: Output) -> Result<(), CliError> {
    let root = files::root(arguments.root.as_deref())?;
    let arguments = &arguments.chip;
    let mut findings = Vec::new();
    let reached = examine(arguments, &root, &mut findings)?;
    let exit = match (reached, finding::count(&findings, Status::Fault)) {
        (Reached::NoChip, _) => Some(Exit::NoChip),
        (Reached::Chip, 0) => None,
        (Reached::Chip, _) => Some(Exit::Failed),
    };
    report(&arguments.device, &findings, exit, output)
}

/// All findings, and the error that the command ends with.
fn report(
    device: &DeviceUri,
    findings: &[Finding],
    exit: Option<Exit>,
    output: Output,
) -> Result<(), CliError> {
    let faults = finding::count(findings, Status::Fault);
    let verdict = match (faults, finding::count(findings, Status::Warning)) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, warnings) => format!("No fault; warnings: {warnings}."),
        (faults, _) => format!("Faults: {faults}. Begin with the first one."),
    };
    let device = device.to_string();
    let text = Painted::plain(format!("device   {}\n\n", escape(&device)))
        .append(finding::text(findings))
        .then(None, format!("\n{verdict}"));
    let mut document = finding::document(findings, exit.map_or(0, |exit| exit as u8));
    document["device"] = json!(device);
    output.painted(&text, &document)?;
    match exit {
        None => Ok(()),
        Some(exit) => {
            let error = CliError::new(exit, format!("faults found: {faults}"));
            Err(error.after_document())
        }
    }
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
            findings.push(bus::open_failure(&error));
            return Ok(Reached::NoChip);
        }
    };
    findings.push(bus::open_success(&arguments.device));
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
