//! `nerves-key csr`.

use std::str::FromStr;

use atecc_x509::{Name, PublicKey, RequestInfo, SignatureBytes};
use nerves_key::{ReadSnapshot, sign};
use nerves_key_schema::Otp;
use serde_json::json;
use x509_cert::der::{Encode, EncodePem, pem::LineEnding};

use crate::causes;
use crate::cli::csr::Csr;
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::missing_part::{self, Part};
use crate::output::Output;

pub(super) fn run(arguments: &Csr, output: Output) -> Result<(), CliError> {
    let subject = arguments.subject.as_deref().map(subject).transpose()?;
    files::check_out(arguments.out.as_deref())?;
    let mut device = arguments.chip.open()?;
    let snapshot = causes::run(&mut device, ReadSnapshot::new())?;
    let lacks = |what: &str, part| {
        let error = CliError::new(Exit::Stage, format!("the chip has no {what}"));
        missing_part::explain(&snapshot, part, error)
    };
    let key = snapshot.public_key;
    let key = key.ok_or_else(|| lacks("key", Part::PublicKey))?;
    let key = PublicKey::from(key);
    let subject = if let Some(subject) = subject {
        subject
    } else {
        let serial = "manufacturer serial number: give --subject";
        let otp = snapshot.otp.ok_or_else(|| lacks(serial, Part::OTP))?;
        let otp = Otp::from_bytes(otp)
            .map_err(|_foreign| CliError::new(Exit::Stage, format!("the chip has no {serial}")))?;
        let name = Name::from_stored_serial(otp.manufacturer_serial());
        name.as_der().to_vec()
    };
    let request = RequestInfo::new(&subject, &key, &arguments.san);
    let signature = causes::run(&mut device, sign(request.digest()))?;
    let signature = SignatureBytes::from_bytes(signature);
    // A key that cannot be read is not the one that signs.
    key.verify(&request.digest(), &signature)
        .map_err(CliError::failed)?;
    let der = request.assemble(&signature);
    let pem = pem(&der)?;
    let file = arguments.out.as_deref();
    let document = json!({ "pem": pem });
    output.file_or(file, (pem.as_bytes(), Readers::Everyone), &pem, &document)
}

fn subject(text: &str) -> Result<Vec<u8>, CliError> {
    let wrong = |error| CliError::refused(error).about(format!("--subject {text:?}"));
    let name = x509_cert::name::Name::from_str(text).map_err(wrong)?;
    name.to_der().map_err(wrong)
}

/// Parsed once more, by another library, and put into PEM.
fn pem(der: &[u8]) -> Result<String, CliError> {
    use x509_cert::der::Decode;
    let request = x509_cert::request::CertReq::from_der(der).map_err(CliError::failed)?;
    request.to_pem(LineEnding::LF).map_err(CliError::failed)
}
