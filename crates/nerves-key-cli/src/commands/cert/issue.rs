//! `nerves-key cert issue`: a new certificate of a definition.

use atecc_certdef::SignedBy;
use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, Format, PublicKey, SerialSource, Validity,
    compress, decompress,
};
use data_encoding::HEXUPPER;
use serde_json::json;

use super::by_definition;
use super::without_chip::key;
use crate::certificate::Summary;
use crate::cli::cert::Issue;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::hex;
use crate::output::Output;
use crate::signing::AnySigner;
use crate::system;

pub(super) fn run(arguments: &Issue, output: Output) -> Result<(), CliError> {
    files::check_out(arguments.out.as_deref())?;
    let definition = by_definition::read(&arguments.definition)?;
    let public_key = key("--public-key", &arguments.public_key)?;
    let public_key = PublicKey::on_curve(*public_key.as_bytes())
        .map_err(|error| CliError::refused(error).about("--public-key"))?;
    let signer_id = u16::from_be_bytes(hex::array("--signer-id", &arguments.signer_id)?);
    let mut signer = AnySigner::open(&arguments.signer_key, &arguments.options)?;
    let signer_key = signer.public_key()?;
    if definition.signed_by() == SignedBy::Itself && signer_key != public_key {
        return Err(CliError::refused(
            "the definition is of a certificate that its own key signs: --public-key is another \
             key than --signer-key",
        ));
    }
    let defined = by_definition::of_new(&definition, public_key, signer_key, arguments)?;
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
    let certificate = tbs.assemble(&signature);
    certificate.verify(&signer_key).map_err(CliError::failed)?;
    // A number that is hashed is as the template's maker wants it.
    if matches!(
        defined.template().serial_source(),
        SerialSource::Stored | SerialSource::StoredDynamic
    ) {
        check_number(certificate.serial_number())?;
    }
    let compressed = compare_with_request(&certificate, &defined, (format, signer_id))?;
    let pem = certificate.to_pem();
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
fn compare_with_request(
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

/// A serial number is an INTEGER, positive and of 20 bytes at most, and DER has
/// no needless zero in front. Source: RFC 5280, section 4.1.2.2; X.690, section
/// 8.3.2.
fn check_number(number: &[u8]) -> Result<(), CliError> {
    let problem = match number {
        [] | [0] => "is 0",
        [0x80..=0xFF, ..] => "is negative: its first byte is 80 or more",
        [0, 0..0x80, ..] => "begins with a zero that does not belong there",
        _ if number.len() > 20 => "has more than 20 bytes",
        _ => return Ok(()),
    };
    let number = HEXUPPER.encode(number);
    Err(CliError::refused(format!(
        "the serial number {number} {problem}: many programs refuse such a certificate"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_integers() {
        for number in [&[1][..], &[0x7F; 20], &[0, 0x80], &[0, 0xFF, 1]] {
            check_number(number).unwrap();
        }
        for (number, problem) in [
            (&[][..], "is 0"),
            (&[0], "is 0"),
            (&[0x80], "negative"),
            (&[0xFF, 1], "negative"),
            (&[0, 1], "zero that does not belong"),
            (&[0, 0, 0x80], "zero that does not belong"),
            (&[1; 21], "more than 20"),
        ] {
            let error = check_number(number).unwrap_err().to_string();
            assert!(error.contains(problem), "{number:?}: {error}");
        }
    }
}
