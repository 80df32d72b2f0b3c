//! Which fields of a certificate a chip could not give back, and what it would
//! give instead.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{
    Certificate, CertificateDef, EncodedDates, Error, Format, IssueDate, Part, SignatureBytes,
    Validity,
};

/// One field of a certificate against what would be rebuilt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldCheck {
    /// Which field.
    pub part: Part,
    /// Its bytes in the certificate; empty when it is missing there.
    pub found: Vec<u8>,
    /// The bytes that a chip would give back; empty when it would give none,
    /// nothing when that cannot be said.
    pub rebuilt: Option<Vec<u8>>,
    /// Why it has no compressed form, where that is the reason.
    pub reason: Option<String>,
}

impl FieldCheck {
    /// Whether the field survives compression.
    #[must_use]
    pub fn survives(&self) -> bool {
        self.reason.is_none() && self.rebuilt.as_ref() == Some(&self.found)
    }
}

impl Certificate {
    /// Compare each field with what a chip that holds the rest of `definition`
    /// would give back. Signatures are not verified.
    ///
    /// # Errors
    /// None occurs for a certificate that was parsed.
    pub fn check_fields(&self, definition: &dyn CertificateDef) -> Result<Vec<FieldCheck>, Error> {
        let signer_id = definition.signer_id(self);
        let (signature, of_signature) = match self.signature() {
            Ok(signature) => (signature, None),
            Err(error) => (SignatureBytes::from_bytes([0x11; 64]), Some(error)),
        };
        let with_dates = |dates| {
            let tbs = definition.to_be_signed(dates, signer_id)?;
            Ok::<_, Error>(tbs.assemble(&signature))
        };
        let [in_format_0, in_format_1] = [Format::V0, Format::V1].map(|format| {
            let validity = definition.validity(self, format)?;
            with_dates(EncodedDates::encode(validity, format)?)
        });
        let (copy, of_dates) = match (in_format_0, in_format_1) {
            // The serial number tells which format was meant.
            (Ok(first), Ok(second)) => {
                let meant = if first.serial_number() == self.serial_number() {
                    first
                } else if second.serial_number() == self.serial_number() {
                    second
                } else {
                    first
                };
                (meant, None)
            }
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => (one, None),
            (Err(error), Err(_)) => (with_dates(other_dates()?)?, Some(error)),
        };
        let ours = self.parsed().places.iter().map(|(part, _)| *part);
        let theirs = copy.parsed().places.iter().map(|(part, _)| *part);
        let missing = theirs.filter(|part| self.part_der(*part).is_empty());
        let mut checks: Vec<FieldCheck> = ours
            .chain(missing)
            .map(|part| FieldCheck {
                part,
                found: self.part_der(part).to_vec(),
                rebuilt: Some(copy.part_der(part).to_vec()),
                reason: None,
            })
            .collect();
        if let Some(error) = of_dates {
            let dates = [Part::NotBefore, Part::NotAfter];
            let depend: &[Part] = if definition.template().serial_source().hashes_dates() {
                &[Part::SerialNumber, Part::Signature]
            } else {
                &[Part::Signature]
            };
            blame(&mut checks, &error, &dates, depend);
        }
        if let Some(error) = of_signature {
            blame(&mut checks, &error, &[Part::Signature], &[]);
        }
        Ok(checks)
    }
}

/// Dates for a copy whose other fields are compared.
fn other_dates() -> Result<EncodedDates, Error> {
    let validity = Validity::new(IssueDate::new(2020, 1, 1, 0)?, 1)?;
    Ok(EncodedDates::encode(validity, Format::V0)?)
}

/// The guilty have the error as their reason; what becomes of them, and of what
/// depends on them, cannot be said.
fn blame(checks: &mut [FieldCheck], error: &Error, guilty: &[Part], depend: &[Part]) {
    for check in checks {
        if guilty.contains(&check.part) {
            check.reason = Some(error.to_string());
            check.rebuilt = None;
        } else if depend.contains(&check.part) {
            check.rebuilt = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, device_def, signer, signer_def};

    #[test]
    fn a_certificate_of_a_chip_survives_whole() {
        for (certificate, definition) in [
            (signer(), &signer_def() as &dyn CertificateDef),
            (device(), &device_def()),
        ] {
            let checks = certificate.check_fields(definition).unwrap();
            assert!(checks.len() > 8);
            assert!(checks.iter().all(FieldCheck::survives), "{checks:?}");
        }
    }

    #[test]
    fn every_field_that_differs_is_named() {
        // The device's certificate taken for a signer's.
        let checks = device().check_fields(&signer_def()).unwrap();
        let lost: Vec<_> = checks
            .iter()
            .filter(|check| !check.survives())
            .map(|check| check.part)
            .collect();
        for part in [Part::SerialNumber, Part::Subject, Part::PublicKey] {
            assert!(lost.contains(&part), "{lost:?}");
        }
        assert!(!lost.contains(&Part::Issuer), "{lost:?}");
        // The signer's has one extension more.
        let missing = checks.iter().filter(|check| check.found.is_empty());
        assert_eq!(missing.count(), 1);
    }

    #[test]
    fn dates_that_do_not_fit_are_a_reason() {
        let mut der = signer().into_der();
        let at = der.windows(5).position(|bytes| bytes == b"0000Z").unwrap();
        der[at] = b'3';
        let certificate = Certificate::from_der(der).unwrap();
        let checks = certificate.check_fields(&signer_def()).unwrap();
        let of = |part| checks.iter().find(|check| check.part == part).unwrap();
        let reason = of(Part::NotBefore).reason.as_ref().unwrap();
        assert!(reason.contains("on the hour"), "{reason}");
        assert_eq!(of(Part::SerialNumber).rebuilt, None);
        assert_eq!(of(Part::Signature).rebuilt, None);
        assert_eq!(of(Part::Signature).reason, None);
        assert!(of(Part::Subject).survives());
    }

    /// Format 1 hashes one byte more into the serial number.
    #[test]
    fn a_certificate_of_format_1_survives_whole() {
        let validity = Validity::new(IssueDate::new(2026, 3, 15, 9).unwrap(), 31).unwrap();
        let dates = EncodedDates::encode(validity, Format::V1).unwrap();
        let tbs = device_def().to_be_signed(dates, 0).unwrap();
        let certificate = tbs.assemble(&SignatureBytes::from_bytes([0x11; 64]));
        let checks = certificate.check_fields(&device_def()).unwrap();
        assert!(checks.iter().all(FieldCheck::survives), "{checks:?}");
    }

    /// The dates of such a certificate are not at fault.
    #[test]
    fn a_signature_that_does_not_fit_is_blamed_alone() {
        let mut der = device().into_der();
        // R is an INTEGER of 33 bytes that begins with 00D1.
        let r = [0x02, 0x21, 0x00, 0xD1];
        let at = der.windows(4).position(|bytes| bytes == r).unwrap();
        der[at] = 0x03;
        let certificate = Certificate::from_der(der).unwrap();
        for check in certificate.check_fields(&device_def()).unwrap() {
            if check.part == Part::Signature {
                assert_eq!(check.rebuilt, None);
                assert!(check.reason.is_some());
            } else {
                assert!(check.survives(), "{check:?}");
            }
        }
    }
}
