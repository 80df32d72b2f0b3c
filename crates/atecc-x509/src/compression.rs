//! From certificate to 72 bytes and back, and the proof that nothing is lost.
//!
//! A locked chip keeps its bytes for ever. [`round_trip`] is the question to
//! ask before: will the certificate that comes back be this one?

use core::fmt;

use crate::{
    Certificate, CertificateDef, CompressedCertificate, EncodedDates, Error, Format, Part,
};

/// Why a certificate does not survive compression.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoundTripError {
    /// It has no compressed form.
    #[error("the certificate cannot be compressed: {0}")]
    Compress(#[source] Error),
    /// Its compressed form cannot be rebuilt.
    #[error("the compressed certificate cannot be rebuilt: {0}")]
    Rebuild(#[source] Error),
    /// Another certificate comes back.
    #[error(
        "the rebuilt certificate differs from byte {offset} on, in {part}: \
         {} instead of {}",
        ByteOrEnd(*.found),
        ByteOrEnd(*.expected)
    )]
    Differs {
        /// The part of the original that the byte belongs to.
        part: Part,
        /// Of the first byte that differs, from 0.
        offset: usize,
        /// The original's byte; nothing when the rebuilt one is longer.
        expected: Option<u8>,
        /// The rebuilt one's byte; nothing when it is shorter.
        found: Option<u8>,
    },
}

/// A byte in hex, or the end of a certificate in its place.
struct ByteOrEnd(Option<u8>);

impl fmt::Display for ByteOrEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(byte) => write!(f, "{byte:02X}"),
            None => f.write_str("the end"),
        }
    }
}

/// The 72 bytes of a certificate: its signature, its dates in `format` and its
/// signer's ID. Everything else of it is taken on trust; see [`round_trip`].
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{Certificate, Format, NervesKeySigner, PublicKey, compress};
///
/// let signer = NervesKeySigner {
///     public_key: PublicKey::from_bytes(vector.signer_key),
/// };
/// let certificate = Certificate::from_der(vector.signer_der)?; // 428 bytes.
/// let compressed = compress(&certificate, &signer, Format::V0)?;
/// assert_eq!(compressed.to_bytes(), vector.signer_slot);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Time`] or [`Error::Date`] when `format` cannot hold its dates,
/// [`Error::Der`] or [`Error::SignatureNumber`] when its signature is not
/// ECDSA on P-256.
pub fn compress(
    certificate: &Certificate,
    definition: &dyn CertificateDef,
    format: Format,
) -> Result<CompressedCertificate, Error> {
    Ok(CompressedCertificate {
        dates: EncodedDates::encode(definition.validity(certificate, format)?, format)?,
        signature: certificate.signature()?,
        signer_id: definition.signer_id(certificate),
        template: definition.template(),
    })
}

/// The certificate that `compressed` and the rest of the chip stand for.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{CompressedCertificate, NervesKeySigner, PublicKey, decompress};
///
/// let signer = NervesKeySigner {
///     public_key: PublicKey::from_bytes(vector.signer_key), // Slot 11.
/// };
/// let slot_12 = CompressedCertificate::from_bytes(&vector.signer_slot)?;
/// let certificate = decompress(&slot_12, &signer)?;
/// assert_eq!(certificate.as_der(), vector.signer_der);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Template`] when `compressed` is another kind of certificate,
/// [`Error::Date`] when its dates do not exist.
pub fn decompress(
    compressed: &CompressedCertificate,
    definition: &dyn CertificateDef,
) -> Result<Certificate, Error> {
    compressed.expect_template(definition.template())?;
    let tbs = definition.to_be_signed(compressed.dates, compressed.signer_id)?;
    Ok(tbs.assemble(&compressed.signature))
}

/// Compress `certificate`, rebuild it from the 72 bytes and from what the chip
/// will hold, and compare every byte. Signatures are not verified.
///
/// The format is 0 where that gives the certificate back, else 1: the serial
/// number of a certificate that was made for the one is not that of the other.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{Certificate, Name, NervesKeyDevice, Part, PublicKey};
/// use atecc_x509::{RoundTripError, round_trip};
///
/// let certificate = Certificate::from_der(vector.device_der)?;
/// let mut device = NervesKeyDevice {
///     subject: Name::from_serial("HTYR2")?,
///     device_sn: vector.device_sn,
///     public_key: PublicKey::from_bytes(vector.device_key),
///     signer_public_key: PublicKey::from_bytes(vector.signer_key),
/// };
/// assert_eq!(round_trip(&certificate, &device)?.to_bytes(), vector.device_slot);
///
/// // On a chip with another serial the certificate would come back as another one.
/// device.subject = Name::from_serial("HTYR3")?;
/// let error = round_trip(&certificate, &device).unwrap_err();
/// assert!(matches!(error, RoundTripError::Differs { part: Part::Subject, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`RoundTripError`] says what would be lost.
pub fn round_trip(
    certificate: &Certificate,
    definition: &dyn CertificateDef,
) -> Result<CompressedCertificate, RoundTripError> {
    let error = match round_trip_in(certificate, definition, Format::V0) {
        Ok(compressed) => return Ok(compressed),
        Err(error) => error,
    };
    round_trip_in(certificate, definition, Format::V1).or(Err(error))
}

