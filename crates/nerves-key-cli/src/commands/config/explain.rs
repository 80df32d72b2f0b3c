//! `nerves-key config explain`.

use atecc::{ConfigZone, Slot};
use atecc_config::{
    Operation, Policy, Severity, chip_words, i2c_address, is_identity_told, lint, shift,
};
use serde_json::{Value, json};

use super::hex;
use crate::error::CliError;
use crate::output::Output;
use crate::paint::Painted;
use crate::paragraph::{indent, wrapped_table};

pub(super) fn run(zone: &ConfigZone, output: Output) -> Result<(), CliError> {
    let policies = Slot::ALL.map(|slot| Policy::of(zone, slot));
    let rows: Vec<_> = policies.iter().map(row).collect();
    let slots = wrapped_table(
        ["slot", "holds", "read by", "changed by", "lock", "used by"],
        &rows,
    );
    let before = format!(
        "{}\nOnce configuration and data are locked:\n\n",
        head(zone)
    );
    let text = Painted::plain(before)
        .append(Painted::table(&slots))
        .then(None, format!("\n{}\n{}", words(&policies), foot(zone)));
    let document = json!({
        "configuration": hex(zone),
        "chip": chip_words(zone),
        "serial_number": is_identity_told(zone).then(|| zone.serial_number().to_string()),
        "locks": {
            "configuration": zone.config_lock().is_locked(),
            "data": zone.data_lock().is_locked(),
        },
        "slots": policies.iter().map(value).collect::<Vec<_>>(),
    });
    output.painted(&text, &document)
}

fn head(zone: &ConfigZone) -> String {
    let serial = if is_identity_told(zone) {
        format!("serial number {}", zone.serial_number())
    } else {
        "serial number not told".to_owned()
    };
    let address = match i2c_address(zone) {
        Some(address) => format!("address 0x{address:02X}"),
        None => "single wire".to_owned(),
    };
    let mut head = match zone.revision().to_bytes() {
        [0, 0, 0, 0] => "chip not told".to_owned(),
        _ => chip_words(zone),
    };
    head = format!(
        "{head}, {serial}, {address}\nNow: configuration {}, data and OTP {}\n",
        zone.config_lock(),
        zone.data_lock()
    );
    if let Some(shift) = shift(zone.as_bytes()) {
        head += &indent(
            &format!("The zone {shift}. What follows is about the wrong bytes."),
            "",
            "",
        );
    }
    head
}

fn uses(policy: &Policy) -> String {
    let names: Vec<_> = policy.uses().iter().map(Operation::to_string).collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(" ")
    }
}

fn row(policy: &Policy) -> [String; 6] {
    [
        policy.slot().index().to_string(),
        policy.kind().to_string(),
        policy.read(),
        policy.write(),
        policy.lock().to_owned(),
        uses(policy),
    ]
}

/// Slots of which the same is to be said are said together.
fn words(policies: &[Policy]) -> String {
    let mut groups: Vec<(Vec<String>, Vec<u8>)> = Vec::new();
    for policy in policies {
        let words = policy.words();
        let index = policy.slot().index();
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, slots)) => slots.push(index),
            None => groups.push((words, vec![index])),
        }
    }
    groups
        .iter()
        .map(|(words, slots)| {
            let slots: Vec<_> = slots.iter().map(u8::to_string).collect();
            let plural = if slots.len() > 1 { "s" } else { "" };
            let text = format!("slot{plural} {}: {}", slots.join(", "), words.join(" "));
            indent(&text, "", "    ")
        })
        .collect()
}

fn foot(zone: &ConfigZone) -> String {
    let findings = lint(zone);
    let faults = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Fault)
        .count();
    match (faults, findings.len()) {
        (_, 0) => "nerves-key config lint finds nothing.\n".to_owned(),
        (faults, 1) => {
            let what = ["no fault", "a fault"][faults.min(1)];
            format!("nerves-key config lint has one finding, {what}.\n")
        }
        (faults, all) => {
            format!("nerves-key config lint has {all} findings, {faults} of them faults.\n")
        }
    }
}

fn value(policy: &Policy) -> Value {
    json!({
        "slot": policy.slot().index(),
        "holds": policy.kind().to_string(),
        "read": policy.read(),
        "changed_by": policy.write(),
        "lock": policy.lock(),
        "used_by": policy.uses().iter().map(|operation| operation.name()).collect::<Vec<_>>(),
        "words": policy.words(),
    })
}
