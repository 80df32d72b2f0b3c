//! `nerves-key config`: what the 128 bytes mean. No command writes any.

mod dump;
mod explain;
mod why;
mod zone;

use atecc::config::{LockState, offset};
use atecc::{ConfigZone, Slot};
use atecc_config::{Difference, Field, Finding, Severity, is_identity_told};
use data_encoding::HEXUPPER;
use serde_json::{Value, json};

use crate::cli::config::Config;
use crate::error::CliError;
use crate::output::Output;
use crate::paint::Painted;
use crate::paragraph::{indent, table};

pub(super) fn run(command: &Config, output: Output) -> Result<(), CliError> {
    match command {
        Config::Show(source) => show(&zone::of(source)?, output),
        Config::Explain(source) => explain::run(&zone::of(source)?, output),
        Config::Diff {
            other,
            zone: source,
        } => {
            // What is given as text is looked at before the chip.
            let other = zone::Other::parse(other)?;
            let zone = zone::of(source)?;
            diff(&zone, &other.zone(&zone), output)
        }
        Config::Lint(source) => lint(&zone::of(source)?, output),
        Config::Why {
            operation,
            slot,
            zone: source,
        } => {
            let slot = Slot::from_nibble(*slot);
            why::run(&zone::of(source)?, *operation, slot, output)
        }
    }
}

fn show(zone: &ConfigZone, output: Output) -> Result<(), CliError> {
    let fields = atecc_config::fields(zone);
    let rows: Vec<_> = fields
        .iter()
        .map(|field| {
            [
                field.offset.to_string(),
                field.name.clone(),
                field.bytes.clone(),
                field.meaning.clone(),
            ]
        })
        .collect();
    let crc = crc(zone);
    let lock = crc.as_deref();
    let lock = lock.unwrap_or("not told: it is over bytes 0 to 15, too");
    let text = Painted::table(&table(["byte", "field", "value", "meaning"], &rows))
        .then(None, format!("\nCRC, as Lock sends it: {lock}\n"));
    let document = json!({
        "configuration": hex(zone),
        "crc": crc,
        "fields": fields.iter().map(field).collect::<Vec<_>>(),
    });
    output.painted(&text, &document)
}

/// Both bytes in the order in which `Lock` of the configuration sends them. It is
/// over the zone before the lock: byte 87 is 55.
fn crc(zone: &ConfigZone) -> Option<String> {
    let open = zone.with(offset::LOCK_CONFIG, &[LockState::Unlocked.byte()]);
    let bytes = open.crc().to_le_bytes();
    let is_whole = is_identity_told(zone) && zone.revision().to_bytes() != [0; 4];
    is_whole.then(|| HEXUPPER.encode(&bytes))
}

fn field(field: &Field) -> Value {
    json!({
        "name": field.name,
        "offset": field.offset,
        "bytes": field.bytes,
        "meaning": field.meaning,
    })
}

fn diff(zone: &ConfigZone, other: &ConfigZone, output: Output) -> Result<(), CliError> {
    let differences = atecc_config::differences(zone, other);
    let text = if differences.is_empty() {
        "no difference\n".to_owned()
    } else {
        differences.iter().map(difference).collect()
    };
    let rows: Vec<_> = differences
        .iter()
        .map(|Difference { left, right }| json!({ "this": field(left), "other": field(right) }))
        .collect();
    output.result(&text, &json!({ "differences": rows }))
}

fn difference(pair: &Difference) -> String {
    let Difference { left, right } = pair;
    let name = if left.name == right.name {
        String::new()
    } else {
        format!("{}: ", right.name)
    };
    format!(
        "{} (byte {})\n  this   {}  {}\n  other  {}  {name}{}\n",
        left.name, left.offset, left.bytes, left.meaning, right.bytes, right.meaning
    )
}

fn lint(zone: &ConfigZone, output: Output) -> Result<(), CliError> {
    let findings = atecc_config::lint(zone);
    let faults = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Fault)
        .count();
    let text = if findings.is_empty() {
        "nothing found\n".to_owned()
    } else {
        findings.iter().map(finding).collect()
    };
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "severity": finding.severity.to_string(),
                "rule": finding.rule,
                "slot": finding.slot.map(Slot::index),
                "cause": finding.cause,
                "remedy": finding.remedy,
            })
        })
        .collect();
    output.result(&text, &json!({ "faults": faults, "findings": rows }))?;
    match faults {
        0 => Ok(()),
        1 => Err(CliError::failed("1 fault found").after_document()),
        count => Err(CliError::failed(format!("{count} faults found")).after_document()),
    }
}

fn finding(finding: &Finding) -> String {
    let place = finding
        .slot
        .map(|slot| format!(" {slot}:"))
        .unwrap_or_default();
    let head = format!(
        "{}:{place} {} [{}]",
        finding.severity, finding.cause, finding.rule
    );
    format!(
        "{}{}",
        indent(&head, "", "  "),
        indent(&format!("-> {}", finding.remedy), "  ", "     ")
    )
}

fn hex(zone: &ConfigZone) -> String {
    HEXUPPER.encode(zone.as_bytes())
}
