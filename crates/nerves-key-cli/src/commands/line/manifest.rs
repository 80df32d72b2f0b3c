//! Microchip's manifest: a JSON array with a flattened JWS (RFC 7515, section
//! 7.2.2) for each chip.
//!
//! Source: "Trust Platform Manifest File Full Format", onlinedocs.microchip.com,
//! version 3 of the `SecureElement` object. Members that it has no place for go
//! where RFC 7515, section 4, has readers ignore what they do not know: the
//! protected header has the ends of the ledger's chains as `ledger`.

use std::fmt::Write;

use atecc_x509::{Certificate, DateTime};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use nerves_key::Jwt;
use nerves_key_line::{Batch, Export, ExportedUnit, State};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::heads;
use crate::cli::line_export::Manifest;
use crate::error::CliError;
use crate::files;
use crate::output::escape_path;
use crate::signing::{AnySigner, KeyName};

/// The version of the `SecureElement` object.
const VERSION: u8 = 3;
/// The slot of the device key, as JWKs are named.
const DEVICE_KEY: &str = "0";

/// The manifest of the verified units of `export`.
///
/// # Errors
/// Exit code 5 for a key or certificate that cannot sign, 1 when the signer
/// fails.
pub(super) fn manifest(
    arguments: &Manifest,
    batch: &Batch,
    export: &Export,
) -> Result<String, CliError> {
    let fields = Fields::new(arguments)?;
    let (mut signer, certificate) = signer(&fields, arguments)?;
    let protected = json!({
        "typ": "JWT",
        "alg": "ES256",
        "kid": BASE64URL_NOPAD.encode(&key_identifier(&fields, &certificate)?),
        "x5t#S256": BASE64URL_NOPAD.encode(&Sha256::digest(certificate.as_der())),
        "ledger": heads::document(&export.heads),
    });
    let protected = ascii(&protected.to_string());
    let issuer = batch.signer_der().map_err(CliError::refused)?;
    let mut entries = Vec::new();
    let verified = export.units.iter();
    for exported in verified.filter(|exported| exported.unit.state == State::Verified) {
        let payload = ascii(&fields.payload(batch, &issuer, exported)?.to_string());
        let token = Jwt::new(&protected, &payload);
        let signature = signer.sign_own(&token.digest()).map_err(CliError::failed)?;
        let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        entries.push(json!({
            "payload": part(payload.as_bytes()),
            "protected": part(protected.as_bytes()),
            "header": { "uniqueId": unique_id(exported) },
            "signature": part(signature.as_bytes()),
        }));
    }
    Ok(format!("{:#}\n", Value::Array(entries)))
}

/// The arguments, of which clap has seen to it that a manifest has all.
struct Fields<'a> {
    key: &'a KeyName,
    certificate: &'a std::path::Path,
    model: &'a str,
    part_number: &'a str,
    organization: &'a str,
}

impl<'a> Fields<'a> {
    fn new(arguments: &'a Manifest) -> Result<Self, CliError> {
        let missing = |name: &str| CliError::refused(format!("a manifest needs {name}"));
        let text = |value: &'a Option<String>, name| {
            let text = value.as_deref().ok_or_else(|| missing(name))?;
            if text.trim().is_empty() || atecc_text::hidden(text).is_some() {
                return Err(CliError::refused(format!(
                    "{name} {text:?}: a text that can be seen"
                )));
            }
            Ok(text)
        };
        let certificate = arguments.sign_cert.as_deref();
        Ok(Self {
            key: arguments
                .sign_key
                .as_ref()
                .ok_or_else(|| missing("--sign-key"))?,
            certificate: certificate.ok_or_else(|| missing("--sign-cert"))?,
            model: text(&arguments.model, "--model")?,
            part_number: text(&arguments.part_number, "--part-number")?,
            organization: text(&arguments.organization, "--organization")?,
        })
    }

    /// The `SecureElement` object.
    fn payload(
        &self,
        batch: &Batch,
        issuer: &[u8],
        exported: &ExportedUnit,
    ) -> Result<Value, CliError> {
        let unit = &exported.unit;
        let (Some(key), Some(certificate)) = (unit.public_key, unit.certificate.as_deref()) else {
            return Err(CliError::failed(format!(
                "the ledger has no key or certificate of the verified chip {}: audit it",
                unit.chip
            )));
        };
        let (x, y) = key.split_at(key.len() / 2);
        let own = json!({
            "organizationName": self.organization,
            "organizationalUnitName": batch.product,
        });
        Ok(json!({
            "version": VERSION,
            "model": self.model,
            "partNumber": self.part_number,
            "manufacturer": {
                "organizationName": "Microchip Technology Inc",
                "organizationalUnitName": "Secure Products Group",
            },
            "provisioner": own,
            "distributor": own,
            "groupId": batch.name,
            "provisioningTimestamp": timestamp(exported.at)?,
            "uniqueId": unique_id(exported),
            "publicKeySet": {
                "keys": [{
                    "kid": DEVICE_KEY,
                    "kty": "EC",
                    "crv": "P-256",
                    "x": BASE64URL_NOPAD.encode(x),
                    "y": BASE64URL_NOPAD.encode(y),
                    "x5c": [BASE64.encode(certificate), BASE64.encode(issuer)],
                }],
            },
        }))
    }
}

