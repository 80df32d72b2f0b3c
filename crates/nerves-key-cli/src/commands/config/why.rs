//! `nerves-key config why`.

use atecc::{ConfigZone, Slot};
use atecc_config::{Judgement, Operation, shift};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::Output;
use crate::paragraph::indent;

pub(super) fn run(
    zone: &ConfigZone,
    operation: Operation,
    slot: Slot,
    output: Output,
) -> Result<(), CliError> {
    let judgement = atecc_config::evaluate(zone, operation, slot);
    let state = format!(
        "configuration {}, data and OTP {}, {slot} {}",
        zone.config_lock(),
        zone.data_lock(),
        zone.slot_lock(slot)
    );
    let command = operation.command();
    let mut text = match &judgement {
        Judgement::Depends { on_508, on_608 } => format!(
            "{slot}: {command} depends on the chip, which bytes 4 to 7 do not tell (--chip)\n\
             on an ATECC508A it {}on an ATECC608 it {}",
            words(zone, on_508),
            words(zone, on_608)
        ),
        known => format!("{slot}: {command} {}", words(zone, known)),
    };
    if let Some(shift) = shift(zone.as_bytes()) {
        text = format!("the zone {shift}\n{text}");
    }
    let changed = operation.target(zone, slot);
    let changed = changed.filter(|_| judgement.is_allowed());
    if let Some(target) = changed.filter(|target| *target != slot) {
        let goes = format!("its result goes into {target}, and not to the host");
        text += &indent(&goes, "  ", "    ");
    }
    let (reasons, needs) = lists(zone, &judgement);
    let allowed = match &judgement {
        Judgement::Depends { .. } => Value::Null,
        known => json!(known.is_allowed()),
    };
    let mut document = json!({
        "operation": operation.name(),
        "slot": slot.index(),
        "state": state,
        "allowed": allowed,
        "reasons": reasons,
        "needs": needs,
        "changes_slot": changed.map(Slot::index),
    });
    if let Judgement::Depends { on_508, on_608 } = &judgement {
        for (name, judgement) in [("atecc508a", on_508), ("atecc608", on_608)] {
            let (reasons, needs) = lists(zone, judgement);
            document[name] = json!({
                "allowed": judgement.is_allowed(),
                "reasons": reasons,
                "needs": needs,
            });
        }
    }
    output.result(&format!("{text}state: {state}\n"), &document)
}

/// What follows "it".
fn words(zone: &ConfigZone, judgement: &Judgement) -> String {
    match judgement {
        Judgement::Allowed(needs) => {
            let mut text = "is executed\n".to_owned();
            for need in needs {
                text += &indent(&format!("needs {need}"), "  ", "    ");
            }
            text
        }
        Judgement::Refused(reasons) => {
            let mut text = "is refused\n".to_owned();
            for reason in reasons {
                text += &indent(&format!("because {reason}"), "  ", "    ");
                text += &indent(
                    &format!("-> {}", reason.remedy(zone.config_lock())),
                    "    ",
                    "       ",
                );
            }
            text
        }
        Judgement::Depends { .. } => "depends on the chip\n".to_owned(),
    }
}

/// Reasons and needs in JSON.
fn lists(zone: &ConfigZone, judgement: &Judgement) -> (Vec<Value>, Vec<Value>) {
    match judgement {
        Judgement::Allowed(needs) => {
            let needs = needs.iter().map(|need| json!(need.to_string()));
            (Vec::new(), needs.collect())
        }
        Judgement::Refused(reasons) => {
            let reasons = reasons.iter().map(|reason| {
                json!({
                    "cause": reason.to_string(),
                    "remedy": reason.remedy(zone.config_lock()),
                })
            });
            (reasons.collect(), Vec::new())
        }
        Judgement::Depends { .. } => (Vec::new(), Vec::new()),
    }
}
