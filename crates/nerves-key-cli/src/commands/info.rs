//! `nerves-key info`.

use std::path::Path;

use atecc::commands::InfoLatch;
use atecc_x509::{Certificate, Error, TrustChain};
use data_encoding::HEXUPPER;
use nerves_key::{
    Identity, IdentityError, ReadSnapshot, Snapshot, Stage, SubjectReading, TrustIdentity,
};
use nerves_key_provision::Warning;
use nerves_key_schema::{Layout, open_certificates, slot};
use serde_json::{Value, json};

use crate::certificate::Summary;
use crate::cli::chip::Chained;
use crate::error::CliError;
use crate::files;
use crate::output::{Output, escape, escape_path};
use crate::{causes, missing_part, slot_keys};

pub(super) fn run(arguments: &Chained, output: Output) -> Result<(), CliError> {
    let root = files::root(arguments.root.as_deref())?;
    let mut device = arguments.chip.open()?;
    let snapshot = causes::run(&mut device, ReadSnapshot::new())?;
    let mut lines = vec![
        ("chip", snapshot.config.revision().to_string()),
        ("serial", snapshot.config.serial_number().to_string()),
        ("address", device.address().to_string()),
        ("stage", snapshot.stage().to_string()),
        ("locks", locks(&snapshot)),
    ];
    let mut document = document(&snapshot, device.address().get());
    let layout = snapshot.stage().layout();
    lines.extend(layout.map(|layout| ("layout", layout.to_string())));
    if let Some(keys) = slot_keys::read(&mut device, &snapshot)? {
        lines.push(("keys", slot_keys::text(&keys)));
        document["keys"] = slot_keys::document(&keys);
    }
    let active = match snapshot.stage() {
        Stage::Finished(Layout::Volatile) => match device.execute(InfoLatch::Read) {
            Ok(active) => Some(active),
            // All else that it says is worth reading.
            Err(error) => {
                lines.push((
                    "note",
                    format!("whether its key is active is not known: {error}"),
                ));
                None
            }
        },
        _ => None,
    };
    document["active"] = json!(active);
    let found = match snapshot.stage() {
        Stage::TrustPart => snapshot.trust_identity_under(&root).map(|identity| {
            let root = RootOf::new(&root, arguments.root.as_deref())?;
            trust_part(&identity, root)
        }),
        _ => snapshot.identity().map(|identity| found(&identity)),
    };
    if is_open(&snapshot) {
        lines.push(("note", Warning::CertificatesOpen.to_string()));
    }
    let trouble = match (snapshot.stage(), found) {
        (_, Ok(found)) => {
            let found = found.map_err(CliError::failed)?;
            lines.extend(found.lines);
            merge(&mut document, found.document);
            None
        }
        (Stage::Finished(_) | Stage::KeySlotOpen(_) | Stage::TrustPart, Err(error)) => Some(error),
        _ => None,
    };
    let next = match active {
        Some(false) if trouble.is_none() => {
            "its key is not active: nerves-key volatile unlock activates it, until the supply fails"
        }
        _ => next(snapshot.stage(), trouble.as_ref()),
    };
    lines.push(("next", next.to_owned()));
    if let Some(error) = &trouble {
        document["problem"] = json!(error.to_string());
    }
    let text = lines
        .into_iter()
        .fold(String::new(), |text, (name, value)| {
            text + &format!("{name:<12}{value}\n")
        });
    output.result(&text, &document)?;
    let Some(error) = trouble else { return Ok(()) };
    Err(missing_part::identity(&snapshot, error, CliError::failed))
}

/// Whose the root is that a part's certificates were verified up to.
#[derive(Clone, Copy)]
enum RootOf<'a> {
    Microchip,
    /// Somebody who gave it as a file.
    Other(&'a Path),
}

impl<'a> RootOf<'a> {
    fn new(root: &Certificate, path: Option<&'a Path>) -> Result<Self, Error> {
        Ok(match path {
            Some(path) if *root != TrustChain::microchip_root()? => Self::Other(path),
            _ => Self::Microchip,
        })
    }
}

