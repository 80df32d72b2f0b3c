//! `nerves-key config`: what the 128 bytes mean. No command writes any.

mod explain;
mod zone;

use atecc::{ConfigZone, Slot};
use atecc_config::{Difference, Field, Finding, Judgement, Operation, Severity};
use serde_json::{Value, json};

use crate::cli::Config;
use crate::error::CliError;
use crate::output::Output;
use crate::paragraph::{indented, table};

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
            let slot = Slot::ALL[usize::from(*slot)];
            why(&zone::of(source)?, *operation, slot, output)
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
    let text = table(["byte", "field", "value", "meaning"], &rows);
    let document = json!({
        "configuration": hex(zone),
        "fields": fields.iter().map(field).collect::<Vec<_>>(),
    });
    output.result(&text, &document)
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
    format!(
        "{} (byte {})\n  this   {}  {}\n  other  {}  {}\n",
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
        count => Err(CliError::failed(format_args!("{count} faults found")).after_document()),
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
        indented(&head, "", "  "),
        indented(&format!("-> {}", finding.remedy), "  ", "     ")
    )
}

fn why(
    zone: &ConfigZone,
    operation: Operation,
    slot: Slot,
    output: Output,
) -> Result<(), CliError> {
    let judgement = atecc_config::judge(zone, operation, slot);
    let state = format!(
        "configuration {}, data and OTP {}, {slot} {}",
        zone.config_lock(),
        zone.data_lock(),
        zone.slot_lock(slot)
    );
    let command = operation.command();
    let (text, reasons, needs): (String, Vec<Value>, Vec<Value>) = match &judgement {
        Judgement::Allowed(needs) => {
            let mut text = format!("{slot}: {command} is executed\n");
            for need in needs {
                text += &indented(&format!("needs {need}"), "  ", "    ");
            }
            let needs = needs.iter().map(|need| json!(need.to_string()));
            (text, Vec::new(), needs.collect())
        }
        Judgement::Refused(reasons) => {
            let mut text = format!("{slot}: {command} is refused\n");
            for reason in reasons {
                text += &indented(&format!("because {reason}"), "  ", "    ");
                text += &indented(
                    &format!("-> {}", reason.remedy(zone.config_lock())),
                    "    ",
                    "       ",
                );
            }
            let reasons = reasons
                .iter()
                .map(|reason| json!({ "cause": reason.to_string(), "remedy": reason.remedy(zone.config_lock()) }));
            (text, reasons.collect(), Vec::new())
        }
    };
    let document = json!({
        "operation": operation.name(),
        "slot": slot.index(),
        "state": state,
        "allowed": judgement.is_allowed(),
        "reasons": reasons,
        "needs": needs,
    });
    output.result(&format!("{text}state: {state}\n"), &document)
}

fn hex(zone: &ConfigZone) -> String {
    data_encoding::HEXUPPER.encode(zone.bytes())
}