fn round_trip_in(
    certificate: &Certificate,
    definition: &dyn CertificateDef,
    format: Format,
) -> Result<CompressedCertificate, RoundTripError> {
    let compressed = compress(certificate, definition, format).map_err(RoundTripError::Compress)?;
    // What is written are bytes, so bytes are what is read back.
    let stored = CompressedCertificate::from_bytes(&compressed.to_bytes())
        .map_err(|error| RoundTripError::Rebuild(error.into()))?;
    let returned = decompress(&stored, definition).map_err(RoundTripError::Rebuild)?;
    match certificate.first_difference(&returned) {
        None => Ok(compressed),
        Some(difference) => Err(difference),
    }
}

impl Certificate {
    /// Part by part, because a longer part also changes the headers around it.
    fn first_difference(&self, rebuilt: &Self) -> Option<RoundTripError> {
        if self == rebuilt {
            return None;
        }
        let (ours, theirs) = (&self.parsed().places, &rebuilt.parsed().places);
        let whole = (Part::Structure, 0..self.as_der().len());
        let differing = ours
            .iter()
            .zip(theirs)
            .find(|((_, our), (_, their))| self.bytes(our) != rebuilt.bytes(their))
            .map(|(our, (_, their))| (our.clone(), their.start));
        let ((part, range), start) = differing.unwrap_or((whole, 0));
        let pair = |at: usize| {
            (
                self.as_der().get(range.start + at).copied(),
                rebuilt.as_der().get(start + at).copied(),
            )
        };
        let at = (0..range.len()).find(|&at| {
            let (expected, found) = pair(at);
            expected != found
        });
        let at = at.unwrap_or(range.len());
        let (expected, found) = pair(at);
        Some(RoundTripError::Differs {
            part,
            offset: range.start + at,
            expected,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{
        SIGNER_KEY, SLOT_10, SLOT_12, device, device_def, device_der, signer, signer_def,
        signer_der,
    };
    use crate::{
        DateTime, IssueDate, Name, NervesKeyDevice, NervesKeySigner, PublicKey, SignatureBytes,
        Template, Validity,
    };

    /// The fixture of the `nerves_key` tests, both directions.
    #[test]
    fn the_golden_certificates() {
        for (certificate, definition, slot) in [
            (signer(), &signer_def() as &dyn CertificateDef, SLOT_12),
            (device(), &device_def(), SLOT_10),
        ] {
            let stored = CompressedCertificate::from_bytes(&slot).unwrap();
            assert_eq!(decompress(&stored, definition).unwrap(), certificate);
            let compressed = round_trip(&certificate, definition).unwrap();
            assert_eq!(compressed.to_bytes(), slot);
        }
    }

    #[test]
    fn slots_are_not_interchangeable() {
        let stored = CompressedCertificate::from_bytes(&SLOT_12).unwrap();
        assert!(matches!(
            decompress(&stored, &device_def()),
            Err(Error::Template {
                expected: Template::NERVES_KEY_DEVICE,
                found: Template::NERVES_KEY_SIGNER
            })
        ));
    }

    /// The first byte of X, in the certificate and in the chip.
    #[test]
    fn a_difference_names_its_byte() {
        let definition = NervesKeyDevice {
            public_key: PublicKey::from_bytes([0x5A; 64]),
            ..device_def()
        };
        let x = [0x87, 0xF5, 0xEB, 0x85, 0xC7];
        let offset = device_der()
            .windows(5)
            .position(|bytes| bytes == x)
            .unwrap();
        let error = round_trip(&device(), &definition).unwrap_err();
        let RoundTripError::Differs {
            part,
            offset: at,
            expected,
            found,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((part, at), (Part::PublicKey, offset));
        assert_eq!((expected, found), (Some(0x87), Some(0x5A)));
    }

    /// What the chip would hold differs in one thing at a time.
    #[test]
    fn differences_name_their_part() {
        let other = PublicKey::from_bytes([0x5A; 64]);
        let own = device_def;
        for (definition, part) in [
            (
                NervesKeyDevice {
                    subject: Name::from_stored_serial(b"another serial"),
                    ..own()
                },
                Part::Subject,
            ),
            (
                NervesKeyDevice {
                    device_sn: [0; 9],
                    ..own()
                },
                Part::SerialNumber,
            ),
            (
                NervesKeyDevice {
                    public_key: other,
                    ..own()
                },
                Part::PublicKey,
            ),
            (
                NervesKeyDevice {
                    signer_public_key: other,
                    ..own()
                },
                Part::Extension(4),
            ),
        ] {
            match round_trip(&device(), &definition) {
                Err(RoundTripError::Differs { part: found, .. }) => assert_eq!(found, part),
                other => panic!("{part}: {other:?}"),
            }
        }
    }

    /// Every byte of both certificates counts: changed, it is found at its
    /// place, or the certificate cannot be read at all, or it is a byte of the
    /// 72 that comes back as changed.
    #[test]
    fn every_byte_counts() {
        for (der, definition) in [
            (signer_der(), &signer_def() as &dyn CertificateDef),
            (device_der(), &device_def()),
        ] {
            for at in 0..der.len() {
                let mut der = der.clone();
                der[at] ^= 0x01;
                let Ok(certificate) = Certificate::from_der(der) else {
                    continue;
                };
                match round_trip(&certificate, definition) {
                    Err(RoundTripError::Differs { part, .. }) => {
                        // Dates also make the serial number.
                        let found = certificate.parsed().part_at(at);
                        let dates = matches!(found, Part::NotBefore | Part::NotAfter);
                        assert!(found == part || dates && part == Part::SerialNumber, "{at}");
                    }
                    Err(RoundTripError::Compress(_)) => {}
                    other => {
                        let part = certificate.parsed().part_at(at);
                        assert!(other.is_ok() && part == Part::Signature, "{at}: {other:?}");
                    }
                }
            }
        }
    }

    fn validities() -> impl Strategy<Value = Validity> {
        (2000_u16..=2031, 1_u8..=12, 1_u8..=31, 0_u8..=23, 0_u8..=31).prop_filter_map(
            "a date of the calendar",
            |(year, month, day, hour, years)| {
                let issue = IssueDate::new(year, month, day, hour).ok()?;
                Validity::new(issue, years).ok()
            },
        )
    }

    proptest! {
        /// Any certificate that can be issued survives.
        #[test]
        fn what_is_issued_survives(
            validity in validities(),
            serial in "\\PC{1,12}",
            device_sn: [u8; 9],
            keys in proptest::array::uniform::<_, 64>(any::<u8>()),
            mut signature in proptest::array::uniform::<_, 64>(any::<u8>()),
            (zeros_r, zeros_s) in (0_usize..4, 0_usize..4),
        ) {
            signature[..zeros_r].fill(0);
            signature[32..32 + zeros_s].fill(0);
            let signature = SignatureBytes::from_bytes(signature);
            let public_key = PublicKey::from_bytes(keys);
            let signer_public_key = PublicKey::from_bytes(SIGNER_KEY);
            let subject = Name::from_serial(&serial).unwrap();
            let device = NervesKeyDevice { subject, device_sn, public_key, signer_public_key };
            let tbs = device.issue(validity, Format::V0).unwrap();
            let compressed = round_trip(&tbs.assemble(&signature), &device).unwrap();
            prop_assert_eq!(compressed, tbs.compress(signature));
            let signer = NervesKeySigner { public_key };
            let tbs = signer.issue(validity, Format::V0).unwrap();
            let compressed = round_trip(&tbs.assemble(&signature), &signer).unwrap();
            prop_assert_eq!(compressed, tbs.compress(signature));
        }

        /// Any 72 bytes on a chip rebuild to a certificate or to an error.
        #[test]
        fn garbage_does_not_panic(bytes in proptest::array::uniform::<_, 64>(any::<u8>()), dates: [u8; 3]) {
            for (slot, definition) in [
                (SLOT_12, &signer_def() as &dyn CertificateDef),
                (SLOT_10, &device_def()),
            ] {
                let mut slot = slot;
                slot[..64].copy_from_slice(&bytes);
                slot[64..67].copy_from_slice(&dates);
                let stored = CompressedCertificate::from_bytes(&slot).unwrap();
                if let Ok(certificate) = decompress(&stored, definition) {
                    prop_assert!(certificate.not_before().unwrap() < DateTime::LAST);
                }
            }
        }
    }
}