/// What a verified identity adds.
struct Found {
    lines: Vec<(&'static str, String)>,
    document: Value,
}

fn found(identity: &Identity) -> Result<Found, Error> {
    let device = Summary::of(&identity.device_certificate)?;
    let signer = Summary::of(&identity.signer_certificate)?;
    let serial = String::from_utf8_lossy(identity.otp.manufacturer_serial()).into_owned();
    let board = String::from_utf8_lossy(identity.otp.board_name()).into_owned();
    let mut lines = vec![
        (
            "device",
            format!("{} (manufacturer serial number)", escape(&serial)),
        ),
        ("board", escape(&board)),
        (
            "certificate",
            format!("{}, valid {}", device.subject(), device.validity()),
        ),
        (
            "signer",
            format!("{}, valid {}", signer.subject(), signer.validity()),
        ),
        (
            "verified",
            "both certificates, under the signer's key".to_owned(),
        ),
    ];
    if identity.subject == SubjectReading::ReferenceSplit {
        lines.push((
            "note",
            "the subject was split at '/' by the library that issued the certificate".to_owned(),
        ));
    }
    if identity.subject == SubjectReading::CommonName && serial.contains('/') {
        lines.push(("note", Warning::Slash.to_string()));
    }
    let document = json!({
        "manufacturer_serial": serial,
        "board_name": board,
        "otp_user": identity.otp.user().map(|user| HEXUPPER.encode(user)),
        "device_certificate": device.json(),
        "signer_certificate": signer.json(),
        "verified": true,
    });
    Ok(Found { lines, document })
}

/// What the verified identity of a part of Microchip's adds, or of one that is
/// like it.
fn trust_part(identity: &TrustIdentity, root: RootOf<'_>) -> Result<Found, Error> {
    let device = Summary::of(&identity.device_certificate)?;
    let signer = Summary::of(&identity.signer_certificate)?;
    let serial = identity.manufacturer_serial();
    let mac = identity
        .mac
        .map(|mac| String::from_utf8_lossy(&mac).into_owned());
    let kind = identity.kind.map(|kind| kind.to_string());
    let mut lines = vec![(
        "device",
        format!("{} (manufacturer serial number)", escape(&serial)),
    )];
    lines.extend(kind.clone().map(|kind| ("part", kind)));
    lines.extend(mac.clone().map(|mac| ("MAC", escape(&mac))));
    lines.extend([
        (
            "certificate",
            format!("{}, valid {}", device.subject(), device.validity()),
        ),
        (
            "signer",
            format!("{}, valid {}", signer.subject(), signer.validity()),
        ),
        (
            "verified",
            match root {
                RootOf::Microchip => "both certificates, up to Microchip's root".to_owned(),
                RootOf::Other(path) => format!(
                    "both certificates, up to {}, which is not of Microchip",
                    escape_path(path)
                ),
            },
        ),
    ]);
    let document = json!({
        "manufacturer_serial": serial,
        "part": kind,
        "mac": mac,
        "signer_id": format!("{:04X}", identity.signer_id),
        "device_certificate": device.json(),
        "signer_certificate": signer.json(),
        "verified": true,
        "microchip_root": matches!(root, RootOf::Microchip),
    });
    Ok(Found { lines, document })
}

fn document(snapshot: &Snapshot, address: u8) -> Value {
    let config = &snapshot.config;
    let stage = snapshot.stage();
    json!({
        "chip": config.revision().to_string(),
        "revision": HEXUPPER.encode(&config.revision().to_bytes()),
        "serial_number": config.serial_number().to_string(),
        "address": address,
        "stage": stage.name(),
        "layout": stage.layout().map(|layout| layout.to_string()),
        "locks": {
            "configuration": config.config_lock().is_locked(),
            "data": config.data_lock().is_locked(),
            "device_key": config.slot_lock(slot::DEVICE_KEY).is_locked(),
            "certificates": stage.layout().map(|_| open_certificates(config).next().is_none()),
        },
        "public_key": snapshot.public_key.map(|key| HEXUPPER.encode(key.as_bytes())),
        "verified": false,
    })
}

fn merge(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        document.extend(more);
    }
}

/// Whether the certificates of a finished chip can be destroyed.
fn is_open(snapshot: &Snapshot) -> bool {
    let open = open_certificates(&snapshot.config).next();
    matches!(snapshot.stage(), Stage::Finished(_)) && open.is_some()
}

fn locks(snapshot: &Snapshot) -> String {
    let config = &snapshot.config;
    let locks = format!(
        "configuration {}, data and OTP {}, device key {}",
        config.config_lock(),
        config.data_lock(),
        config.slot_lock(slot::DEVICE_KEY)
    );
    // Another chip has something else in these slots.
    if snapshot.stage().layout().is_none() {
        return locks;
    }
    let certificates = match open_certificates(config).count() {
        0 => "locked",
        4.. => "unlocked",
        _ => "locked in part",
    };
    format!("{locks}, certificates {certificates}")
}

/// What a user may do now.
const fn next(stage: Stage, trouble: Option<&IdentityError>) -> &'static str {
    match (stage, trouble) {
        (_, Some(_)) => "its certificates do not verify: see the error",
        (Stage::Blank, _) => "nerves-key provision makes it a NervesKey",
        (
            Stage::Configured(Layout::Volatile)
            | Stage::Keyed(Layout::Volatile)
            | Stage::KeySlotOpen(Layout::Volatile),
            _,
        ) => "nerves-key provision --layout volatile, with the same keys, finishes what was begun",
        (Stage::Configured(_) | Stage::Keyed(_) | Stage::KeySlotOpen(_), _) => {
            "nerves-key provision finishes what was begun"
        }
        (Stage::Finished(_), _) => "ready for use: nerves-key cert export, nerves-key sign",
        (Stage::Foreign(_), _) => "it is locked for another purpose and cannot become a NervesKey",
        (Stage::TrustPart, _) => {
            "ready for use, with the certificates that it has: nerves-key cert export, nerves-key \
             sign"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microchips_root_may_be_in_a_file() {
        let root = TrustChain::microchip_root().unwrap();
        for path in [None, Some(Path::new("root.pem"))] {
            let of = RootOf::new(&root, path).unwrap();
            assert!(matches!(of, RootOf::Microchip), "{path:?}");
        }
    }
}
