//! Device certificates, and serials that make none.

use std::error::Error;

use atecc_x509::{
    Certificate, DateError, Format, Name, NervesKeyDevice, PublicKey, SerialInputs, SerialSource,
    SerialTextError, Validity, decompress,
};
use serde::Deserialize;

use super::row::{Dates, Row, public_half};
use super::storage::Stored;
use tests_vector_runner::{Checked, Hex, Outcome, Verdict, holds, same};

/// The reference always issues devices for this long.
const YEARS: u8 = 31;

#[derive(Deserialize)]
pub(super) struct Device {
    #[serde(flatten)]
    pub(super) row: Row,
    signer_private_key: Hex,
    pub(super) signer_pem: String,
    private_key: Hex,
    pub(super) device_sn: Hex,
    pub(super) manufacturer_sn: Hex,
    pub(super) slots: Option<Outcome<Vec<Slot>>>,
    pub(super) read_back_signer_equal: Option<bool>,
    pub(super) read_back_device_equal: Option<bool>,
    pub(super) otp: Option<Outcome<Hex>>,
    pub(super) data_lock_crc: Option<Hex>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Slot {
    pub(super) slot: u8,
    pub(super) data: Hex,
}

#[derive(Deserialize)]
pub(super) struct DeviceError {
    manufacturer_sn: Hex,
}

pub(super) fn device(case: &Device) -> Checked {
    let row = &case.row;
    let signer_key = public_half(&case.signer_private_key)?;
    same(
        "private_key",
        public_half(&case.private_key)?,
        row.public_key()?,
    )?;
    let certificate = row.certificate(&signer_key)?;
    let (subject, slash) = case.subject(&certificate, &signer_key)?;
    let definition = case.definition(subject, signer_key)?;
    let stored = case.storage(&certificate, &signer_key)?;
    let issued = Validity::issued_at(row.now()?, YEARS.into());
    let verdict = match Dates::of(row.now()?, YEARS.into()) {
        Dates::Same => {
            let tbs = definition.issue(issued?, Format::V0)?;
            same("signed part", tbs.as_der(), certificate.tbs_der())?;
            let assembled = tbs.assemble(&certificate.signature()?);
            same("certificate", &assembled, &certificate)?;
            row.survives(&certificate, &definition)?;
            let integers = row.differs_in_integers()?;
            if case.signer_differs(&signer_key)? || integers {
                Verdict::Differs("minimal-integers")
            } else {
                Verdict::Pass
            }
        }
        Dates::LeapDay => {
            let issue = issued?.issue();
            same(
                "issued",
                (issue.month(), issue.day(), issue.hour()),
                (2, 28, 23),
            )?;
            case.leap_day(&certificate, &definition)?;
            Verdict::Differs("leap-day")
        }
        Dates::Year => {
            holds(
                "issued outside the years of the format",
                matches!(issued, Err(DateError::IssueYear { .. })),
            )?;
            row.clamped(&certificate, &definition, |error| {
                matches!(error, DateError::IssueYear { .. })
            })?;
            Verdict::Differs("issue-year")
        }
        Dates::Span => return Err("31 years are not 1 to 31 years".into()),
    };
    if slash {
        return Ok(Verdict::Differs("slash"));
    }
    Ok(match stored {
        Stored::AsTheReference => verdict,
        Stored::ZerosLost => Verdict::Differs("trailing-zero"),
        Stored::LongSerial => Verdict::Differs("long-serial"),
    })
}

/// A serial that is too long is refused by both; with a slash, ours is one
/// value where the reference finds no name.
pub(super) fn device_error(case: &DeviceError) -> Checked {
    let Ok(serial) = std::str::from_utf8(&case.manufacturer_sn.0) else {
        // Ours issues text only, so it refuses by type.
        return Ok(Verdict::Pass);
    };
    if serial.len() > 48 {
        same(
            "refusal",
            Name::from_serial(serial),
            Err(SerialTextError::TooLong(serial.len()).into()),
        )?;
        return Ok(Verdict::Pass);
    }
    holds(
        "no slash explains the reference's error",
        serial.contains('/'),
    )?;
    one_common_name(&Name::from_serial(serial)?, serial.as_bytes())?;
    same(
        "the reference's split",
        Name::as_the_reference_splits(serial.as_bytes()),
        None,
    )?;
    Ok(Verdict::Differs("slash"))
}

impl Device {
    /// The subject of the reference's certificate, and whether it came from
    /// splitting the serial. In that case ours would not verify.
    fn subject(
        &self,
        certificate: &Certificate,
        signer_key: &PublicKey,
    ) -> Result<(Name, bool), Box<dyn Error>> {
        let serial = &self.manufacturer_sn.0;
        let plain = Name::from_stored_serial(serial);
        one_common_name(&plain, serial)?;
        // Text that is refused, and bytes that are no text, have their own
        // checks.
        if let Ok(Ok(issued)) = std::str::from_utf8(serial).map(Name::from_serial) {
            same("issued and stored subject", &issued, &plain)?;
        }
        let Some(split) = Name::as_the_reference_splits(serial) else {
            holds("a slash is not split", !serial.contains(&b'/'))?;
            return Ok((plain, false));
        };
        if let Ok(stored) = self.stored() {
            let ours = decompress(&stored, &self.definition(plain, *signer_key)?)?;
            holds("one value verifies", ours.verify(signer_key).is_err())?;
        }
        same("subject", split.to_string(), certificate.subject_text())?;
        Ok((split, true))
    }

    pub(super) fn definition(
        &self,
        subject: Name,
        signer_key: PublicKey,
    ) -> Result<NervesKeyDevice, Box<dyn Error>> {
        Ok(NervesKeyDevice {
            subject,
            device_sn: self.device_sn.array()?,
            public_key: self.row.public_key()?,
            signer_public_key: signer_key,
        })
    }

    fn leap_day(
        &self,
        certificate: &Certificate,
        definition: &NervesKeyDevice,
    ) -> Result<(), Box<dyn Error>> {
        let dates = self.row.has_no_last_day(certificate, definition, YEARS)?;
        let inputs = SerialInputs {
            public_key: None,
            device_sn: Some(&self.device_sn.array()?),
            signer_id: 0,
            dates,
        };
        let serial = SerialSource::DeviceSnHashPositive.serial_number(&inputs, 16)?;
        same(
            "serial of the dates",
            serial.as_bytes(),
            self.row.serial_hex(),
        )
    }
}

/// `name` is one SEQUENCE of one SET of one attribute 2.5.4.3, a `UTF8String`
/// of `value`, which is short enough for one-byte lengths.
fn one_common_name(name: &Name, value: &[u8]) -> Result<(), Box<dyn Error>> {
    let length = u8::try_from(value.len())?;
    let expected = [
        &[0x30, length + 11, 0x31, length + 9, 0x30, length + 7],
        &[0x06, 0x03, 0x55, 0x04, 0x03][..],
        &[0x0C, length],
        value,
    ]
    .concat();
    same("one common name", name.as_der(), &expected)
}
