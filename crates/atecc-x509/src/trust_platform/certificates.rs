//! The bytes to be signed of a trust part's two certificates.

use crate::definition::trailing_id;
use crate::extension;
use crate::{
    Certificate, CertificateDef, DateError, EncodedDates, Error, KeyId, PublicKey, SerialInputs,
    SerialNumber, Tbs, TbsFields, Template, Time, TrustChain, TrustLayout, Validity,
};

/// Bytes of a serial number, both certificates.
const SERIAL_LENGTH: usize = 16;

/// The last year that notBefore, always a `UTCTime`, can have.
/// Source: RFC 5280, section 4.1.2.5.1.
const LAST_UTC_YEAR: u16 = 2049;

/// The certificate of the key that signs trust parts, signed by the root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustSigner {
    /// Whose names it has.
    pub chain: TrustChain,
    /// The key that signs devices.
    pub public_key: PublicKey,
}

/// The certificate of a trust part's own key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustDevice {
    /// Whose names it has.
    pub chain: TrustChain,
    /// What it says of the chip.
    pub layout: TrustLayout,
    /// The chip's own serial number.
    pub device_sn: [u8; 9],
    /// The device's key.
    pub public_key: PublicKey,
    /// Of the signer's key, as [`PublicKey::microchip_key_id`] makes it.
    pub signer_key_id: KeyId,
}

impl CertificateDef for TrustSigner {
    fn template(&self) -> Template {
        Template::TRUST_SIGNER
    }

    fn signer_id(&self, certificate: &Certificate) -> u16 {
        // A name without an ID is found to differ.
        trailing_id(certificate.subject_der()).unwrap_or_default()
    }

    /// # Errors
    /// [`Error::Date`] also when notBefore is after 2049.
    fn to_be_signed(&self, dates: EncodedDates, signer_id: u16) -> Result<Tbs, Error> {
        let (template, validity) = (self.template(), dates.decode()?);
        Tbs::new(&TbsFields {
            template,
            dates: in_utc_time(dates, validity)?,
            signer_id,
            serial: serial_number(template, &self.public_key, signer_id, dates)?,
            issuer: &self.chain.root_name(),
            not_before: Time::Rfc5280(validity.not_before()),
            not_after: Time::Generalized(validity.not_after()),
            subject: &self.chain.signer_name(signer_id),
            public_key: &self.public_key,
            extensions: Some(&[
                extension::signs_certificates(),
                extension::authority(),
                extension::subject_key(self.public_key.microchip_key_id()),
                extension::authority_key(self.chain.root_key_id),
            ]),
        })
    }
}

impl CertificateDef for TrustDevice {
    fn template(&self) -> Template {
        self.layout.template()
    }

    fn signer_id(&self, certificate: &Certificate) -> u16 {
        // A name without an ID is found to differ.
        trailing_id(certificate.issuer_der()).unwrap_or_default()
    }

    /// # Errors
    /// [`Error::Date`] also when notBefore is after 2049.
    fn to_be_signed(&self, dates: EncodedDates, signer_id: u16) -> Result<Tbs, Error> {
        let (template, validity) = (self.template(), dates.decode()?);
        let extensions: alloc::vec::Vec<_> = self
            .layout
            .alternative_name()
            .into_iter()
            .chain([
                extension::end_entity_only(),
                extension::signs_and_agrees(),
                extension::subject_key(self.public_key.microchip_key_id()),
                extension::authority_key(self.signer_key_id),
            ])
            .collect();
        let subject = self.layout.common_name(self.device_sn);
        Tbs::new(&TbsFields {
            template,
            dates: in_utc_time(dates, validity)?,
            signer_id,
            serial: serial_number(template, &self.public_key, signer_id, dates)?,
            issuer: &self.chain.signer_name(signer_id),
            not_before: Time::Rfc5280(validity.not_before()),
            not_after: Time::Generalized(validity.not_after()),
            subject: &self.chain.name(&subject),
            public_key: &self.public_key,
            extensions: Some(&extensions),
        })
    }
}

fn serial_number(
    template: Template,
    public_key: &PublicKey,
    signer_id: u16,
    dates: EncodedDates,
) -> Result<SerialNumber, Error> {
    let inputs = SerialInputs {
        public_key: Some(public_key),
        device_sn: None,
        signer_id,
        dates,
    };
    let source = template.serial_source();
    Ok(source.serial_number(&inputs, SERIAL_LENGTH)?)
}

/// The templates have two digits for the year of notBefore.
fn in_utc_time(dates: EncodedDates, validity: Validity) -> Result<EncodedDates, DateError> {
    let year = validity.issue().year();
    if year > LAST_UTC_YEAR {
        return Err(DateError::IssueYear {
            year,
            format: dates.format(),
            last: LAST_UTC_YEAR,
        });
    }
    Ok(dates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, IssueDate};

    /// RFC 5280, section 4.1.2.5.1: two digits reach to 2049.
    #[test]
    fn the_last_year_of_two_digits() {
        for (year, fits) in [(2048, true), (2049, true), (2050, false), (2051, false)] {
            let issue = IssueDate::new(year, 1, 1, 0).unwrap();
            let validity = Validity::new(issue, 10).unwrap();
            let dates = EncodedDates::encode(validity, Format::V1).unwrap();
            assert_eq!(in_utc_time(dates, validity).is_ok(), fits, "{year}");
        }
    }
}
