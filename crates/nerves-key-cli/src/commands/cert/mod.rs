//! `nerves-key cert`.

mod by_definition;
mod issue;
mod without_chip;

use std::path::Path;

use atecc_x509::Certificate;
use nerves_key::{Certificates, ReadSnapshot};
use serde_json::json;

use crate::certificate::Summary;
use crate::cli::cert::{Cert, ChainPart};
use crate::cli::chip::Chained;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::Output;
use crate::{causes, missing_part};

pub(super) fn run(command: &Cert, output: Output) -> Result<(), CliError> {
    match command {
        Cert::Export {
            chained,
            which,
            out,
        } => {
            files::check_out(out.as_deref())?;
            let Certificates {
                device,
                signer,
                root,
            } = &of_chip(chained)?;
            let certificates: &[_] = match which {
                ChainPart::Device => &[device],
                ChainPart::Signer => &[signer],
                ChainPart::Chain => &[device, signer],
                ChainPart::Root => &[root.as_ref().unwrap_or(signer)],
            };
            export(certificates, out.as_deref(), output)
        }
        Cert::Check(arguments) => without_chip::check(arguments, output),
        Cert::Compress(arguments) => without_chip::show_compressed(arguments, output),
        Cert::Decompress(arguments) => without_chip::show_decompressed(arguments, output),
        Cert::Issue(arguments) => issue::run(arguments, output),
        Cert::Show {
            file: Some(path), ..
        } => {
            let all: Result<Vec<_>, _> =
                files::certificates(path)?.iter().map(Summary::of).collect();
            let all = all.map_err(|error| CliError::input(path, error))?;
            show(&all, output)
        }
        Cert::Show {
            chained,
            file: None,
        } => {
            let certificates = of_chip(chained)?;
            let summary = |one| Summary::of(one).map_err(CliError::failed);
            let device = summary(&certificates.device)?;
            let signer = summary(&certificates.signer)?;
            let mut text = format!(
                "{}\n{}",
                device.text("device certificate"),
                signer.text("signer certificate")
            );
            let mut document = json!({
                "device_certificate": device.json(),
                "signer_certificate": signer.json(),
            });
            if let Some(root) = &certificates.root {
                let root = summary(root)?;
                text = format!("{text}\n{}", root.text("root certificate"));
                document["root_certificate"] = root.json();
            }
            output.result(&text, &document)
        }
    }
}

/// One certificate as it is; more of them with their places.
fn show(all: &[Summary], output: Output) -> Result<(), CliError> {
    if let [one] = all {
        return output.result(&one.text("certificate"), &one.json());
    }
    let text: Vec<_> = (1..)
        .zip(all)
        .map(|(place, one)| one.text(&format!("certificate {place} of {}", all.len())))
        .collect();
    let document = json!({ "certificates": all.iter().map(Summary::json).collect::<Vec<_>>() });
    output.result(&text.join("\n"), &document)
}

/// Certificates as PEM, to a file or standard output.
pub(super) fn export(
    certificates: &[&Certificate],
    out: Option<&Path>,
    output: Output,
) -> Result<(), CliError> {
    let pem: String = certificates.iter().map(|one| one.to_pem()).collect();
    let document = json!({ "pem": pem });
    output.file_or(out, (pem.as_bytes(), Readers::Everyone), &pem, &document)
}

/// The chip's certificates, verified.
fn of_chip(chained: &Chained) -> Result<Certificates, CliError> {
    let root = files::root(chained.root.as_deref())?;
    let snapshot = causes::run(&mut chained.chip.open()?, ReadSnapshot::new())?;
    snapshot
        .certificates_under(&root)
        .map_err(|error| missing_part::identity(&snapshot, error, CliError::from))
}
