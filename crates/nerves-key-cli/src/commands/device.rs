//! `nerves-key device`.

use atecc::SerialNumber;
use nerves_key_provision::{DeviceSubject, create_device};
use nerves_key_schema::ManufacturerSerial;
use serde_json::json;

use crate::certificate::Summary;
use crate::cli::device::Device;
use crate::error::CliError;
use crate::output::Output;
use crate::signing::AnySigner;
use crate::{files, signing, system};

pub(super) fn run(command: &Device, output: Output) -> Result<(), CliError> {
    let Device::Create {
        serial,
        signer_cert,
        signer_key,
        options,
        format,
    } = command;
    let signer = files::signer(signer_cert)?;
    signing::check_validity(&signer, system::now()?)?;
    let mut signing = AnySigner::open(signer_key, options)?;
    signing.check(&signer.signer.public_key)?;
    if serial.contains('/') || serial == "." || serial == ".." {
        return Err(CliError::refused(format!(
            "the serial {serial:?} cannot be the name of a file"
        )));
    }
    let key = system::new_key()?;
    let device = DeviceSubject {
        public_key: key.public_key(),
        // No chip, so no serial number of one: any nine bytes serve.
        chip: SerialNumber(system::random()?),
        serial: &ManufacturerSerial::new(serial).map_err(CliError::refused)?,
    };
    let format = signing::announce_format(*format, output);
    let certificate = create_device(&device, &signer, &mut signing, system::now()?, format)?;
    let certificate_path = format!("{serial}.cert");
    let key_path = format!("{serial}.key");
    files::create_pair(
        (certificate_path.as_ref(), key_path.as_ref()),
        &certificate,
        &key,
        "Remove it and run the same command again: no certificate is known to be for it.",
    )?;
    signing::warn_of_certificate(&certificate, output)?;
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
