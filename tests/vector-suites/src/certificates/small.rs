//! Dates and serial numbers by themselves.

use atecc_x509::{
    CertificateDef, DateError, DateFields, DateTime, EncodedDates, Format, NervesKeySigner,
    PublicKey, SerialInputs, SerialSource, Validity,
};
use serde::Deserialize;

use super::row::{Asn1Time, der_times};
use tests_vector_runner::{Checked, Hex, Outcome, Verdict, holds, same};

/// Year, month, day, hour, minute, second.
type SixFields = (u16, u8, u8, u8, u8, u8);

#[derive(Deserialize)]
pub(super) struct Compress {
    issue: SixFields,
    expire: SixFields,
    encoded: Hex,
    exact: bool,
}

#[derive(Deserialize)]
pub(super) struct Decompress {
    encoded: Hex,
    issue: SixFields,
    expire: SixFields,
    calendar_valid: bool,
    nerves_key_x509: Outcome<Times>,
}

#[derive(Clone, Deserialize)]
struct Times {
    not_before: Asn1Time,
    not_after: Asn1Time,
}

#[derive(Deserialize)]
pub(super) struct FromDeviceSn {
    device_sn: Hex,
    encoded_dates: Hex,
    serial: String,
    serial_hex: Hex,
}

#[derive(Deserialize)]
pub(super) struct FromPublicKey {
    public_key: Hex,
    encoded_dates: Hex,
    serial: String,
    serial_hex: Hex,
}

fn fields((year, month, day, hour, minute, second): SixFields) -> DateFields {
    DateFields {
        year,
        month,
        day,
        hour,
        minute,
        second,
    }
}

/// Dates that come back are encoded the same; others are refused for a limit
/// that they really break.
pub(super) fn compress(row: &Compress) -> Checked {
    let (issue, expire) = (fields(row.issue), fields(row.expire));
    let validity = Validity::between(
        DateTime::from_fields(issue)?,
        DateTime::from_fields(expire)?,
        Format::V0,
    );
    if row.exact {
        let ours = EncodedDates::encode(validity?, Format::V0)?;
        same("encoded", ours.bits(), row.encoded.array()?)?;
        return Ok(Verdict::Pass);
    }
    let Err(error) = validity else {
        return Err("dates that the format cannot hold are accepted".into());
    };
    let span = i32::from(expire.year) - i32::from(issue.year);
    let rightly = match error {
        DateError::IssueYear { year, last, .. } => {
            year == issue.year && last == 2031 && !(2000..=2031).contains(&year)
        }
        DateError::NotOnTheHour(date) => {
            date.fields() == issue && (issue.minute, issue.second) != (0, 0)
        }
        DateError::Span { years, longest, .. } => {
            years == span && longest == 31 && !(1..=31).contains(&span)
        }
        DateError::NotWholeYears { .. } => {
            let moved = DateFields {
                year: issue.year,
                ..expire
            };
            moved != issue
        }
        _ => false,
    };
    holds(&format!("refused for a wrong reason: {error}"), rightly)?;
    Ok(Verdict::Differs("dates-refused"))
}

/// Dates of the calendar are read the same, others are refused by name.
pub(super) fn decompress(row: &Decompress) -> Checked {
    let dates = EncodedDates::from_bytes(row.encoded.array()?, 0x00, Format::V0);
    let (issue, expire) = (fields(row.issue), fields(row.expire));
    if !row.calendar_valid {
        let rightly = match dates.decode() {
            Err(DateError::NotADate(found)) => found == issue,
            Err(DateError::NoLastDay { last, .. }) => last == expire,
            _ => false,
        };
        holds("dates of no calendar are not refused", rightly)?;
        return Ok(Verdict::Differs("impossible-date"));
    }
    let validity = dates.decode()?;
    same("issue", validity.not_before().fields(), issue)?;
    same("expire", validity.not_after().fields(), expire)?;
    same(
        "encoded again",
        EncodedDates::encode(validity, Format::V0)?,
        dates,
    )?;
    let Outcome::Value(times) = &row.nerves_key_x509 else {
        return Err("the reference raised on dates of the calendar".into());
    };
    let definition = NervesKeySigner {
        public_key: PublicKey::from_bytes([0x5A; 64]),
    };
    let tbs = definition.to_be_signed(dates, 0)?;
    let expected = der_times(&times.not_before, &times.not_after)?;
    let found = tbs
        .as_der()
        .windows(expected.len())
        .any(|bytes| bytes == expected);
    holds("the times of the certificate are not theirs", found)?;
    Ok(Verdict::Pass)
}

pub(super) fn from_device_sn(row: &FromDeviceSn) -> Checked {
    let inputs = SerialInputs {
        public_key: None,
        device_sn: Some(&row.device_sn.array()?),
        signer_id: 0,
        dates: EncodedDates::from_bytes(row.encoded_dates.array()?, 0x00, Format::V0),
    };
    serial(
        SerialSource::DeviceSnHashPositive,
        &inputs,
        &row.serial,
        &row.serial_hex,
    )
}

pub(super) fn from_public_key(row: &FromPublicKey) -> Checked {
    let inputs = SerialInputs {
        public_key: Some(&PublicKey::from_bytes(row.public_key.array()?)),
        device_sn: None,
        signer_id: 0,
        dates: EncodedDates::from_bytes(row.encoded_dates.array()?, 0x00, Format::V0),
    };
    serial(
        SerialSource::PublicKeyPositive,
        &inputs,
        &row.serial,
        &row.serial_hex,
    )
}

fn serial(source: SerialSource, inputs: &SerialInputs<'_>, decimal: &str, hex: &Hex) -> Checked {
    let ours = source.serial_number(inputs, 16)?;
    same("serial_hex", ours.as_bytes(), &hex.0)?;
    let number = u128::from_be_bytes(hex.array()?);
    same("serial", number.to_string().as_str(), decimal)?;
    Ok(Verdict::Pass)
}