/// Key and certificate, which belong together.
fn signer(fields: &Fields<'_>, arguments: &Manifest) -> Result<(AnySigner, Certificate), CliError> {
    if matches!(fields.key, KeyName::Command(_)) {
        return Err(CliError::refused(
            "--sign-key: an exec: signer signs certificates of devices alone; name a file or \
             pkcs11:..",
        ));
    }
    let certificate = files::certificate(fields.certificate)?;
    let key = certificate.public_key();
    let key = key.map_err(|error| CliError::input(fields.certificate, error))?;
    let mut signer = AnySigner::open(fields.key, &arguments.options)?;
    signer.check(&key)?;
    Ok((signer, certificate))
}

/// By which readers find the certificate.
fn key_identifier(fields: &Fields<'_>, certificate: &Certificate) -> Result<Vec<u8>, CliError> {
    let input = |error: x509_cert::der::Error| CliError::input(fields.certificate, error);
    let parsed = x509_cert::Certificate::from_der(certificate.as_der()).map_err(input)?;
    let found = parsed
        .tbs_certificate()
        .get_extension::<SubjectKeyIdentifier>();
    let found = found.map_err(|error| CliError::input(fields.certificate, error.to_string()))?;
    let (_, identifier) = found.ok_or_else(|| {
        CliError::refused("it has no subject key identifier, by which a manifest names it")
            .about(escape_path(fields.certificate))
    })?;
    Ok(identifier.0.as_bytes().to_vec())
}

/// The same JSON, whose Base64 has none of the two letters that are not in the
/// standard alphabet: NervesHub's reader knows that one alone.
fn ascii(json: &str) -> String {
    let mut text = String::new();
    let mut units = [0; 2];
    for letter in json.chars() {
        if letter.is_ascii() && !matches!(letter, '>' | '?' | '~' | '\x7F') {
            text.push(letter);
            continue;
        }
        // No JSON has them outside its strings.
        for unit in letter.encode_utf16(&mut units) {
            // A String takes whatever is written to it.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// The chip's serial number in lower-case hex.
fn unique_id(exported: &ExportedUnit) -> String {
    HEXLOWER.encode(&exported.unit.chip.0)
}

/// RFC 3339 with milliseconds, UTC.
fn timestamp(at: i64) -> Result<String, CliError> {
    let at = u64::try_from(at).map_err(CliError::failed)?;
    let seconds = DateTime::from_unix_seconds(at / 1000).map_err(CliError::failed)?;
    let seconds = seconds.to_string();
    let seconds = seconds.trim_end_matches('Z');
    Ok(format!("{seconds}.{:03}Z", at % 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_of_both_alphabets() {
        let text = json!({ "a": "\u{e9}>>>???~~~\u{1F511}\u{7f}" }).to_string();
        let ascii = ascii(&text);
        assert_eq!(
            serde_json::from_str::<Value>(&ascii).unwrap(),
            serde_json::from_str::<Value>(&text).unwrap()
        );
        let encoded = BASE64URL_NOPAD.encode(ascii.as_bytes());
        assert!(!encoded.contains(['-', '_']), "{encoded}");
    }

    /// Of `date --utc --date=@1705339365.007 +%FT%T.%3NZ`.
    #[test]
    fn milliseconds_have_three_digits() {
        assert_eq!(
            timestamp(1_705_339_365_007).unwrap(),
            "2024-01-15T17:22:45.007Z"
        );
    }
}
