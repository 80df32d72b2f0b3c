//! What the rows of signers and devices have in common.

use std::error::Error;

use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, DateError, DateFields, DateTime,
    EncodedDates, Error as X509Error, Format, Part, PublicKey, Validity, compress, decompress,
    round_trip,
};
use p256::ecdsa::SigningKey;
use serde::Deserialize;

use tests_vector_runner::{Hex, Outcome, holds, same};

/// An ASN.1 time as the reference names it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Asn1Time {
    tag: String,
    value: String,
}

/// The certificate fields of a row.
#[derive(Deserialize)]
pub(super) struct Row {
    /// What the clock said.
    pub(super) now: String,
    public_key: Hex,
    pem: String,
    der: Hex,
    serial: String,
    serial_hex: Hex,
    not_before: Asn1Time,
    not_after: Asn1Time,
    signature_der: Hex,
    signature: Hex,
    pub(super) compressed: Outcome<Hex>,
    decompressed_equal: Option<bool>,
    decompressed_der: Option<Outcome<Hex>>,
}

/// How the dates of a row relate to what ours issues.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dates {
    /// Ours issues the same.
    Same,
    /// Issued on 29 February, which ours moves; the last day may not exist.
    LeapDay,
    /// The year is outside 2000 to 2031.
    Year,
    /// The span is outside 1 to 31 years.
    Span,
}

impl Dates {
    /// From the clock and the years asked for, without our code.
    pub(super) fn of(now: DateTime, years: u16) -> Self {
        let DateFields {
            year, month, day, ..
        } = now.fields();
        match (year, years, month, day) {
            (..2000 | 2032.., ..) => Self::Year,
            (_, 0 | 32.., ..) => Self::Span,
            (_, _, 2, 29) => Self::LeapDay,
            _ => Self::Same,
        }
    }
}

impl Row {
    pub(super) fn now(&self) -> Result<DateTime, Box<dyn Error>> {
        let numbers: Result<Vec<u16>, _> = self
            .now
            .trim_end_matches('Z')
            .split(['-', 'T', ':'])
            .map(str::parse)
            .collect();
        match numbers?.as_slice() {
            &[year, month, day, hour, minute, second] => Ok(DateTime::new(
                year,
                month.try_into()?,
                day.try_into()?,
                hour.try_into()?,
                minute.try_into()?,
                second.try_into()?,
            )?),
            _ => Err(format!("now is {:?}", self.now).into()),
        }
    }

    /// Whether a device of this row is stored with its own dates.
    pub(super) fn dates_fit(&self) -> Result<bool, Box<dyn Error>> {
        Ok((2000..=2031).contains(&self.now()?.fields().year))
    }

    pub(super) fn public_key(&self) -> Result<PublicKey, Box<dyn Error>> {
        Ok(PublicKey::on_curve(self.public_key.array()?)?)
    }

    /// The certificate, after everything that can be read from it by itself
    /// agrees with the row.
    pub(super) fn certificate(&self, signer: &PublicKey) -> Result<Certificate, Box<dyn Error>> {
        let certificate = Certificate::from_der(self.der.0.as_slice())?;
        same("pem", &Certificate::from_pem(&self.pem)?, &certificate)?;
        same(
            "pem again",
            certificate.to_pem().trim_end(),
            self.pem.trim_end(),
        )?;
        same(
            "serial_hex",
            certificate.serial_number(),
            &self.serial_hex.0,
        )?;
        let number = u128::from_be_bytes(self.serial_hex.array()?);
        same("serial", number.to_string(), self.serial.clone())?;
        same("public_key", certificate.public_key()?, self.public_key()?)?;
        let signature = certificate.signature()?;
        same("signature", signature.as_bytes(), &self.signature.array()?)?;
        same(
            "signature_der",
            signature.to_der(),
            self.signature_der.0.clone(),
        )?;
        let times = der_times(&self.not_before, &self.not_after)?;
        let found = self.der.0.windows(times.len()).any(|bytes| bytes == times);
        holds("not_before and not_after are not in the der", found)?;
        certificate.verify(signer)?;
        Ok(certificate)
    }

    /// The certificate survives compression byte for byte.
    pub(super) fn survives(
        &self,
        certificate: &Certificate,
        definition: &dyn CertificateDef,
    ) -> Result<(), Box<dyn Error>> {
        let stored = self.stored()?;
        let compressed = round_trip(certificate, definition)?;
        same("compressed", compressed, stored)?;
        same(
            "decompressed",
            &decompress(&stored, definition)?,
            certificate,
        )
    }

    /// Whether the reference gives another certificate back, although it is
    /// stored rightly: only integers with a needless zero byte explain that.
    pub(super) fn differs_in_integers(&self) -> Result<bool, Box<dyn Error>> {
        if self.decompressed_equal == Some(true) {
            return Ok(false);
        }
        holds(
            "the reference's der differs, and not for its integers",
            self.needless_zero(),
        )?;
        if let Some(Outcome::Value(der)) = &self.decompressed_der {
            holds("the reference's der does not differ", der != &self.der)?;
            holds(
                "the reference's der is read",
                Certificate::from_der(der.0.as_slice())
                    .and_then(|certificate| certificate.signature())
                    .is_err(),
            )?;
        }
        Ok(true)
    }

