//! `nerves-key cert compress | decompress | check`: the compressed form,
//! without a chip.

use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, FieldCheck, Format, Name, NervesKeyDevice,
    NervesKeySigner, Part, PublicKey, compress, decompress, round_trip,
};
use data_encoding::HEXUPPER;
use nerves_key_provision::Warning;
use serde_json::{Value, json};

use super::by_definition;
use crate::certificate::Summary;
use crate::cli::cert::{CertFile, Decompress, Kind};
use crate::error::CliError;
use crate::files;
use crate::hex;
use crate::output::Output;
use crate::paragraph::indent;

/// Field by field, what a chip could not give back.
pub(super) fn check(arguments: &CertFile, output: Output) -> Result<(), CliError> {
    let certificate = files::certificate(&arguments.file)?;
    let of_file = |error| CliError::input(&arguments.file, error);
    let chosen = Chosen::of(&certificate, arguments)?;
    let (definition, knows_chip) = (chosen.definition.as_ref(), chosen.knows_chip);
    let mut checks = certificate.check_fields(definition).map_err(of_file)?;
    if !knows_chip {
        // The serial number is made of the chip's, which was not given.
        checks.retain(|check| check.part != Part::SerialNumber);
    }
    let lost = checks.iter().filter(|check| !check.survives()).count();
    let text: String = checks.iter().map(line).collect();
    let verdict = match (lost, knows_chip) {
        (0, true) => "A chip gives it back as it is.".to_owned(),
        (0, false) => "A chip gives it back as it is, if its serial number is that of the chip \
                       (--device-sn)."
            .to_owned(),
        (lost, _) => format!("A chip cannot give it back: fields that differ: {lost}."),
    };
    let compressed = if knows_chip {
        round_trip(&certificate, definition).ok()
    } else {
        in_either_format(&certificate, definition).ok()
    };
    let format = compressed.map(|compressed| compressed.dates.format());
    if format == Some(Format::V1) && chosen.is_nerves_key {
        output.message(&format!("warning: {}", Warning::Format));
    }
    let document = json!({
        "kind": chosen.kind,
        "format": format.map(|format| format as u8),
        "compressible": lost == 0,
        "fields": checks.iter().map(value).collect::<Vec<_>>(),
    });
    let head = if chosen.is_nerves_key {
        format!("as a {} certificate of a NervesKey", chosen.kind)
    } else {
        format!("as a certificate of the definition {:?}", chosen.kind)
    };
    output.result(&format!("{head}\n\n{text}\n{verdict}"), &document)?;
    match lost {
        0 => Ok(()),
        _ => Err(CliError::failed(verdict).after_document()),
    }
}

/// Without the serial number nothing tells which format was meant: the one that
/// every library reads, where it holds the dates.
fn in_either_format(
    certificate: &Certificate,
    definition: &dyn CertificateDef,
) -> Result<CompressedCertificate, atecc_x509::Error> {
    compress(certificate, definition, Format::V0)
        .or_else(|error| compress(certificate, definition, Format::V1).or(Err(error)))
}

fn line(check: &FieldCheck) -> String {
    let mark = if check.survives() { "ok" } else { "DIFFERS" };
    let head = format!("{mark:<9}{}\n", check.part);
    if check.survives() {
        return head;
    }
    let digits = |bytes: &[u8]| {
        if bytes.is_empty() {
            "nothing".to_owned()
        } else {
            shorten(&HEXUPPER.encode(bytes))
        }
    };
    if let Some(reason) = &check.reason {
        return head + &indent(reason, "           ", "           ");
    }
    let found = format!("           it has   {}\n", digits(&check.found));
    let rebuilt = check.rebuilt.as_deref().map_or_else(String::new, |bytes| {
        format!("           must be  {}\n", digits(bytes))
    });
    head + &found + &rebuilt
}

/// What fits a line.
fn shorten(digits: &str) -> String {
    const LONGEST: usize = 56;
    match digits.get(..LONGEST) {
        Some(start) if digits.len() > LONGEST => format!("{start}.."),
        _ => digits.to_owned(),
    }
}

fn value(check: &FieldCheck) -> Value {
    json!({
        "field": check.part.to_string(),
        "survives": check.survives(),
        "found": HEXUPPER.encode(&check.found),
        "rebuilt": check.rebuilt.as_deref().map(|bytes| HEXUPPER.encode(bytes)),
        "reason": check.reason,
    })
}

/// The 72 bytes.
pub(super) fn show_compressed(arguments: &CertFile, output: Output) -> Result<(), CliError> {
    let certificate = files::certificate(&arguments.file)?;
    let of_file = |error: Box<dyn std::error::Error>| {
        CliError::input(&arguments.file, error)
            .with_remark(" (nerves-key cert check says it field by field)")
    };
    let chosen = Chosen::of(&certificate, arguments)?;
    let definition = chosen.definition.as_ref();
    let compressed = if chosen.knows_chip {
        round_trip(&certificate, definition).map_err(|error| {
            let lost = lost(&certificate, definition);
            of_file(format!("{error}{lost}").into())
        })?
    } else {
        // All but the serial number is known.
        let checks = certificate.check_fields(definition);
        let checks = checks.map_err(|error| of_file(error.into()))?;
        let known = |check: &&FieldCheck| check.part != Part::SerialNumber;
        let mut lost = checks
            .iter()
            .filter(known)
            .filter(|check| !check.survives());
        if let Some(check) = lost.next() {
            return Err(of_file(
                format!("a chip cannot give its {} back", check.part).into(),
            ));
        }
        output.message("serial number not compared: --device-sn was not given");
        in_either_format(&certificate, definition).map_err(|error| of_file(error.into()))?
    };
    if compressed.dates.format() == Format::V1 && chosen.is_nerves_key {
        output.message(&format!("warning: {}", Warning::Format));
    }
    let digits = HEXUPPER.encode(&compressed.to_bytes());
    let document = json!({
        "kind": chosen.kind,
        "compressed": digits,
        "format": compressed.dates.format() as u8,
    });
    output.result(&digits, &document)
}

