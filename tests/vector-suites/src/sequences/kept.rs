//! What the reference does with a finished chip: auxiliary certificates and
//! settings.

use std::error::Error;

use atecc_x509::{Certificate, NervesKeySigner};
use nerves_key::settings::{Area, Settings, Value};
use nerves_key::{Auxiliary, AuxiliarySlots};
use nerves_key_provision::{KeySigner, create_auxiliary};

use super::operation::date;
use super::refused::refused;
use super::row::Operation;
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

pub(super) fn kept(row: &Operation) -> Checked {
    match row.asked() {
        "provision_aux_certificates" => provisioned(row)?,
        "has_aux_certificates? after it" => {
            same("auxiliary certificates", &row.result, &true.into())?;
            auxiliary(row)?;
        }
        "device_cert aux" => certificate(row, |found| found.device_certificate)?,
        "signer_cert aux" => certificate(row, |found| found.signer_certificate)?,
        "clear_aux_certificates" => {
            same("slots", row.auxiliary(), AuxiliarySlots::EMPTY)?;
            let found = row.snapshot()?.identity()?.auxiliary(&row.auxiliary())?;
            holds("none are found", found.is_none())?;
        }
        "put_settings" if row.is_refused() => return refused(row),
        "put_settings" => put(row)?,
        "get_raw_settings" => {
            let raw: Hex = serde_json::from_value(row.result["ok"].clone())?;
            let ours = settings(row).ok_or("no settings")?;
            same("settings", ours.as_bytes(), &raw.0)?;
        }
        other => return Err(format!("{other:?} is not known here").into()),
    }
    Ok(Verdict::Pass)
}

fn auxiliary(row: &Operation) -> Result<Auxiliary, Box<dyn Error>> {
    let found = row.snapshot()?.identity()?.auxiliary(&row.auxiliary())?;
    Ok(found.ok_or("ours finds none")?)
}

fn certificate(row: &Operation, part: fn(Auxiliary) -> Certificate) -> Result<(), Box<dyn Error>> {
    let theirs: Hex = serde_json::from_value(row.result["certificate_der"].clone())?;
    same("certificate", part(auxiliary(row)?).as_der(), &theirs.0)
}

/// Ours for the same chip, signer and hour: all is the same but a signature,
/// which is random.
fn provisioned(row: &Operation) -> Result<(), Box<dyn Error>> {
    let key = row.signer_private_key.as_ref().ok_or("no signer key")?;
    let mut key = KeySigner::from_bytes(&key.array()?)?;
    let pem = row.signer_pem.as_deref().ok_or("no signer certificate")?;
    let signer = NervesKeySigner::check(&Certificate::from_pem(pem)?)?;
    let identity = row.snapshot()?.identity()?;
    let ours = create_auxiliary(
        &identity,
        &signer,
        &mut key,
        date(&row.now)?,
        atecc_x509::Format::V0,
    )?;
    let theirs = row.auxiliary();
    same("slot 14", ours.signer_public_key, theirs.signer_public_key)?;
    same(
        "slot 15",
        ours.signer_certificate,
        theirs.signer_certificate,
    )?;
    let dates = |slots: &AuxiliarySlots| slots.device_certificate[64..].to_vec();
    same("dates and ids", dates(&ours), dates(&theirs))?;
    let (ours, theirs) = (identity.auxiliary(&ours)?, auxiliary(row)?);
    let ours = ours.ok_or("ours reads none")?;
    same("signer", ours.signer_certificate, theirs.signer_certificate)
}

fn settings(row: &Operation) -> Option<Settings> {
    let parts: Option<Vec<_>> = [(8, 416), (7, 36), (6, 36), (5, 36)]
        .iter()
        .map(|(slot, size)| row.slot_bytes(*slot)?.get(..*size))
        .collect();
    Settings::from_bytes(Area::NervesKey, &parts?.concat()).ok()
}

fn put(row: &Operation) -> Result<(), Box<dyn Error>> {
    same("settings", row.settings(), Some("%{\"a\" => 1}"))?;
    let value = Value::Map(vec![(Value::Text("a".into()), Value::Integer(1))]);
    let theirs = settings(row).ok_or("no settings")?;
    same("value", theirs.value()?, Some(value.clone()))?;
    let empty = Settings::from_bytes(Area::NervesKey, &[])?;
    same("bytes", empty.write_value_as_term(&value)?.after(), &theirs)
}