    /// Dates that do not fit: refused on compression, and what the reference
    /// stored of them, clamped, is read as the reference reads it. Gives the
    /// refusal; `rightly` judges it, unless the last day does not even exist.
    pub(super) fn clamped(
        &self,
        certificate: &Certificate,
        definition: &dyn CertificateDef,
        rightly: fn(DateError) -> bool,
    ) -> Result<X509Error, Box<dyn Error>> {
        let Err(error) = compress(certificate, definition, Format::V0) else {
            return Err("dates that do not fit are compressed".into());
        };
        if !self.is_compressed() {
            self.names_the_last_day(&error)?;
            return Ok(error);
        }
        let refused = matches!(error, X509Error::Date(date) if rightly(date));
        holds(&format!("refused for something else: {error}"), refused)?;
        let read = match decompress(&self.stored()?, definition) {
            Ok(read) => read,
            // 29 February of a leap year, clamped to another year.
            Err(X509Error::Date(DateError::NotADate(_) | DateError::NoLastDay { .. }))
                if self.is_leap_day()? =>
            {
                return Ok(error);
            }
            Err(error) => return Err(error.into()),
        };
        holds(
            "the clamped certificate is the original",
            &read != certificate,
        )?;
        if let (Some(Outcome::Value(der)), false) = (&self.decompressed_der, self.needless_zero()) {
            same("clamped certificate", read.as_der(), &der.0)?;
        }
        Ok(error)
    }

    /// A last day that does not exist: named when read, and the serial number
    /// still follows from the dates as they were encoded.
    pub(super) fn has_no_last_day(
        &self,
        certificate: &Certificate,
        definition: &dyn CertificateDef,
        years: u8,
    ) -> Result<EncodedDates, Box<dyn Error>> {
        holds(
            "the reference has compressed an impossible date",
            !self.is_compressed(),
        )?;
        match compress(certificate, definition, Format::V0) {
            Ok(_) => return Err("a last day that does not exist is compressed".into()),
            Err(error) => self.names_the_last_day(&error)?,
        }
        // The same issue date with 4 years exists; only the span is put in.
        let fields = self.now()?.fields();
        let issue = atecc_x509::IssueDate::new(fields.year, fields.month, fields.day, fields.hour)?;
        let [high, middle, low] =
            EncodedDates::encode(Validity::new(issue, 4)?, Format::V0)?.bits();
        let bits = [high, middle, low & 0xE0 | years];
        let dates = EncodedDates::from_bytes(bits, 0x00, Format::V0);
        holds(
            "a last day that does not exist is decoded",
            matches!(dates.decode(), Err(DateError::NoLastDay { years: found, .. }) if found == years),
        )?;
        Ok(dates)
    }

    pub(super) fn serial_hex(&self) -> &[u8] {
        &self.serial_hex.0
    }

    /// The reference compresses whatever it can name the last day of.
    pub(super) fn is_compressed(&self) -> bool {
        matches!(self.compressed, Outcome::Value(_))
    }

    fn is_leap_day(&self) -> Result<bool, Box<dyn Error>> {
        let fields = self.now()?.fields();
        Ok((fields.month, fields.day) == (2, 29))
    }

    /// `error` says that this very notAfter is no date.
    fn names_the_last_day(&self, error: &X509Error) -> Result<(), Box<dyn Error>> {
        let expected = X509Error::Time {
            part: Part::NotAfter,
            text: self.not_after.value.clone(),
        };
        same("refusal", error, &expected)
    }

    fn stored(&self) -> Result<CompressedCertificate, Box<dyn Error>> {
        let Outcome::Value(compressed) = &self.compressed else {
            return Err("the reference did not compress it".into());
        };
        Ok(CompressedCertificate::from_bytes(&compressed.array()?)?)
    }

    /// R or S begins with a zero byte that DER leaves out.
    fn needless_zero(&self) -> bool {
        needless_zero(&self.signature.0)
    }
}

/// R or S of `signature` begins with a zero byte and a byte below 80.
pub(super) fn needless_zero(signature: &[u8]) -> bool {
    signature
        .chunks(32)
        .any(|number| matches!(number, [0x00, 0x00..=0x7F, ..]))
}

/// The public half of a private key.
pub(super) fn public_half(private_key: &Hex) -> Result<PublicKey, Box<dyn Error>> {
    let key = SigningKey::from_slice(&private_key.0)?;
    let point = key.verifying_key().to_sec1_point(false);
    let bytes = point.as_bytes().get(1..).unwrap_or_default();
    Ok(PublicKey::from_bytes(bytes.try_into()?))
}

/// Both times in DER, one after the other.
pub(super) fn der_times(
    not_before: &Asn1Time,
    not_after: &Asn1Time,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut der = Vec::new();
    for time in [not_before, not_after] {
        der.push(match time.tag.as_str() {
            "utcTime" => 0x17,
            "generalTime" => 0x18,
            tag => return Err(format!("unknown time {tag:?}").into()),
        });
        der.push(time.value.len().try_into()?);
        der.extend_from_slice(time.value.as_bytes());
    }
    Ok(der)
}
