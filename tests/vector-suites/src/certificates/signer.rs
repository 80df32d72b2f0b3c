//! Signer certificates.

use std::error::Error;

use atecc_x509::{
    Certificate, DateError, EncodedDates, Error as X509Error, Format, NervesKeySigner, PublicKey,
    SerialInputs, SerialSource, SignerError, Validity,
};
use serde::Deserialize;

use super::row::{Dates, Row, public_half};
use tests_vector_runner::{Checked, Hex, Outcome, Verdict, holds, same};

#[derive(Deserialize)]
pub(super) struct Signer {
    #[serde(flatten)]
    row: Row,
    years_valid: u16,
    private_key: Hex,
    subject_key_id: Hex,
    slot_11: Option<Outcome<Hex>>,
    slot_12: Option<Outcome<Hex>>,
}

/// A row of `signer_errors`, of which no example is known.
#[derive(Deserialize)]
pub(super) struct SignerErrorRow {
    now: String,
    years_valid: u16,
}

pub(super) fn signer(case: &Signer) -> Checked {
    let row = &case.row;
    let public_key = row.public_key()?;
    same("private_key", public_half(&case.private_key)?, public_key)?;
    same(
        "subject_key_id",
        public_key.microchip_key_id().as_bytes(),
        &case.subject_key_id.array()?,
    )?;
    slots(case, &public_key)?;
    let certificate = row.certificate(&public_key)?;
    let definition = NervesKeySigner { public_key };
    let issued = Validity::issued_at(row.now()?, case.years_valid);
    match Dates::of(row.now()?, case.years_valid) {
        Dates::Same => {
            let validity = issued?;
            let tbs = definition.issue(validity, Format::V0)?;
            same("signed part", tbs.as_der(), certificate.tbs_der())?;
            let assembled = tbs.assemble(&certificate.signature()?);
            same("certificate", &assembled, &certificate)?;
            row.survives(&certificate, &definition)?;
            let checked = NervesKeySigner::check(&certificate)?;
            same(
                "checked",
                (checked.signer, checked.validity),
                (definition, validity),
            )?;
            if row.differs_in_integers()? {
                return Ok(Verdict::Differs("minimal-integers"));
            }
            Ok(Verdict::Pass)
        }
        Dates::LeapDay => {
            let issue = issued?.issue();
            same(
                "issued",
                (issue.month(), issue.day(), issue.hour()),
                (2, 28, 23),
            )?;
            leap_day(case, &certificate, &definition)?;
            Ok(Verdict::Differs("leap-day"))
        }
        Dates::Year => {
            holds(
                "issued outside the years of the format",
                matches!(issued, Err(DateError::IssueYear { .. })),
            )?;
            let error = row.clamped(&certificate, &definition, |error| {
                matches!(error, DateError::IssueYear { .. })
            })?;
            refused(&certificate, &error)?;
            Ok(Verdict::Differs("issue-year"))
        }
        Dates::Span => {
            holds(
                "issued for more or fewer years than fit",
                matches!(issued, Err(DateError::Span { .. })),
            )?;
            let error = row.clamped(&certificate, &definition, |error| {
                matches!(error, DateError::Span { .. })
            })?;
            refused(&certificate, &error)?;
            Ok(Verdict::Differs("span"))
        }
    }
}

pub(super) fn signer_error(case: &SignerErrorRow) -> Checked {
    Err(format!(
        "no rule for a signer that the reference refuses: {} for {} years",
        case.now, case.years_valid
    )
    .into())
}

/// Slots 11 and 12 as the reference fills them.
fn slots(case: &Signer, public_key: &PublicKey) -> Result<(), Box<dyn Error>> {
    if let Some(Outcome::Value(slot)) = &case.slot_11 {
        let slot = slot.array()?;
        same("slot_11", public_key.to_nerves_key_slot(), slot)?;
        same(
            "slot_11 read",
            PublicKey::from_nerves_key_slot(&slot)?,
            *public_key,
        )?;
    }
    if let Some(Outcome::Value(slot)) = &case.slot_12 {
        let compressed = Outcome::Value(slot.clone());
        same("slot_12", &compressed, &case.row.compressed)?;
    }
    Ok(())
}

/// The checks for people say the same as compression.
fn refused(certificate: &Certificate, error: &X509Error) -> Result<(), Box<dyn Error>> {
    match NervesKeySigner::check(certificate) {
        Err(SignerError::Certificate(found)) => same("reason", &found, error),
        other => Err(format!("not refused for its dates: {other:?}").into()),
    }
}

/// Where the last day exists, the reference's certificate is read as it is;
/// where it does not, ours refuses it as the reference's compression does.
fn leap_day(
    case: &Signer,
    certificate: &Certificate,
    definition: &NervesKeySigner,
) -> Result<(), Box<dyn Error>> {
    let row = &case.row;
    if row.is_compressed() {
        row.survives(certificate, definition)?;
        NervesKeySigner::check(certificate)?;
        return Ok(());
    }
    let years = case.years_valid.try_into()?;
    let dates: EncodedDates = row.has_no_last_day(certificate, definition, years)?;
    let inputs = SerialInputs {
        public_key: Some(&row.public_key()?),
        device_sn: None,
        signer_id: 0,
        dates,
    };
    let serial = SerialSource::PublicKeyPositive.serial_number(&inputs, 16)?;
    same("serial of the dates", serial.as_bytes(), row.serial_hex())
}
