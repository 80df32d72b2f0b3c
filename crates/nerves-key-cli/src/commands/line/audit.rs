//! `nerves-key line audit`.

use nerves_key::ReadSnapshot;
use nerves_key_line::Head;
use serde_json::{Value, json};

use super::{chip, ledger};
use crate::causes;
use crate::cli::chip::Chip;
use crate::cli::line::Audit;
use crate::error::CliError;
use crate::files;
use crate::output::{Output, escape};

pub(super) fn run(arguments: &Audit, output: Output) -> Result<(), CliError> {
    let known = match &arguments.heads {
        Some(path) => {
            let text = files::read_text(path)?;
            let document: Value =
                serde_json::from_str(&text).map_err(|error| CliError::input(path, error))?;
            let wrong = || CliError::input(path, "it has no list of \"heads\"");
            read_heads(&document).ok_or_else(wrong)?
        }
        None => Vec::new(),
    };
    let mut ledger = ledger::open(&arguments.place)?;
    let findings = ledger.audit(&known).map_err(ledger::refused)?;
    let heads = ledger.heads().map_err(ledger::refused)?;
    let mut said: Vec<String> = findings.iter().map(|it| escape(&it.to_string())).collect();
    for device in &arguments.against_chips {
        let chip = Chip {
            device: device.clone(),
            record: None,
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
    let events: i64 = heads.iter().map(|head| head.seq).sum();
    let text = if said.is_empty() {
        format!(
            "{events} events of {} station(s), {} chip(s): everything is as it was written",
            heads.len(),
            arguments.against_chips.len()
        )
    } else {
        said.join("\n")
    };
    let document = json!({ "findings": said, "events": events, "heads": self::heads(&heads) });
    output.result(&text, &document)?;
    if said.is_empty() {
        return Ok(());
    }
    Err(CliError::failed(format!("{} found", said.len())).after_document())
}

pub(super) fn heads(heads: &[Head]) -> Value {
    let heads = heads
        .iter()
        .map(|head| json!({ "station": head.station, "seq": head.seq, "digest": head.digest }));
    heads.collect()
}

fn read_heads(document: &Value) -> Option<Vec<Head>> {
    let heads = document.get("heads")?.as_array()?.iter().map(|head| {
        Some(Head {
            station: head.get("station")?.as_str()?.to_owned(),
            seq: head.get("seq")?.as_i64()?,
            digest: head.get("digest")?.as_str()?.to_owned(),
        })
    });
    heads.collect()
}
