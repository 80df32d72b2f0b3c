//! `nerves-key csr`.

use std::str::FromStr;

use atecc_x509::{Name, PublicKey, RequestInfo, SignatureBytes};
use nerves_key::{ReadSnapshot, sign};
use nerves_key_schema::Otp;
use serde_json::json;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::DB;
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
    let refused = |error: CliError| {
        error.about(format!("--subject {text:?}")).with_advice(
            "For example --subject CN=device-1,O=Example; a comma within a value is \\,",
        )
    };
    parts(text)
        .try_for_each(check)
        .map_err(|reason| refused(CliError::refused(reason)))?;
    // What it does not take all the same.
    let name = x509_cert::name::Name::from_str(text);
    let der = name.and_then(|name| name.to_der());
    der.map_err(|error| refused(CliError::refused(error)))
}

/// What stands between commas and plus signs that no backslash is before.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    text.split(move |character| {
        let is_end = matches!(character, ',' | '+') && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    })
}

/// TYPE=VALUE. Source: RFC 4514, 2.3.
fn check(part: &str) -> Result<(), String> {
    let Some((kind, value)) = part.split_once('=') else {
        return Err(match part {
            "" => "there is no TYPE=VALUE, or none before a comma or after it".to_owned(),
            part => format!("{part:?} is no TYPE=VALUE"),
        });
    };
    if kind != kind.trim() {
        return Err(format!(
            "there is a space before or after the type {:?}",
            kind.trim()
        ));
    }
    if DB.by_name(kind).is_none() && ObjectIdentifier::new(kind).is_err() {
        return Err(format!(
            "{kind:?} is no type that is known, such as CN, O, OU, L, ST, C or serialNumber, nor \
             a number such as 2.5.4.5"
        ));
    }
    if value.is_empty() {
        return Err(format!("{kind} has no value"));
    }
    Ok(())
}

/// Parsed once more, by another library, and put into PEM.
fn pem(der: &[u8]) -> Result<String, CliError> {
    use x509_cert::der::Decode;
    let request = x509_cert::request::CertReq::from_der(der).map_err(CliError::failed)?;
    request.to_pem(LineEnding::LF).map_err(CliError::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rfc_4514_are_taken() {
        // Source: RFC 4514, 4, but the one of hex digits.
        for text in [
            "UID=jsmith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
            "2.5.4.5=7",
        ] {
            assert!(subject(text).is_ok(), "{text}: {:?}", subject(text));
        }
    }

    #[test]
    fn each_refusal_says_why_and_shows_one() {
        for (text, reason) in [
            ("", "there is no TYPE=VALUE"),
            ("device-1", "\"device-1\" is no TYPE=VALUE"),
            ("CN=a,", "there is no TYPE=VALUE"),
            ("CN=a, O=b", "a space before or after the type \"O\""),
            ("XY=a", "\"XY\" is no type that is known"),
            ("CN=", "CN has no value"),
            ("/CN=device-1", "\"/CN\" is no type"),
        ] {
            let refusal = subject(text).unwrap_err().to_string();
            assert!(refusal.contains(reason), "{text}: {refusal}");
            assert!(
                refusal.contains("--subject CN=device-1,O=Example"),
                "{refusal}"
            );
        }
    }
}
