//! The bytes to be signed, and what becomes of them with a signature.

use alloc::vec::Vec;

use der::Tag;
use sha2::{Digest, Sha256};

use crate::encode::tlv;
use crate::extension::Extension;
use crate::{
    Certificate, CompressedCertificate, DateTime, EncodedDates, Error, Name, PublicKey,
    SerialNumber, SignatureBytes, Template, Validity,
};

/// `[0] EXPLICIT INTEGER 2`: version 3.
pub(crate) const VERSION_3: [u8; 5] = [0xA0, 0x03, 0x02, 0x01, 0x02];

/// `SEQUENCE { 1.2.840.10045.4.3.2 }`, ecdsa-with-SHA256.
/// Source: RFC 5758, section 3.2.
pub(crate) const ECDSA_WITH_SHA256: [u8; 12] = [
    0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
];

/// From this year on a time is a `GeneralizedTime`.
/// Source: RFC 5280, section 4.1.2.5.
const FIRST_GENERALIZED_YEAR: u16 = 2050;

/// A certificate without its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tbs {
    der: Vec<u8>,
    template: Template,
    dates: EncodedDates,
    signer_id: u16,
}

/// How notAfter is written; notBefore is always as in RFC 5280.
#[derive(Clone, Copy)]
pub(crate) enum EndOfValidity {
    /// `UTCTime` before 2050. Source: RFC 5280, section 4.1.2.5.
    Rfc5280,
    /// `GeneralizedTime` whenever it is.
    Generalized,
}

/// The fields of a certificate that differ between certificates.
pub(crate) struct TbsFields<'a> {
    pub(crate) template: Template,
    pub(crate) dates: EncodedDates,
    pub(crate) signer_id: u16,
    pub(crate) serial: SerialNumber,
    pub(crate) issuer: &'a Name,
    pub(crate) validity: Validity,
    pub(crate) end: EndOfValidity,
    pub(crate) subject: &'a Name,
    pub(crate) public_key: &'a PublicKey,
    pub(crate) extensions: &'a [Extension],
}

impl Tbs {
    pub(crate) fn new(fields: &TbsFields<'_>) -> Result<Self, Error> {
        let extensions: Result<Vec<_>, _> =
            fields.extensions.iter().map(Extension::to_der).collect();
        let extensions = tlv(Tag::Sequence, &[&extensions?.concat()])?;
        let der = tlv(
            Tag::Sequence,
            &[
                &VERSION_3,
                &tlv(Tag::Integer, &[fields.serial.as_bytes()])?,
                &ECDSA_WITH_SHA256,
                fields.issuer.as_der(),
                &tlv(
                    Tag::Sequence,
                    &[
                        &time(fields.validity.not_before())?,
                        &match fields.end {
                            EndOfValidity::Rfc5280 => time(fields.validity.not_after())?,
                            EndOfValidity::Generalized => generalized(fields.validity.not_after())?,
                        },
                    ],
                )?,
                fields.subject.as_der(),
                &fields.public_key.to_spki_der(),
                &tlv(EXTENSIONS, &[&extensions])?,
            ],
        )?;
        Ok(Self {
            der,
            template: fields.template,
            dates: fields.dates,
            signer_id: fields.signer_id,
        })
    }

    /// `TBSCertificate` in DER: what the signature is over.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER: what the signer signs.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The certificate.
    ///
    /// # Errors
    /// [`Error::Der`] for a length past what DER here holds.
    pub fn assemble(&self, signature: &SignatureBytes) -> Result<Certificate, Error> {
        // A BIT STRING begins with the number of its unused bits.
        let signature = tlv(Tag::BitString, &[&[0x00], &signature.to_der()?])?;
        let der = tlv(Tag::Sequence, &[&self.der, &ECDSA_WITH_SHA256, &signature])?;
        Certificate::from_der(der)
    }

    /// The 72 bytes for the chip.
    #[must_use]
    pub const fn compress(&self, signature: SignatureBytes) -> CompressedCertificate {
        CompressedCertificate {
            signature,
            dates: self.dates,
            signer_id: self.signer_id,
            template: self.template,
        }
    }
}

/// `[3] EXPLICIT`.
pub(crate) const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: der::TagNumber(3),
};

fn time(date: DateTime) -> Result<Vec<u8>, der::Error> {
    if date.fields().year < FIRST_GENERALIZED_YEAR {
        let text = digits(date);
        tlv(Tag::UtcTime, &[text.get(2..).unwrap_or_default()])
    } else {
        generalized(date)
    }
}

fn generalized(date: DateTime) -> Result<Vec<u8>, der::Error> {
    tlv(Tag::GeneralizedTime, &[&digits(date)])
}

/// `YYYYMMDDhhmmssZ`.
fn digits(date: DateTime) -> Vec<u8> {
    let fields = date.fields();
    [
        fields.year / 100,
        fields.year % 100,
        fields.month.into(),
        fields.day.into(),
        fields.hour.into(),
        fields.minute.into(),
        fields.second.into(),
    ]
    .into_iter()
    .flat_map(|pair| [pair / 10, pair % 10])
    .map(|digit| b'0' + digit.to_le_bytes()[0])
    .chain([b'Z'])
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_change_their_form_in_2050() {
        let date = |year| DateTime::new(year, 12, 31, 23, 0, 0).unwrap();
        assert_eq!(time(date(2049)).unwrap(), b"\x17\x0D491231230000Z");
        assert_eq!(time(date(2050)).unwrap(), b"\x18\x0F20501231230000Z");
        assert_eq!(time(DateTime::LAST).unwrap(), b"\x18\x0F99991231235959Z");
    }
}
