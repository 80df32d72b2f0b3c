//! `nerves-key line audit`.

use nerves_key::ReadSnapshot;
use serde_json::json;

use super::{chip, heads, ledger};
use crate::causes;
use crate::cli::chip::Chip;
use crate::cli::line::Audit;
use crate::error::CliError;
use crate::output::{Output, escape};

pub(super) fn run(arguments: &Audit, output: Output) -> Result<(), CliError> {
    let known = match &arguments.heads {
        Some(path) => heads::read(path)?,
        None => Vec::new(),
    };
    let mut ledger = ledger::open(&arguments.place)?;
    let findings = ledger.audit(&known).map_err(ledger::refused)?;
    let ends = ledger.heads().map_err(ledger::refused)?;
    let mut said: Vec<String> = findings.iter().map(|it| escape(&it.to_string())).collect();
    for device in &arguments.against_chips {
        let chip = Chip {
            device: device.clone(),
            record: None,
            verbose: false,
        };
        let snapshot = causes::run(&mut chip.open()?, ReadSnapshot::new())?;
        let serial = snapshot.config.serial_number();
        let unit = ledger.unit(serial).map_err(ledger::refused)?;
        let compared = match unit {
            None => Err(CliError::failed(format!(
                "the ledger knows no chip {serial}"
            ))),
            Some(unit) => snapshot
                .identity()
                .map_err(CliError::from)
                .and_then(|identity| chip::check_identity(&identity, &unit)),
        };
        if let Err(error) = compared {
            said.push(format!("{device}: {error}"));
        }
    }
    let events: i64 = ends.iter().map(|head| head.seq).sum();
    let text = if said.is_empty() {
        format!(
            "{events} events of {} station(s), {} chip(s): everything is as it was written",
            ends.len(),
            arguments.against_chips.len()
        )
    } else {
        said.join("\n")
    };
    let document = json!({ "findings": said, "events": events, "heads": heads::document(&ends) });
    output.result(&text, &document)?;
    if said.is_empty() {
        return Ok(());
    }
    Err(CliError::failed(format!("{} found", said.len())).after_document())
}
