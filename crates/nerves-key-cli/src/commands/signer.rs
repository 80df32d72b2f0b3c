//! `nerves-key signer`.

use std::path::{Path, PathBuf};

use nerves_key_provision::{
    CertificateSigner, DocumentError, SigningAnswer, SigningRequest, Warning, create_signer,
    self_signed,
};
use nerves_key_schema::ManufacturerSerial;
use serde_json::{Value, json};

use crate::certificate::Summary;
use crate::cli::signer::{Signer, SignerAnswer, SignerCreate};
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};
use crate::signing::AnySigner;
use crate::used_serials::UsedSerials;
use crate::{signing, system};

pub(super) fn run(command: &Signer, output: Output) -> Result<(), CliError> {
    match command {
        Signer::Create(arguments) => create(arguments, output),
        Signer::Answer(arguments) => answer(arguments, output),
    }
}

fn create(arguments: &SignerCreate, output: Output) -> Result<(), CliError> {
    // The name may hold dots of its own, so an ending is added, not replaced.
    let with = |ending| {
        let mut path = arguments.name.clone().into_os_string();
        path.push(ending);
        PathBuf::from(path)
    };
    let (certificate_path, key_path) = (with(".cert"), with(".key"));
    let (now, years) = (system::now()?, arguments.years);
    let format = signing::announce_format(arguments.format, output);
    let (certificate, key_path) = match &arguments.key {
        None => {
            let key = system::new_key()?;
            let certificate = create_signer(&key, now, years, format)?;
            files::create_pair(&certificate_path, &certificate, &key_path, &key)?;
            (certificate, Some(key_path))
        }
        Some(name) => {
            let mut signer = AnySigner::open(name, &arguments.options)?;
            let public_key = signer.public_key()?;
            let certificate = self_signed(public_key, now, years, format, |digest| {
                signer.sign_own(digest)
            })?;
            let pem = certificate.to_pem();
            files::create(&certificate_path, pem.as_bytes(), Readers::Everyone)?;
            (certificate, None)
        }
    };
    signing::warn_of_certificate(&certificate, output)?;
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    let of_key = key_path.as_ref().map(|path| {
        let path = escape_path(path);
        format!("\n{path}: its private key. Keep it secret and safe.")
    });
    let text = format!(
        "{}: signer certificate, valid {}. Upload it to the servers that meet your devices.{}",
        escape_path(&certificate_path),
        summary.validity(),
        of_key.unwrap_or_default()
    );
    let document = json!({
        "certificate_file": certificate_path.display().to_string(),
        "key_file": key_path.map(|path| path.display().to_string()),
        "certificate": summary.json(),
    });
    output.result(&text, &document)
}

fn answer(arguments: &SignerAnswer, output: Output) -> Result<(), CliError> {
    let (name, text) = read_request(&arguments.request)?;
    let of_request = |error: DocumentError| CliError::refused(error).about(&name);
    let request = SigningRequest::from_json(&text).map_err(of_request)?;
    if let Some(out) = &arguments.out {
        files::check_absent(out)?;
    }
    let signer = files::signer(&arguments.signer_cert)?;
    signing::check_validity(&signer, system::now()?)?;
    if request.signer_public_key != signer.signer.public_key {
        return Err(CliError::refused(format!(
            "{name}: it asks for another signer than that of {}",
            escape_path(&arguments.signer_cert)
        )));
    }
    let serial = ManufacturerSerial::incompatible(&request.serial).map_err(CliError::refused)?;
    if !serial.is_readable_by_elixir() {
        output.message(&format!("warning: {}", Warning::Slash));
    }
    let used = arguments.used_serials.as_deref();
    let used = used.map(UsedSerials::read).transpose()?;
    let mut key = AnySigner::open(&arguments.signer_key, &arguments.options)?;
    key.check(&signer.signer.public_key)?;
    output.message(&format!(
        "signing for {:?}: chip {}, certificate valid from {}",
        request.serial, request.chip, request.not_before
    ));
    if let Some(used) = &used {
        used.claim(&request.serial, request.chip)?;
    }
    let signature = key.sign(&request).map_err(CliError::failed)?;
    let answer = SigningAnswer::new(request, signature).map_err(CliError::failed)?;
    let json = answer.to_json().map_err(CliError::failed)?;
    let mut document: Value = serde_json::from_str(&json).map_err(CliError::failed)?;
    if let Some(warning) = signing::warn_of(&signature, output) {
        document["warnings"] = json!([warning]);
    }
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
