//! `nerves-key cert`.

use std::path::Path;

use atecc_x509::Certificate;
use nerves_key::{Identity, ReadSnapshot};
use serde_json::json;

use crate::certificate::Summary;
use crate::cli::{Cert, Chip, Which};
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::Output;

pub(super) fn run(command: &Cert, output: Output) -> Result<(), CliError> {
    match command {
        Cert::Export { chip, which, out } => {
            let identity = identity(chip)?;
            let certificates: &[_] = match which {
                Which::Device => &[&identity.device_certificate],
                Which::Signer => &[&identity.signer_certificate],
                Which::Chain => &[&identity.device_certificate, &identity.signer_certificate],
            };
            export(certificates, out.as_deref(), output)
        }
        Cert::Show {
            file: Some(path), ..
        } => {
            let summary = Summary::of(&files::certificate(path)?)
                .map_err(|error| CliError::input(path, error))?;
            output.result(&summary.text("certificate"), &summary.json())
        }
        Cert::Show { chip, file: None } => {
            let identity = identity(chip)?;
            let device = Summary::of(&identity.device_certificate).map_err(CliError::failed)?;
            let signer = Summary::of(&identity.signer_certificate).map_err(CliError::failed)?;
            let text = format!(
                "{}\n{}",
                device.text("device certificate"),
                signer.text("signer certificate")
            );
            let document = json!({
                "device_certificate": device.json(),
                "signer_certificate": signer.json(),
            });
            output.result(&text, &document)
        }
    }
}

/// Certificates as PEM, to a file or standard output.
pub(super) fn export(
    certificates: &[&Certificate],
    out: Option<&Path>,
    output: Output,
) -> Result<(), CliError> {
    let pem: Result<String, _> = certificates.iter().map(|one| one.to_pem()).collect();
    let pem = pem.map_err(CliError::failed)?;
    let document = json!({ "pem": pem });
    output.file_or(out, (pem.as_bytes(), Readers::Everyone), &pem, &document)
}

/// The chip's certificates, verified.
fn identity(chip: &Chip) -> Result<Identity, CliError> {
    let snapshot = chip.open()?.run(ReadSnapshot::new())?;
    Ok(snapshot.identity()?)
}
