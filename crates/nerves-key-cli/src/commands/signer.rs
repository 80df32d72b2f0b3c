//! `nerves-key signer`.

use nerves_key_provision::create_signer;
use serde_json::json;

use crate::certificate::Summary;
use crate::cli::Signer;
use crate::error::CliError;
use crate::output::Output;
use crate::{files, system};

pub(super) fn run(command: &Signer, output: Output) -> Result<(), CliError> {
    let Signer::Create { name, years } = command;
    let key = system::new_key()?;
    let certificate = create_signer(&key, system::now()?, *years).map_err(CliError::refused)?;
    // The name may hold dots of its own, so an ending is added, not replaced.
    let with = |ending| {
        let mut path = name.clone().into_os_string();
        path.push(ending);
        std::path::PathBuf::from(path)
    };
    let (certificate_path, key_path) = (with(".cert"), with(".key"));
    files::create_pair(&certificate_path, &certificate, &key_path, &key)?;
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    let text = format!(
        "{}: signer certificate, valid {}. Upload it to the servers that meet your devices.\n\
         {}: its private key. Keep it secret and safe.",
        certificate_path.display(),
        summary.validity(),
        key_path.display()
    );
    let document = json!({
        "certificate_file": certificate_path.display().to_string(),
        "key_file": key_path.display().to_string(),
        "certificate": summary.json(),
    });
    output.result(&text, &document)
}
