//! `nerves-key cert issue`: a new certificate of a definition.

use atecc_certdef::SignedBy;
use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, Format, PublicKey, Validity, compress,
    decompress,
};
use data_encoding::HEXUPPER;
use serde_json::json;

use super::defined;
use super::without_chip::key;
use crate::certificate::Summary;
use crate::cli::Issue;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::hex;
use crate::output::Output;
use crate::signing::AnySigner;
use crate::system;

pub(super) fn run(arguments: &Issue, output: Output) -> Result<(), CliError> {
    files::check_out(arguments.out.as_deref())?;
    let definition = defined::read(&arguments.definition)?;
    let public_key = key("--public-key", &arguments.public_key)?;
    let public_key = PublicKey::on_curve(*public_key.as_bytes())
        .map_err(|error| CliError::refused(format_args!("--public-key: {error}")))?;
    let signer_id = u16::from_be_bytes(hex::array("--signer-id", &arguments.signer_id)?);
    let mut signer = AnySigner::open(&arguments.signer_key, &arguments.options)?;
    let signer_key = signer.public_key()?;
    if definition.signed_by() == SignedBy::Itself && signer_key != public_key {
        return Err(CliError::refused(
            "the definition is of a certificate that its own key signs: --public-key is another \
             key than --signer-key",
        ));
    }
    let defined = defined::of_new(&definition, public_key, signer_key, arguments)?;
    let format = arguments.format.format();
    let validity = match arguments.years {
        // From the same hour as one that expires.
        0 => Validity::issued_in(system::now()?, 1, format)
            .and_then(|validity| Validity::new(validity.issue(), 0)),
        years => Validity::issued_in(system::now()?, years.into(), format),
    };
    let validity = validity.map_err(CliError::refused)?;
    let tbs = defined
        .issue(validity, format, signer_id)
        .map_err(CliError::refused)?;
    let signature = signer.sign_own(&tbs.digest()).map_err(CliError::failed)?;
    let certificate = tbs.assemble(&signature).map_err(CliError::failed)?;
    certificate.verify(&signer_key).map_err(CliError::failed)?;
    let compressed = as_asked(&certificate, &defined, (format, signer_id))?;
    let pem = certificate.to_pem().map_err(CliError::failed)?;
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    let mut document = summary.json();
    document["compressed"] = json!(HEXUPPER.encode(&compressed.to_bytes()));
    document["format"] = json!(format as u8);
    match &arguments.out {
        Some(path) => {
            files::create(path, pem.as_bytes(), Readers::Everyone)?;
            document["file"] = json!(path.to_string_lossy());
            let text = format!(
                "certificate of the definition {:?}, valid {}\nfor the chip: {}",
                definition.name(),
                summary.validity(),
                HEXUPPER.encode(&compressed.to_bytes())
            );
            output.result(&text, &document)
        }
        None => output.result(&pem, &document),
    }
}

/// The 72 bytes in this format and with this ID, from which the certificate
/// comes back. A definition without a place for the ID still stores it.
fn as_asked(
    certificate: &Certificate,
    defined: &dyn CertificateDef,
    (format, signer_id): (Format, u16),
) -> Result<CompressedCertificate, CliError> {
    let compressed = compress(certificate, defined, format).map_err(CliError::refused)?;
    let compressed = CompressedCertificate {
        signer_id,
        ..compressed
    };
    let rebuilt = decompress(&compressed, defined).map_err(CliError::refused)?;
    if rebuilt.as_der() == certificate.as_der() {
        Ok(compressed)
    } else {
        Err(CliError::refused(
            "a chip could not give this certificate back: its 72 bytes make another one",
        ))
    }
}
