//! `nerves-key signer answer`, of one request.

use std::path::Path;

use atecc_x509::CheckedSigner;
use nerves_key_provision::{CertificateSigner, SigningAnswer, SigningRequest, Warning};
use nerves_key_schema::ManufacturerSerial;
use serde_json::{Value, json};

use super::folder;
use crate::cli::signer::SignerAnswer;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};
use crate::signing::AnySigner;
use crate::used_serials::UsedSerials;
use crate::{signing, system};

pub(super) fn run(arguments: &SignerAnswer, output: Output) -> Result<(), CliError> {
    if arguments.request.is_dir() {
        return folder::run(arguments, output);
    }
    let (name, text) = read_request(&arguments.request)?;
    let request = SigningRequest::from_json(&text);
    let request = request.map_err(|error| CliError::refused(error).about(&name))?;
    if let Some(out) = &arguments.out {
        files::check_absent(out)?;
    }
    let judge = Judge::new(arguments)?;
    let judged = judge.request(&request);
    if let Some(warning) = judged.map_err(|error| error.about(&name))? {
        output.message(&format!("warning: {warning}"));
    }
    let text = format!(
        "signing for {:?}: chip {}, certificate valid from {}",
        request.serial, request.chip, request.not_before
    );
    if arguments.dry_run {
        let document = json!({
            "state": "to-be-signed",
            "chip_serial_number": request.chip.to_string(),
            "manufacturer_serial": request.serial,
            "not_before": request.not_before.to_string(),
        });
        return output.result(&text, &document);
    }
    let mut key = judge.key(arguments)?;
    output.message(&text);
    let Signed { json, document, .. } = judge.sign(&mut key, request, output)?;
    match &arguments.out {
        None => output.json_text(&json, &document),
        Some(path) => {
            files::create(path, json.as_bytes(), Readers::Everyone)?;
            let path = escape_path(path);
            output.result(&format!("{path}: for provision --answer"), &document)
        }
    }
}

/// What to call it in messages, and its text.
fn read_request(path: &Path) -> Result<(String, String), CliError> {
    if path != Path::new("-") {
        return Ok((escape_path(path), files::read_text(path)?.to_string()));
    }
    let text = String::from_utf8(files::stdin_at_most(files::LIMIT)?)
        .map_err(|error| CliError::refused(error).about("standard input"))?;
    Ok(("standard input".into(), text))
}

/// What requests are held against: whose they are, and which serials are taken.
pub(super) struct Judge<'a> {
    signer: CheckedSigner,
    certificate_file: &'a Path,
    used: Option<UsedSerials>,
}

/// An answer, before it is written.
pub(super) struct Signed {
    pub(super) json: String,
    pub(super) document: Value,
    /// What the Elixir library cannot read of it.
    pub(super) warning: Option<&'static str>,
}

impl<'a> Judge<'a> {
    /// # Errors
    /// Exit code 5 for a certificate or list that cannot be used.
    pub(super) fn new(arguments: &'a SignerAnswer) -> Result<Self, CliError> {
        let signer = files::signer(&arguments.signer_cert)?;
        signing::check_validity(&signer, system::now()?)?;
        let used = arguments.used_serials.as_deref();
        Ok(Self {
            signer,
            certificate_file: &arguments.signer_cert,
            used: used.map(UsedSerials::read).transpose()?,
        })
    }

    /// That `request` may be signed; what somebody may not want of it.
    ///
    /// # Errors
    /// Exit code 5.
    pub(super) fn request(&self, request: &SigningRequest) -> Result<Option<Warning>, CliError> {
        if request.signer_public_key != self.signer.signer.public_key {
            return Err(CliError::refused(format!(
                "it asks for another signer than that of {}",
                escape_path(self.certificate_file)
            )));
        }
        let serial = ManufacturerSerial::incompatible(&request.serial);
        let serial = serial.map_err(CliError::refused)?;
        if let Some(used) = &self.used {
            used.check(&request.serial, request.chip)?;
        }
        Ok((!serial.is_readable_by_elixir()).then_some(Warning::Slash))
    }

    /// The key, which is the certificate's as far as that can be known.
    ///
    /// # Errors
    /// Exit code 5, or 1 for a token's trouble.
    pub(super) fn key(&self, arguments: &SignerAnswer) -> Result<AnySigner, CliError> {
        let name = arguments.signer_key.as_ref();
        let name = name.ok_or_else(|| CliError::refused("give --signer-key"))?;
        let mut key = AnySigner::open(name, &arguments.options)?;
        key.check(&self.signer.signer.public_key)?;
        Ok(key)
    }

    /// Claim the serial of `request`, and sign it.
    ///
    /// # Errors
    /// Exit code 5 when another process was first with the serial, 1 when the
    /// signer fails.
    pub(super) fn sign(
        &self,
        key: &mut AnySigner,
        request: SigningRequest,
        output: Output,
    ) -> Result<Signed, CliError> {
        if let Some(used) = &self.used {
            used.claim(&request.serial, request.chip)?;
        }
        let signature = key.sign(&request).map_err(CliError::failed)?;
        let answer = SigningAnswer::new(request, signature).map_err(CliError::failed)?;
        let json = answer.to_json().map_err(CliError::failed)?;
        let mut document: Value = serde_json::from_str(&json).map_err(CliError::failed)?;
        let warning = signing::warn_of(&signature, output);
        if let Some(warning) = warning {
            document["warnings"] = json!([warning]);
        }
        Ok(Signed {
            json,
            document,
            warning,
        })
    }
}
