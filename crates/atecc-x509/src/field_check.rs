//! Which fields of a certificate a chip could not give back, and what it would
//! give instead.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{
    Certificate, CompressedCertificate, EncodedDates, Error, Format, IssueDate, Part, Rebuild,
    SignatureBytes, Validity, compress, decompress,
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
    /// Compare each field with what a chip that holds the rest of `rebuild`
    /// would give back. Signatures are not verified.
    ///
    /// # Errors
    /// None occurs for a certificate that was parsed.
    pub fn check_fields(&self, rebuild: &Rebuild) -> Result<Vec<FieldCheck>, Error> {
        let signer_id = rebuild.signer_id(self)?;
        let attempts = [Format::V0, Format::V1].map(|format| {
            compress(self, rebuild.template(), format)
                .map(|compressed| CompressedCertificate {
                    signer_id,
                    ..compressed
                })
                .and_then(|compressed| decompress(&compressed, rebuild))
        });
        let [in_format_0, in_format_1] = attempts;
        let (copy, error) = match (in_format_0, in_format_1) {
            // The serial number tells which format was meant.
            (Ok(first), Ok(second)) => {
                let meant = if first.serial_number()? == self.serial_number()? {
                    first
                } else if second.serial_number()? == self.serial_number()? {
                    second
                } else {
                    first
                };
                (meant, None)
            }
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => (one, None),
            (Err(error), Err(_)) => (stand_in(rebuild, signer_id)?, Some(error)),
        };
        let original = self.parsed()?;
        let places = original.places();
        let parsed = copy.parsed()?;
        let theirs = parsed.places();
        let bytes = |der: &[u8], range: core::ops::Range<usize>| {
            der.get(range).unwrap_or_default().to_vec()
        };
        let mut checks: Vec<FieldCheck> = places
            .iter()
            .map(|(part, range)| {
                let same = theirs.iter().find(|(other, _)| other == part);
                let same = same.map(|(_, range)| bytes(copy.as_der(), range.clone()));
                FieldCheck {
                    part: *part,
                    found: bytes(self.as_der(), range.clone()),
                    rebuilt: Some(same.unwrap_or_default()),
                    reason: None,
                }
            })
            .collect();
        for (part, range) in theirs {
            if !places.iter().any(|(other, _)| other == part) {
                checks.push(FieldCheck {
                    part: *part,
                    found: Vec::new(),
                    rebuilt: Some(bytes(copy.as_der(), range.clone())),
                    reason: None,
                });
            }
        }
        if let Some(error) = error {
            blame(&mut checks, &error);
        }
        Ok(checks)
    }
}

/// A certificate of other dates and another signature, for all other fields.
fn stand_in(rebuild: &Rebuild, signer_id: u16) -> Result<Certificate, Error> {
    let validity = Validity::new(IssueDate::new(2020, 1, 1, 0)?, 1)?;
    let dates = EncodedDates::encode(validity, Format::V0)?;
    let signature = SignatureBytes::from_bytes([0x11; 64]);
    rebuild.to_be_signed(dates, signer_id)?.assemble(&signature)
}

/// The error is about the dates or the signature; what depends on them cannot
/// be said.
fn blame(checks: &mut [FieldCheck], error: &Error) {
    let is_signature = matches!(error, Error::SignatureNumber(_) | Error::Der(_));
    for check in checks {
        let depends = match check.part {
            Part::Signature => true,
            Part::NotBefore | Part::NotAfter | Part::SerialNumber => !is_signature,
            _ => false,
        };
        if depends {
            check.rebuilt = None;
        }
        let guilty = match check.part {
            Part::Signature => is_signature,
            Part::NotBefore | Part::NotAfter => !is_signature,
            _ => false,
        };
        if guilty {
            check.reason = Some(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, device_rebuild, signer, signer_rebuild};

    #[test]
    fn a_certificate_of_a_chip_survives_whole() {
        for (certificate, rebuild) in [(signer(), signer_rebuild()), (device(), device_rebuild())] {
            let checks = certificate.check_fields(&rebuild).unwrap();
            assert!(checks.len() > 8);
            assert!(checks.iter().all(FieldCheck::survives), "{checks:?}");
        }
    }

    #[test]
    fn every_field_that_differs_is_named() {
        // The device's certificate taken for a signer's.
        let checks = device().check_fields(&signer_rebuild()).unwrap();
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
        let checks = certificate.check_fields(&signer_rebuild()).unwrap();
        let of = |part| checks.iter().find(|check| check.part == part).unwrap();
        let reason = of(Part::NotBefore).reason.as_ref().unwrap();
        assert!(reason.contains("on the hour"), "{reason}");
        assert_eq!(of(Part::SerialNumber).rebuilt, None);
        assert!(of(Part::Subject).survives());
    }
}
