//! Certificates of a definition that is a file.

use std::path::Path;

use atecc_certdef::{Defined, Definition, Values};
use atecc_x509::{Certificate, PublicKey};

use super::without_chip::key;
use crate::cli::cert::{CertFile, Decompress, Issue};
use crate::error::CliError;
use crate::files;
use crate::hex;

pub(super) fn read(path: &Path) -> Result<Definition, CliError> {
    let text = files::read_text(path)?;
    Definition::from_toml(&text).map_err(|error| CliError::input(path, error))
}

/// The definition for a certificate in a file, whose places say what is not
/// told; and whether the chip's serial number is known where it is needed.
pub(super) fn of_certificate(
    definition: &Definition,
    certificate: &Certificate,
    arguments: &CertFile,
) -> Result<(Defined, bool), CliError> {
    let values = definition.values_of(certificate);
    let mut values = values.map_err(|error| CliError::input(&arguments.file, error))?;
    if let Some(path) = &arguments.signer_cert {
        let key = files::certificate(path)?.public_key();
        values.signer_public_key = Some(key.map_err(|error| CliError::input(path, error))?);
    }
    rebuild_with(
        &mut values,
        arguments.device_sn.as_deref(),
        &arguments.defined.values,
    )?;
    let knows_chip = values.device_sn.is_some() || !definition.hashes_device_sn();
    if !knows_chip {
        // What is made of it is not compared.
        values.device_sn = Some([0; 9]);
    }
    Ok((with(definition, values, "--signer-cert")?, knows_chip))
}

/// The definition for 72 bytes.
pub(super) fn of_compressed(
    definition: &Definition,
    public_key: PublicKey,
    arguments: &Decompress,
) -> Result<Defined, CliError> {
    let mut values = Values::new(public_key);
    if let Some(text) = &arguments.signer_key {
        values.signer_public_key = Some(key("--signer-key", text)?);
    }
    rebuild_with(
        &mut values,
        arguments.device_sn.as_deref(),
        &arguments.defined.values,
    )?;
    with(definition, values, "--signer-key")
}

/// The definition for a new certificate.
pub(super) fn of_new(
    definition: &Definition,
    public_key: PublicKey,
    signer_public_key: PublicKey,
    arguments: &Issue,
) -> Result<Defined, CliError> {
    let mut values = Values::new(public_key);
    values.signer_public_key = Some(signer_public_key);
    rebuild_with(
        &mut values,
        arguments.device_sn.as_deref(),
        &arguments.values,
    )?;
    with(definition, values, "--signer-key")
}

/// What the command line says goes before what a certificate has.
fn rebuild_with(
    values: &mut Values,
    device_sn: Option<&str>,
    named: &[(String, String)],
) -> Result<(), CliError> {
    if let Some(text) = device_sn {
        values.device_sn = Some(hex::array("--device-sn", text)?);
    }
    for (place, (name, text)) in named.iter().enumerate() {
        if named.iter().take(place).any(|(earlier, _)| earlier == name) {
            return Err(CliError::refused(format!(
                "--value {name} is given twice: give it once"
            )));
        }
        let bytes = text.clone().into_bytes();
        values.named.insert(name.clone(), bytes);
    }
    Ok(())
}

fn with(
    definition: &Definition,
    values: Values,
    signer: &'static str,
) -> Result<Defined, CliError> {
    use atecc_certdef::ValueError as E;
    definition.with(values).map_err(|error| {
        let option = match &error {
            E::NoSignerKey => signer.to_owned(),
            E::NoDeviceSn(_) => "--device-sn".to_owned(),
            E::Missing { name, .. } => format!("--value {name}=TEXT"),
            E::SerialNumber { name } => format!("--value {name}=HEX"),
            _ => return CliError::refused(error),
        };
        CliError::refused(error).with_remark(format!(" ({option})"))
    })
}
