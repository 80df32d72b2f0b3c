//! `nerves-key device`.

use nerves_key_provision::create_device;
use serde_json::json;

use super::provision::printable;
use crate::certificate::Summary;
use crate::cli::Device;
use crate::error::CliError;
use crate::output::Output;
use crate::{files, system};

pub(super) fn run(command: &Device, output: Output) -> Result<(), CliError> {
    let Device::Create {
        serial,
        signer_cert,
        signer_key,
    } = command;
    let signer = files::signer(signer_cert)?;
    let signing_key = files::key(signer_key)?;
    if signing_key.public_key() != signer.signer.public_key {
        return Err(CliError::refused(format_args!(
            "{} does not belong to {}",
            signer_key.display(),
            signer_cert.display()
        )));
    }
    printable(serial)?;
    if serial.contains('/') || serial == "." || serial == ".." {
        return Err(CliError::refused(format_args!(
            "the serial {serial:?} cannot be the name of a file"
        )));
    }
    let key = system::new_key()?;
    // No chip, so no serial number of one: any nine bytes serve.
    let device_sn = system::random()?;
    let certificate = create_device(
        &signer,
        &signing_key,
        &key,
        device_sn,
        serial,
        system::now()?,
    )
    .map_err(CliError::refused)?;
    let certificate_path = format!("{serial}.cert");
    let key_path = format!("{serial}.key");
    files::create_pair(
        certificate_path.as_ref(),
        &certificate,
        key_path.as_ref(),
        &key,
    )?;
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    let text = format!(
        "{certificate_path}: device certificate, valid {}\n\
         {key_path}: its private key, in a file and not in a chip: for trials only",
        summary.validity()
    );
    let document = json!({
        "certificate_file": certificate_path,
        "key_file": key_path,
        "certificate": summary.json(),
    });
    output.result(&text, &document)
}
