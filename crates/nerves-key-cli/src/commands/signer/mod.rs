//! `nerves-key signer`.

mod answer;
mod folder;

use std::path::PathBuf;

use nerves_key_provision::{create_signer, self_signed};
use serde_json::json;

use crate::certificate::Summary;
use crate::cli::signer::{Signer, SignerCreate};
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};
use crate::signing::AnySigner;
use crate::{signing, system};

pub(super) fn run(command: &Signer, output: Output) -> Result<(), CliError> {
    match command {
        Signer::Create(arguments) => create(arguments, output),
        Signer::Answer(arguments) => answer::run(arguments, output),
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
            let lone_key = format!(
                "nerves-key signer create {} --key {} makes its certificate.",
                escape_path(&arguments.name),
                escape_path(&key_path)
            );
            let paths = (&*certificate_path, &*key_path);
            files::create_pair(paths, &certificate, &key, &lone_key)?;
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
