//! Read-only calls on the chips that the reference provisioned.
//!
//! A row says only in its name what was asked, and of which chip: `device_sn
//! on the provisioned 508A`. The chip is found by the serial number that this
//! very query has for an answer; it is as its last operation left it.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use nerves_key::{AuxiliarySlots, Snapshot, Stage};
use nerves_key_provision::default_serial;
use nerves_key_schema::Layout;
use serde::Deserialize;

use super::row::Operation;
use crate::layout::revision_name;
use tests_vector_runner::{Checked, Hex, Tally, Verdict, read_rows, same};

#[derive(Deserialize)]
struct Query {
    name: String,
    result: Answer,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Bool(bool),
    Text {
        text: String,
    },
    Certificate {
        certificate_der: Hex,
    },
    Info {
        manufacturer_sn: String,
        mode: String,
    },
    Ok {
        ok: String,
    },
}

impl Query {
    /// What was asked, and of which chip.
    fn parts(&self) -> Result<(&str, &str), Box<dyn Error>> {
        Ok(self.name.split_once(" on ").ok_or("no chip in the name")?)
    }
}

pub(super) fn queries(dir: &Path, file: &str) -> Tally {
    let list = "queries";
    let mut tally = Tally::new(file, list);
    if let Err(error) = run(&dir.join(file), list, &mut tally) {
        tally.failures.push(format!("{file}: {error}"));
    }
    tally
}

fn run(path: &Path, list: &str, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let operations: Vec<Operation> = read_rows(path, "operations")?
        .into_iter()
        .map(|(_, row)| row)
        .collect::<Result<_, _>>()?;
    let queries = read_rows::<Query>(path, list)?;
    let mut chips = BTreeMap::new();
    for (_, query) in &queries {
        let Ok(query) = query else { continue };
        if let (("device_sn", chip), Answer::Ok { ok }) = (query.parts()?, &query.result) {
            chips.insert(chip.to_owned(), last_snapshot(&operations, ok)?);
        }
    }
    for (name, query) in queries {
        let verdict = query
            .and_then(|query| check(&query, &chips))
            .unwrap_or_else(|error| Verdict::Fail(error.to_string()));
        tally.record(&name, verdict);
    }
    Ok(())
}

/// The chip with this serial number after its last operation.
fn last_snapshot(operations: &[Operation], serial: &str) -> Result<Chip, Box<dyn Error>> {
    for operation in operations.iter().rev() {
        let snapshot = operation.snapshot()?;
        if snapshot
            .config
            .serial_number()
            .to_string()
            .eq_ignore_ascii_case(serial)
        {
            return Ok((snapshot, operation.auxiliary()));
        }
    }
    Err(format!("no operation on the chip {serial}").into())
}

/// What it shows, and its slots of auxiliary certificates.
type Chip = (Snapshot, AuxiliarySlots);

fn check(query: &Query, chips: &BTreeMap<String, Chip>) -> Checked {
    let (asked, chip) = query.parts()?;
    let (chip, auxiliary) = chips.get(chip).ok_or("the chip is not known")?;
    let stage = chip.stage();
    match (asked, &query.result) {
        ("has_aux_certificates?", Answer::Bool(theirs)) => {
            let ours = chip.identity()?.auxiliary(auxiliary)?;
            same("auxiliary certificates", ours.is_some(), *theirs)?;
        }
        ("provisioned?", Answer::Bool(theirs)) => {
            same("provisioned", matches!(stage, Stage::Finished(_)), *theirs)?;
        }
        ("manufacturer_sn", Answer::Text { text }) => {
            let otp = chip.identity()?.otp;
            same("serial", otp.manufacturer_serial(), text.as_bytes())?;
        }
        ("device_cert", Answer::Certificate { certificate_der }) => {
            let certificate = chip.identity()?.device_certificate;
            same("certificate", certificate.as_der(), &certificate_der.0)?;
        }
        ("signer_cert", Answer::Certificate { certificate_der }) => {
            let certificate = chip.identity()?.signer_certificate;
            same("certificate", certificate.as_der(), &certificate_der.0)?;
        }
        (
            "default_info",
            Answer::Info {
                manufacturer_sn,
                mode,
            },
        ) => {
            let serial = default_serial(&chip.config.serial_number())?;
            same("serial", serial.as_str(), manufacturer_sn)?;
            let ours = match stage.layout() {
                Some(Layout::Standard) => "regular",
                Some(Layout::Volatile) => "volatile",
                None => "unrecognized",
            };
            same("mode", ours, mode)?;
        }
        ("device_info", Answer::Ok { ok }) => {
            let revision = revision_name(chip.config.revision()).ok_or("unknown revision")?;
            same("revision", &format!("%{{rev_num: :{revision}}}"), ok)?;
        }
        ("device_sn", Answer::Ok { ok }) => {
            let serial = chip.config.serial_number().to_string();
            same("serial number", &serial.to_lowercase(), ok)?;
        }
        (asked, answer) => {
            return Err(format!("{asked} with {answer:?} is not known here").into());
        }
    }
    Ok(Verdict::Pass)
}
