//! `nerves-key pkcs11 uri`.
//!
//! The module's own code looks for the chips, so that what is printed is what
//! the module will say. It need not be installed for that.

use std::collections::BTreeMap;
use std::sync::Arc;

use nerves_key_device::DeviceUri;
use nerves_key_pkcs11_core::chip::Chip;
use nerves_key_pkcs11_core::object::{DEVICE_CERTIFICATE, Names, SIGNER_CERTIFICATE};
use nerves_key_pkcs11_core::settings::{CK_SLOT_ID, Environment, Origin, Settings};
use nerves_key_pkcs11_core::stuck_bus::StuckBuses;
use nerves_key_pkcs11_core::token::{Freshness, Token};
use serde_json::{Value, json};

use crate::cli::pkcs11::ThisChip;
use crate::error::{CliError, Exit};
use crate::output::{Output, escape, one_line};

pub(super) fn run(chip: &ThisChip, output: Output) -> Result<(), CliError> {
    let settings = Settings::load(Environment::Trusted, |problem| {
        output.message(&one_line(&problem));
    });
    let (slots, freshness) = match &chip.device {
        // Somebody wants this very chip.
        Some(device) => (one(&settings, device), Freshness::Now),
        None => (settings.slots_now(), Freshness::Recent),
    };
    let stuck = Arc::<StuckBuses>::default();
    let mut lines = Vec::new();
    let mut documents = Vec::new();
    let mut silent = Vec::new();
    for (slot, device) in slots {
        let origin = match &chip.device {
            Some(_) => Origin::Configured,
            None => settings.origin(slot),
        };
        let token = Token::new(slot, device, origin)
            .with_options(settings.options.of(slot))
            .with_stuck_buses(Arc::clone(&stuck));
        match token.chip(freshness) {
            Ok(chip) => {
                let names = Names::new(slot);
                let uris = uris(&token.label(), &names, &chip);
                lines.push(format!(
                    "{}: {} in slot {slot}",
                    escape(token.description()),
                    chip.serial_number()
                ));
                lines.extend(uris.iter().map(|(what, uri)| format!("  {what:<22}{uri}")));
                documents.push(document(&names, &token, &chip, &uris));
            }
            Err(error) => silent.push(format!("{}: {}", token.description(), error.explained())),
        }
    }
    if documents.is_empty() {
        let mut reasons = silent.into_iter();
        let first = reasons.next().unwrap_or("there is no bus".to_owned());
        let error = CliError::new(Exit::NoChip, format!("no chip answers: {first}"));
        return Err(reasons.fold(error, CliError::with_advice));
    }
    output.result(&lines.join("\n"), &json!({ "chips": documents }))
}

fn one(settings: &Settings, device: &DeviceUri) -> BTreeMap<CK_SLOT_ID, DeviceUri> {
    BTreeMap::from([(settings.slot_of(device), device.clone())])
}

/// What there is on the chip, by what it is.
fn uris(label: &str, names: &Names, chip: &Chip) -> Vec<(String, String)> {
    let token = token(label);
    let object = |label: &str, kind: &str| {
        let label = percent_encode(label.as_bytes());
        format!("{token};object={label};type={kind}")
    };
    let mut uris = vec![("token".to_owned(), token.clone())];
    for key in &chip.keys {
        // The key of slot 0 is what a NervesKey has.
        let of = match key.slot.index() {
            0 => String::new(),
            _ => format!(", {}", key.slot),
        };
        let label = names.for_key(key.slot).label;
        uris.push((format!("private key{of}"), object(&label, "private")));
        if key.public.is_some() {
            uris.push((format!("public key{of}"), object(&label, "public")));
        }
    }
    let own = names.for_key(chip.contents().snapshot.key_slot());
    let certificates = [
        (DEVICE_CERTIFICATE, "certificate", own.label),
        (
            SIGNER_CERTIFICATE,
            "signer certificate",
            names.for_signer().label,
        ),
    ];
    for (handle, what, label) in certificates {
        if chip.objects.iter().any(|object| object.handle == handle) {
            uris.push((what.to_owned(), object(&label, "cert")));
        }
    }
    uris
}

fn token(label: &str) -> String {
    format!("pkcs11:token={}", percent_encode(label.as_bytes()))
}

fn document(names: &Names, token: &Token, chip: &Chip, uris: &[(String, String)]) -> Value {
    let by_kind: serde_json::Map<_, _> = uris
        .iter()
        .map(|(what, uri)| (what.replace(',', "").replace(' ', "_"), json!(uri)))
        .collect();
    json!({
        "slot": token.slot(),
        "device": token.description(),
        "serial_number": chip.serial_number().to_string(),
        "id": percent_encode(&names.id),
        "uris": by_kind,
    })
}

/// As RFC 7512, section 2.3 has it: unreserved characters as they are, all
/// others by `%` and two hexadecimal digits.
fn percent_encode(bytes: &[u8]) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    bytes.iter().fold(String::new(), |text, byte| {
        if unreserved(*byte) {
            text + &char::from(*byte).to_string()
        } else {
            text + &format!("%{byte:02X}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(percent_encode(b"1 signer"), "1%20signer");
        assert_eq!(percent_encode(b":;=%/?"), "%3A%3B%3D%25%2F%3F");
        assert_eq!(percent_encode("\u{e9}".as_bytes()), "%C3%A9");
    }

    #[test]
    fn a_token_is_named_by_its_label() {
        assert_eq!(token("1"), "pkcs11:token=1");
        assert_eq!(token("green house"), "pkcs11:token=green%20house");
    }
}
