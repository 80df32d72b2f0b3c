//! `nerves-key line export`: verified units, for other programs and services.
//!
//! Field names and limits are those of the services' own documentation.

use data_encoding::HEXUPPER;
use nerves_key_line::{State, Unit};
use serde_json::{Value, json};

use super::station::{document, pem};
use super::{heads, ledger, manifest};
use crate::cli::line_export::{Export, Form};
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::Output;

/// Azure takes no more enrolments in one call.
const BULK: usize = 10;

pub(super) fn run(arguments: &Export, output: Output) -> Result<(), CliError> {
    let since = arguments.since.as_deref().map(heads::read).transpose()?;
    let mut ledger = ledger::open(&arguments.place)?;
    let batch = ledger.batch(&arguments.batch).map_err(ledger::cli_error)?;
    let export = ledger.export(&arguments.batch, &since.unwrap_or_default());
    let export = export.map_err(ledger::cli_error)?;
    let units = || export.units.iter().map(|exported| &exported.unit);
    let verified = || units().filter(|unit| unit.state == State::Verified);
    let text = match arguments.form {
        Form::Csv => csv(units())?,
        Form::Jsonl => lines(units().map(document)),
        Form::NervesHub => nerves_hub(verified())?,
        Form::Aws => lines(verified().map(aws).collect::<Result<Vec<_>, _>>()?),
        Form::Azure => azure(verified())?,
        Form::Manifest => manifest::manifest(&arguments.manifest, &batch, &export)?,
    };
    // Only who has the ends can go on from them: they are written first, and
    // taken back when the units are not.
    let ends = heads::document(&export.heads);
    if let Some(path) = &arguments.heads_out {
        let text = format!("{}\n", json!({ "heads": ends }));
        files::create(path, text.as_bytes(), Readers::Everyone)?;
    }
    let written = match &arguments.out {
        Some(path) => output.file(path, (text.as_bytes(), Readers::Everyone)),
        None if text.is_empty() && !output.is_json() => Ok(()),
        // For programs: as it is, whether or not a document was asked for.
        None => output.script(&text, &json!({ "text": text, "heads": ends })),
    };
    written.inspect_err(|_| {
        if let Some(path) = &arguments.heads_out {
            let _ = std::fs::remove_file(path);
        }
    })
}

fn lines(documents: impl IntoIterator<Item = Value>) -> String {
    let mut text = String::new();
    for document in documents {
        text += &document.to_string();
        text.push('\n');
    }
    text
}

fn table<'a>(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>> + 'a,
) -> Result<String, CliError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(CliError::failed)?;
    for row in rows {
        writer.write_record(row).map_err(CliError::failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| CliError::failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(CliError::failed)
}

fn csv<'a>(units: impl Iterator<Item = &'a Unit> + 'a) -> Result<String, CliError> {
    let header = [
        "chip",
        "batch",
        "serial",
        "state",
        "public_key",
        "certificate",
    ];
    let rows = units.map(|unit| {
        let key = unit.public_key.map(|key| HEXUPPER.encode(&key));
        vec![
            unit.chip.to_string(),
            unit.batch.clone(),
            unit.serial.clone(),
            unit.state.name().to_owned(),
            key.unwrap_or_default(),
            pem(unit).unwrap_or_default(),
        ]
    });
    table(&header, rows)
}

/// `nh device bulk_create`: three columns, the tags one quoted list.
fn nerves_hub<'a>(units: impl Iterator<Item = &'a Unit> + 'a) -> Result<String, CliError> {
    let header = ["identifier", "tags", "description"];
    let rows = units.map(|unit| {
        let chip = format!("chip {}", unit.chip);
        vec![unit.serial.clone(), unit.batch.clone(), chip]
    });
    table(&header, rows)
}

/// Bulk registration of AWS `IoT` with a template of the parameters `ThingName` and
/// `CertificatePem`.
fn aws(unit: &Unit) -> Result<Value, CliError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    let name = &unit.serial;
    if name.len() > 128 || !name.bytes().all(fits) {
        return Err(CliError::refused(format!(
            "the serial {name:?} is no name of a thing: letters, digits, \":\", \"_\" and \"-\", at \
             most 128"
        )));
    }
    Ok(json!({ "ThingName": name, "CertificatePem": pem(unit) }))
}

/// Azure Device Provisioning Service: the bodies of bulk calls, one a line.
fn azure<'a>(units: impl Iterator<Item = &'a Unit>) -> Result<String, CliError> {
    let enrolments: Vec<Value> = units.map(enrolment).collect::<Result<_, _>>()?;
    let calls = enrolments.chunks(BULK);
    Ok(lines(calls.map(
        |some| json!({ "mode": "create", "enrollments": some }),
    )))
}

fn enrolment(unit: &Unit) -> Result<Value, CliError> {
    let id = &unit.serial;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    let last = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    // The subject of an X.509 leaf holds no more than 64.
    let fits = id.len() <= 64 && id.bytes().all(inside) && id.bytes().last().is_some_and(last);
    if !fits {
        return Err(CliError::refused(format!(
            "the serial {id:?} is no registration id: letters, digits, \"-\", \".\", \"_\" and \
             \":\", the last a letter, a digit or \"-\", at most 64"
        )));
    }
    Ok(json!({
        "registrationId": id,
        "deviceId": id,
        "attestation": {
            "type": "x509",
            "x509": { "clientCertificates": { "primary": { "certificate": pem(unit) } } },
        },
        "provisioningStatus": "enabled",
    }))
}