/// The certificate that 72 bytes and the rest of a chip stand for.
pub(super) fn show_decompressed(arguments: &Decompress, output: Output) -> Result<(), CliError> {
    let bytes = hex::array::<72>("the compressed certificate", &arguments.compressed)?;
    let compressed = CompressedCertificate::from_bytes(&bytes).map_err(CliError::refused)?;
    let public_key = key("--public-key", &arguments.public_key)?;
    let (certificate, signer) = match (&arguments.defined.definition, arguments.kind) {
        (Some(path), _) => {
            let definition =
                by_definition::of_compressed(&by_definition::read(path)?, public_key, arguments)?;
            let certificate = decompress(&compressed, &definition);
            (certificate, definition.signer_public_key())
        }
        (None, None | Some(Kind::Signer)) => {
            let definition = NervesKeySigner { public_key };
            (decompress(&compressed, &definition), Some(public_key))
        }
        (None, Some(Kind::Device)) => {
            let missing = |option| {
                CliError::refused(format!(
                    "{option} is missing: a device certificate is made of it, too"
                ))
            };
            let serial = arguments
                .serial
                .as_deref()
                .ok_or_else(|| missing("--serial"))?;
            let sn = arguments.device_sn.as_deref();
            let signer = arguments.signer_key.as_deref();
            let definition = NervesKeyDevice {
                subject: Name::from_stored_serial(serial.as_bytes()),
                device_sn: hex::array("--device-sn", sn.ok_or_else(|| missing("--device-sn"))?)?,
                public_key,
                signer_public_key: key(
                    "--signer-key",
                    signer.ok_or_else(|| missing("--signer-key"))?,
                )?,
            };
            let certificate = decompress(&compressed, &definition);
            (certificate, Some(definition.signer_public_key))
        }
    };
    // All that it is made of was given: what is made of it tells what is wrong there.
    let certificate = certificate.map_err(CliError::refused)?;
    let verifies = signer.map(|key| certificate.verify(&key));
    if verifies.is_none() {
        output.message("signature not verified: --signer-key was not given");
    }
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    let mut document = summary.json();
    document["verified"] = json!(verifies.as_ref().map(Result::is_ok));
    output.result(&certificate.to_pem(), &document)?;
    match verifies {
        Some(Err(error)) => Err(CliError::failed(error).after_document()),
        Some(Ok(())) | None => Ok(()),
    }
}

/// What a chip would hold beside the 72 bytes, for the kind of certificate that
/// the file seems to be.
struct Chosen {
    definition: Box<dyn CertificateDef>,
    /// As JSON and sentences have it.
    kind: String,
    is_nerves_key: bool,
    /// Whether all is known that the certificate is made of.
    knows_chip: bool,
}

impl Chosen {
    fn of(certificate: &Certificate, arguments: &CertFile) -> Result<Self, CliError> {
        if let Some(path) = &arguments.defined.definition {
            let definition = by_definition::read(path)?;
            let (defined, knows_chip) =
                by_definition::of_certificate(&definition, certificate, arguments)?;
            return Ok(Self {
                definition: Box::new(defined),
                kind: definition.name().to_owned(),
                is_nerves_key: false,
                knows_chip,
            });
        }
        let of_file = |error| CliError::input(&arguments.file, error);
        let public_key = certificate.public_key().map_err(of_file)?;
        let Some(signer_cert) = &arguments.signer_cert else {
            return Ok(Self {
                definition: Box::new(NervesKeySigner { public_key }),
                kind: "signer".to_owned(),
                is_nerves_key: true,
                knows_chip: true,
            });
        };
        let signer = files::certificate(signer_cert)?;
        let subject = certificate.subject_text();
        let serial = subject.strip_prefix("CN=").unwrap_or(&subject);
        let definition = NervesKeyDevice {
            subject: Name::from_stored_serial(serial.as_bytes()),
            device_sn: match &arguments.device_sn {
                Some(text) => hex::array("--device-sn", text)?,
                None => [0; 9],
            },
            public_key,
            signer_public_key: signer
                .public_key()
                .map_err(|error| CliError::input(signer_cert, error))?,
        };
        Ok(Self {
            definition: Box::new(definition),
            kind: "device".to_owned(),
            is_nerves_key: true,
            knows_chip: arguments.device_sn.is_some(),
        })
    }
}

/// The fields that a chip could not give back, in brackets.
fn lost(certificate: &Certificate, definition: &dyn CertificateDef) -> String {
    let Ok(checks) = certificate.check_fields(definition) else {
        return String::new();
    };
    let lost = checks.iter().filter(|check| !check.survives());
    let lost: Vec<_> = lost.map(|check| check.part.to_string()).collect();
    format!("; fields that differ: {}", lost.join(", "))
}

/// 64 bytes in hex, or a PEM file with a key or certificate.
pub(super) fn key(option: &str, text: &str) -> Result<PublicKey, CliError> {
    if let Some(path) = text.strip_prefix('@') {
        return files::public_key(path.as_ref());
    }
    hex::array::<64>(option, text).map(PublicKey::from_bytes)
}
