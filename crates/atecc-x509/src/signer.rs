//! Can this certificate be the signer of NervesKeys, and if not, why?
//!
//! A chip gives back a signer certificate in which everything but the key, the
//! dates and the signature is fixed. People bring certificates from elsewhere;
//! each rule has its own answer here, and the last word has the byte-for-byte
//! comparison.

use alloc::string::{String, ToString};

use data_encoding::HEXUPPER;
use der::asn1::ObjectIdentifier;

use crate::extension::{Criticality, Extension};
use crate::name_text::name_text;
use crate::tbs::{ECDSA_WITH_SHA256, VERSION_3};
use crate::{
    Certificate, CompressedCertificate, EncodedDates, Error, ExtensionKind, Format, Name,
    NervesKeySigner, Part, RoundTripError, Validity, round_trip,
};
#[cfg(feature = "verify")]
use crate::{NotOnCurve, PublicKey, SignatureMismatch};

/// A signer certificate that a chip can give back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckedSigner {
    /// Its key.
    pub signer: NervesKeySigner,
    /// From when to when.
    pub validity: Validity,
    /// For slot 12.
    pub compressed: CompressedCertificate,
}

/// Why a certificate cannot be the signer of NervesKeys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// It cannot be read, or its dates or signature do not fit.
    #[error(transparent)]
    Certificate(#[from] Error),
    /// Not version 3.
    #[error("the signer certificate is not of version 3")]
    Version,
    /// Another signature algorithm.
    #[error("the {part} of the signer certificate is not ecdsa-with-SHA256")]
    Algorithm {
        /// [`Part::SignedAlgorithm`] or [`Part::Algorithm`].
        part: Part,
    },
    /// Another name. A chip gives back CN=Signer whatever was signed.
    #[error(
        "the {part} of the signer certificate is {found:?}, but must be \"CN=Signer\", one UTF8String"
    )]
    Name {
        /// [`Part::Issuer`] or [`Part::Subject`].
        part: Part,
        /// The name as text.
        found: String,
    },
    /// The key is no point of the curve.
    #[cfg(feature = "verify")]
    #[error(transparent)]
    NotOnCurve(#[from] NotOnCurve),
    /// Another serial number. A chip gives back the one made from key and
    /// dates.
    #[error(
        "the serial number of the signer certificate is {found}, but key and dates make {expected}"
    )]
    SerialNumber {
        /// In hex.
        expected: String,
        /// In hex.
        found: String,
    },
    /// An extension is missing, or another one is in its place.
    #[error("extension {position} of the signer certificate must be {expected}, found {}", found.map_or_else(|| String::from("none"), |oid| oid.to_string()))]
    Extension {
        /// From 1.
        position: usize,
        /// What stands there in every signer certificate.
        expected: ExtensionKind,
        /// The object identifier that stands there.
        found: Option<ObjectIdentifier>,
    },
    /// An extension says something else, or is critical where it must not be,
    /// or the other way round.
    #[error("extension {kind} of the signer certificate must be {expected}, found {found}")]
    ExtensionValue {
        /// The extension.
        kind: ExtensionKind,
        /// Criticality, and the value in hex.
        expected: String,
        /// Criticality, and the value in hex.
        found: String,
    },
    /// One extension too many.
    #[error("the signer certificate has the extension {oid}, which a chip cannot give back")]
    SurplusExtension {
        /// Its object identifier.
        oid: ObjectIdentifier,
    },
    /// Its own key did not sign it.
    #[cfg(feature = "verify")]
    #[error("the signer certificate is not self-signed: {0}")]
    NotSelfSigned(#[source] SignatureMismatch),
    /// Something else is different.
    #[error(transparent)]
    RoundTrip(#[from] RoundTripError),
}

impl NervesKeySigner {
    /// The signer of `certificate`, and the 72 bytes that give it back.
    ///
    /// # Errors
    /// [`SignerError`] with the first rule that the certificate breaks.
    #[cfg(feature = "verify")]
    pub fn check(certificate: &Certificate) -> Result<CheckedSigner, SignerError> {
        let checked = Self::check_form(certificate)?;
        let public_key = PublicKey::on_curve(*checked.signer.public_key.as_bytes())?;
        certificate
            .verify(&public_key)
            .map_err(SignerError::NotSelfSigned)?;
        Ok(checked)
    }

    /// As [`NervesKeySigner::check`], without curve arithmetic: the key may
    /// be no point, and the signature is not verified.
    ///
    /// # Errors
    /// [`SignerError`] with the first rule that the certificate breaks.
    pub fn check_form(certificate: &Certificate) -> Result<CheckedSigner, SignerError> {
        check_form(certificate)?;
        let public_key = certificate.public_key()?;
        let (begin, end) = (certificate.not_before()?, certificate.not_after()?);
        let signer = Self { public_key };
        let in_format = |format| -> Result<Validity, SignerError> {
            let validity = Validity::between(begin, end, format).map_err(Error::from)?;
            signer.check_serial_number(certificate, validity, format)?;
            Ok(validity)
        };
        // What is wrong in format 0 is what to say: it is the usual one.
        let validity =
            in_format(Format::V0).or_else(|error| in_format(Format::V1).or(Err(error)))?;
        check_extensions(certificate, &signer.extensions())?;
        let compressed = round_trip(certificate, &signer)?;
        Ok(CheckedSigner {
            signer,
            validity,
            compressed,
        })
    }

    fn check_serial_number(
        &self,
        certificate: &Certificate,
        validity: Validity,
        format: Format,
    ) -> Result<(), SignerError> {
        let dates = EncodedDates::encode(validity, format).map_err(Error::from)?;
        let expected = self.serial_number(dates)?;
        if certificate.serial_number() == expected.as_bytes() {
            return Ok(());
        }
        Err(SignerError::SerialNumber {
            expected: expected.to_string(),
            found: HEXUPPER.encode(certificate.serial_number()),
        })
    }
}

fn check_form(certificate: &Certificate) -> Result<(), SignerError> {
    if certificate.part_der(Part::Version) != VERSION_3 {
        return Err(SignerError::Version);
    }
    for part in [Part::SignedAlgorithm, Part::Algorithm] {
        if certificate.part_der(part) != ECDSA_WITH_SHA256 {
            return Err(SignerError::Algorithm { part });
        }
    }
    let signer = Name::signer();
    for part in [Part::Issuer, Part::Subject] {
        let name = certificate.part_der(part);
        if name != signer.as_der() {
            return Err(SignerError::Name {
                part,
                found: name_text(name),
            });
        }
    }
    Ok(())
}

fn check_extensions(certificate: &Certificate, expected: &[Extension]) -> Result<(), SignerError> {
    let mut rest = certificate.parsed().extensions.iter();
    for (position, expected) in (1..).zip(expected) {
        let found = rest.next();
        match found {
            Some(found) if found.oid == expected.kind.oid() => {
                let value = certificate.bytes(&found.value);
                check_extension(found.criticality, value, expected)?;
            }
            _ => {
                return Err(SignerError::Extension {
                    position,
                    expected: expected.kind,
                    found: found.map(|found| found.oid),
                });
            }
        }
    }
    match rest.next() {
        None => Ok(()),
        Some(surplus) => Err(SignerError::SurplusExtension { oid: surplus.oid }),
    }
}

fn check_extension(
    criticality: Criticality,
    value: &[u8],
    expected: &Extension,
) -> Result<(), SignerError> {
    if criticality == expected.criticality && value == expected.value {
        return Ok(());
    }
    let describe = |criticality, value: &[u8]| {
        let criticality = match criticality {
            Criticality::Critical => "critical ",
            Criticality::NotCritical => "not critical ",
        };
        [criticality, &HEXUPPER.encode(value)].concat()
    };
    Err(SignerError::ExtensionValue {
        kind: expected.kind,
        expected: describe(expected.criticality, &expected.value),
        found: describe(criticality, value),
    })
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    use p256::ecdsa::signature::hazmat::PrehashSigner;
    use p256::ecdsa::{Signature, SigningKey};

    use super::*;
    use crate::extension;
    use crate::testing::{SIGNER_KEY, SLOT_12, device, signer};
    use crate::{
        DateError, DateTime, SerialInputs, SerialNumber, SignatureBytes, Tbs, TbsFields, Time,
    };

    /// A signer certificate with one thing wrong, signed by its own key.
    struct Forgery {
        key: SigningKey,
        issuer: Name,
        subject: Name,
        validity: Validity,
        serial: Option<SerialNumber>,
        extensions: Vec<Extension>,
    }

    impl Forgery {
        /// With nothing wrong yet.
        fn new() -> Self {
            let key = SigningKey::from_bytes(&[0x42; 32].into()).unwrap();
            let now = DateTime::new(2026, 3, 15, 9, 0, 0).unwrap();
            let validity = Validity::issued_at(now, 10).unwrap();
            let mut forgery = Self {
                key,
                issuer: Name::signer(),
                subject: Name::signer(),
                validity,
                serial: None,
                extensions: vec![],
            };
            forgery.extensions = forgery.signer().extensions().to_vec();
            forgery
        }

        fn signer(&self) -> NervesKeySigner {
            let point = self.key.verifying_key().to_sec1_point(false);
            NervesKeySigner {
                public_key: PublicKey::from_bytes(point.as_bytes()[1..].try_into().unwrap()),
            }
        }

        fn sign(&self, tbs: &Tbs) -> Certificate {
            let signature: Signature = self.key.sign_prehash(&tbs.digest()).unwrap();
            let signature = SignatureBytes::from_bytes(signature.to_bytes().into());
            tbs.assemble(&signature)
        }

        fn certificate(&self) -> Certificate {
            let signer = self.signer();
            let dates = EncodedDates::encode(self.validity, Format::V0).unwrap();
            let own_serial = signer.serial_number(dates).unwrap();
            self.sign(
                &Tbs::new(&TbsFields {
                    template: crate::Template::NERVES_KEY_SIGNER,
                    dates,
                    signer_id: 0,
                    serial: self.serial.unwrap_or(own_serial),
                    issuer: &self.issuer,
                    not_before: Time::Rfc5280(self.validity.not_before()),
                    not_after: Time::Rfc5280(self.validity.not_after()),
                    subject: &self.subject,
                    public_key: &signer.public_key,
                    extensions: Some(&self.extensions),
                })
                .unwrap(),
            )
        }

        fn error(&self) -> SignerError {
            NervesKeySigner::check(&self.certificate()).unwrap_err()
        }
    }

    /// `der` with the one place where `from` stands saying `to`.
    fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Certificate {
        let at = der.windows(from.len()).position(|bytes| bytes == from);
        let at = at.unwrap();
        let der = [&der[..at], to, &der[at + from.len()..]].concat();
        Certificate::from_der(der).unwrap()
    }

    #[test]
    fn the_known_signer_is_one() {
        let checked = NervesKeySigner::check(&signer()).unwrap();
        assert_eq!(checked.signer.public_key.as_bytes(), &SIGNER_KEY);
        assert_eq!(checked.compressed.to_bytes(), SLOT_12);
        let ours = Forgery::new();
        let checked = NervesKeySigner::check(&ours.certificate()).unwrap();
        assert_eq!(checked.signer, ours.signer());
        assert_eq!(checked.validity, ours.validity);
    }

    #[test]
    fn names_must_be_signer() {
        let mut forgery = Forgery::new();
        forgery.issuer = Name::from_serial("Acme Root").unwrap();
        assert_eq!(
            forgery.error().to_string(),
            "the issuer of the signer certificate is \"CN=Acme Root\", \
             but must be \"CN=Signer\", one UTF8String"
        );
        assert!(matches!(
            NervesKeySigner::check(&device()),
            Err(SignerError::Name {
                part: Part::Subject,
                ..
            })
        ));
    }

    #[test]
    fn the_serial_number_must_follow_from_key_and_dates() {
        let mut forgery = Forgery::new();
        let dates = EncodedDates::encode(forgery.validity, Format::V0).unwrap();
        let inputs = SerialInputs {
            public_key: None,
            device_sn: None,
            signer_id: 1,
            dates,
        };
        let number = crate::SerialSource::SignerId.serial_number(&inputs, 16);
        forgery.serial = Some(number.unwrap());
        assert!(matches!(
            forgery.error(),
            SignerError::SerialNumber { found, .. } if found == "400001"
        ));
    }

    #[test]
    fn extensions_must_be_these() {
        let mut forgery = Forgery::new();
        forgery.extensions[1] = extension::signs_handshakes();
        assert_eq!(
            forgery.error().to_string(),
            "extension keyUsage of the signer certificate must be \
             critical 03020186, found critical 030205A0"
        );
        let mut forgery = Forgery::new();
        forgery.extensions.swap(0, 1);
        assert!(matches!(
            forgery.error(),
            SignerError::Extension {
                position: 1,
                expected: ExtensionKind::BasicConstraints,
                found: Some(_)
            }
        ));
        let mut forgery = Forgery::new();
        forgery.extensions.pop();
        assert_eq!(
            forgery.error().to_string(),
            "extension 5 of the signer certificate must be authorityKeyIdentifier, found none"
        );
        let mut forgery = Forgery::new();
        forgery.extensions.push(extension::client());
        assert_eq!(
            forgery.error().to_string(),
            "the signer certificate has the extension 2.5.29.37, which a chip cannot give back"
        );
    }

    #[test]
    fn dates_must_fit() {
        let der = signer().into_der();
        let minutes = replaced(&der, b"181204200000Z", b"181204203100Z");
        assert!(matches!(
            NervesKeySigner::check(&minutes),
            Err(SignerError::Certificate(Error::Date(
                DateError::NotOnTheHour(_)
            )))
        ));
        let late = replaced(&der, b"181204200000Z", b"321204200000Z");
        assert!(matches!(
            NervesKeySigner::check(&late),
            Err(SignerError::Certificate(Error::Date(
                DateError::IssueYear {
                    year: 2032,
                    last: 2031,
                    ..
                }
            )))
        ));
        let leap = replaced(&der, b"191204200000Z", b"190229200000Z");
        assert_eq!(
            NervesKeySigner::check(&leap).unwrap_err().to_string(),
            "certificate: notAfter \"190229200000Z\" is no date of the calendar"
        );
    }

    #[test]
    fn key_and_algorithm_must_be_p256() {
        let der = signer().into_der();
        let (prime256v1, secp256k1) = (
            [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
            [0x06, 0x08, 0x2B, 0x81, 0x04, 0x00, 0x0A, 0x00, 0x00, 0x00],
        );
        assert!(matches!(
            NervesKeySigner::check(&replaced(&der, &prime256v1, &secp256k1)),
            Err(SignerError::Certificate(Error::NotP256))
        ));
        let mut off_curve = Forgery::new().signer();
        off_curve.public_key = PublicKey::from_bytes([0x5A; 64]);
        let tbs = off_curve
            .issue(Forgery::new().validity, Format::V0)
            .unwrap();
        assert!(matches!(
            NervesKeySigner::check(&Forgery::new().sign(&tbs)),
            Err(SignerError::NotOnCurve(_))
        ));
        let mut sha384 = ECDSA_WITH_SHA256;
        sha384[11] = 0x03; // 1.2.840.10045.4.3.3
        assert!(matches!(
            NervesKeySigner::check(&replaced(&der, &ECDSA_WITH_SHA256, &sha384)),
            Err(SignerError::Algorithm {
                part: Part::SignedAlgorithm
            })
        ));
        assert!(matches!(
            NervesKeySigner::check(&replaced(&der, &VERSION_3, &[0xA0, 0x03, 0x02, 0x01, 0x01])),
            Err(SignerError::Version)
        ));
    }

    #[test]
    fn it_must_have_signed_itself() {
        let forgery = Forgery::new();
        let other = Forgery {
            key: SigningKey::from_bytes(&[0x43; 32].into()).unwrap(),
            ..Forgery::new()
        };
        let tbs = forgery
            .signer()
            .issue(forgery.validity, Format::V0)
            .unwrap();
        let certificate = other.sign(&tbs);
        assert!(matches!(
            NervesKeySigner::check(&certificate),
            Err(SignerError::NotSelfSigned(
                SignatureMismatch::Signature { .. }
            ))
        ));
    }
}
