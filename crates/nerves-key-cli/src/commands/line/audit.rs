//! `nerves-key line audit`.

use nerves_key::ReadSnapshot;
use nerves_key_line::{Batch, Ledger, Numbers};
use serde_json::json;

use super::{chip, heads, ledger, numbers};
use crate::causes;
use crate::cli::chip::Chip;
use crate::cli::line::Audit;
use crate::counted::counted;
use crate::error::CliError;
use crate::output::{Output, one_line};

pub(super) fn run(arguments: &Audit, output: Output) -> Result<(), CliError> {
    let known = match &arguments.heads {
        Some(path) => heads::read(path)?,
        None => Vec::new(),
    };
    let mut ledger = ledger::open(&arguments.place)?;
    let findings = ledger.audit(&known).map_err(ledger::cli_error)?;
    let ends = ledger.heads().map_err(ledger::cli_error)?;
    let mut findings_text: Vec<String> = findings
        .iter()
        .map(|it| one_line(&it.to_string()))
        .collect();
    for device in &arguments.against_chips {
        let chip = Chip {
            device: device.clone(),
            record: None,
            verbose: false,
        };
        let snapshot = causes::run(&mut chip.open()?, ReadSnapshot::new())?;
        let serial = snapshot.config.serial_number();
        let unit = ledger.unit(serial).map_err(ledger::cli_error)?;
        let comparison = match unit {
            None => Err(CliError::failed(format!(
                "the ledger knows no chip {serial}"
            ))),
            Some(unit) => snapshot
                .identity()
                .map_err(CliError::from)
                .and_then(|identity| chip::check_identity(&identity, &unit)),
        };
        if let Err(error) = comparison {
            findings_text.push(format!("{device}: {error}"));
        }
    }
    let events = ends
        .iter()
        .fold(0i64, |events, head| events.saturating_add(head.seq));
    let numbers = match numbers(&mut ledger) {
        // The findings are told all the same, and are why, as a rule.
        Err(error) if !findings_text.is_empty() => {
            output.message(&format!("warning: the numbers of the batches: {error}"));
            None
        }
        numbers => Some(numbers?),
    };
    let text = if findings_text.is_empty() {
        let all = format!(
            "{} of {}, {}: everything is as it was written",
            counted(events, "event"),
            counted(ends.len(), "station"),
            counted(arguments.against_chips.len(), "chip")
        );
        let lines = numbers.iter().flatten().flat_map(|(batch, numbers)| {
            let lines = numbers::lines(batch, numbers).into_iter();
            lines.map(|line| format!("{:?}:{line}", batch.name))
        });
        [all]
            .into_iter()
            .chain(lines)
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        findings_text.join("\n")
    };
    let numbers = numbers.map(|all| {
        all.iter()
            .map(|(batch, numbers)| (batch.name.clone(), numbers::document(batch, numbers)))
            .collect::<serde_json::Map<_, _>>()
    });
    let document = json!({
        "findings": findings_text,
        "events": events,
        "numbers": numbers,
        "heads": heads::document(&ends),
    });
    output.result(&text, &document)?;
    if findings_text.is_empty() {
        return Ok(());
    }
    Err(CliError::failed(format!("{} found", findings_text.len())).after_document())
}

/// Where the numbers of each batch are: a gap among its serials is explained.
fn numbers(ledger: &mut Ledger) -> Result<Vec<(Batch, Numbers)>, CliError> {
    let batches = ledger.status().map_err(ledger::cli_error)?;
    let mut all = Vec::new();
    for status in batches {
        let numbers = ledger.numbers(&status.batch.name);
        all.push((status.batch, numbers.map_err(ledger::cli_error)?));
    }
    Ok(all)
}
