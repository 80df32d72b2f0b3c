//! From certificate to 72 bytes and back, and the proof that nothing is lost.
//!
//! A locked chip keeps its bytes for ever. [`round_trip`] is the question to
//! ask before: will the certificate that comes back be this one?

use core::fmt;

use crate::{
    Certificate, CompressedCertificate, DeviceCertificate, EncodedDates, Error, Format, KeyId,
    Name, Part, PublicKey, SignerCertificate, Tbs, Template, TrustChain, TrustDeviceCertificate,
    TrustLayout, TrustSignerCertificate, Validity,
};

/// What a chip holds beside the 72 bytes, by kind of certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rebuild {
    /// Slot 12 of a `NervesKey`.
    NervesKeySigner {
        /// Slot 11.
        public_key: PublicKey,
    },
    /// Slot 10 of a `NervesKey`.
    NervesKeyDevice {
        /// CN = the manufacturer's serial number of the OTP zone.
        subject: Name,
        /// The chip's own serial number.
        device_sn: [u8; 9],
        /// Slot 0.
        public_key: PublicKey,
        /// Slot 11.
        signer_public_key: PublicKey,
    },
    /// The signer certificate of a trust part.
    TrustSigner {
        /// Whose names it has.
        chain: TrustChain,
        /// The signer's key.
        public_key: PublicKey,
    },
    /// The device certificate of a trust part.
    TrustDevice {
        /// Whose names it has.
        chain: TrustChain,
        /// What it says of the chip.
        layout: TrustLayout,
        /// The chip's own serial number.
        device_sn: [u8; 9],
        /// The device's key.
        public_key: PublicKey,
        /// Of the signer's key, as [`PublicKey::microchip_key_id`] makes it.
        signer_key_id: KeyId,
    },
}

/// Why a certificate does not survive compression.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
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

impl Rebuild {
    /// The template of the compressed certificate.
    #[must_use]
    pub const fn template(&self) -> Template {
        match self {
            Self::NervesKeySigner { .. } => Template::NERVES_KEY_SIGNER,
            Self::NervesKeyDevice { .. } => Template::NERVES_KEY_DEVICE,
            Self::TrustSigner { .. } => Template::TRUST_SIGNER,
            Self::TrustDevice { layout, .. } => layout.template(),
        }
    }

    /// The signer's ID, which a trust part's certificate has in a name.
    pub(crate) fn signer_id(&self, certificate: &Certificate) -> Result<u16, Error> {
        let name = match self {
            Self::NervesKeySigner { .. } | Self::NervesKeyDevice { .. } => return Ok(0),
            Self::TrustSigner { .. } => certificate.subject_der(),
            Self::TrustDevice { .. } => certificate.issuer_der(),
        };
        let digits = name.last_chunk::<4>().map(|last| str::from_utf8(last));
        let id = match digits {
            Some(Ok(digits)) => u16::from_str_radix(digits, 16).ok(),
            _ => None,
        };
        // A name without an ID is found to differ.
        Ok(id.unwrap_or_default())
    }

    /// The bytes that were signed for a certificate with these dates.
    /// `signer_id` counts for trust parts alone.
    ///
    /// # Errors
    /// [`Error::Date`] when the dates do not exist.
    pub fn to_be_signed(&self, dates: EncodedDates, signer_id: u16) -> Result<Tbs, Error> {
        let validity = dates.decode()?;
        match self {
            Self::NervesKeySigner { public_key } => SignerCertificate {
                public_key: *public_key,
                validity,
            }
            .with_dates(dates),
            Self::NervesKeyDevice {
                subject,
                device_sn,
                public_key,
                signer_public_key,
            } => DeviceCertificate {
                subject: subject.clone(),
                device_sn: *device_sn,
                public_key: *public_key,
                signer_public_key: *signer_public_key,
                validity,
            }
            .with_dates(dates),
            Self::TrustSigner { chain, public_key } => TrustSignerCertificate {
                chain,
                signer_id,
                public_key: *public_key,
                validity,
            }
            .to_be_signed(dates),
            Self::TrustDevice {
                chain,
                layout,
                device_sn,
                public_key,
                signer_key_id,
            } => TrustDeviceCertificate {
                chain,
                layout: *layout,
                signer_id,
                device_sn: *device_sn,
                public_key: *public_key,
                signer_key_id: *signer_key_id,
                validity,
            }
            .to_be_signed(dates),
        }
    }
}

/// The 72 bytes of a certificate: its signature and its dates, in `format`.
/// Everything else of it is taken on trust; see [`round_trip`].
///
/// # Errors
/// [`Error::Time`] or [`Error::Date`] when `format` cannot hold its dates,
/// [`Error::Der`] or [`Error::SignatureNumber`] when its signature is not
/// ECDSA on P-256.
pub fn compress(
    certificate: &Certificate,
    template: Template,
    format: Format,
) -> Result<CompressedCertificate, Error> {
    Ok(CompressedCertificate {
        dates: certificate.dates_in(format)?,
        signature: certificate.signature()?,
        signer_id: 0,
        template,
    })
}

/// The certificate that `compressed` and the rest of the chip stand for.
///
/// # Errors
/// [`Error::Template`] when `compressed` is another kind of certificate,
/// [`Error::Date`] when its dates do not exist.
pub fn decompress(
    compressed: &CompressedCertificate,
    rebuild: &Rebuild,
) -> Result<Certificate, Error> {
    compressed.expect_template(rebuild.template())?;
    rebuild
        .to_be_signed(compressed.dates, compressed.signer_id)?
        .assemble(&compressed.signature)
}

/// Compress `certificate`, rebuild it from the 72 bytes and from what the chip
/// will hold, and compare every byte. Signatures are not verified.
///
/// The format is 0 where that gives the certificate back, else 1: the serial
/// number of a certificate that was made for the one is not that of the other.
///
/// # Errors
/// [`RoundTripError`] says what would be lost.
pub fn round_trip(
    certificate: &Certificate,
    rebuild: &Rebuild,
) -> Result<CompressedCertificate, RoundTripError> {
    let error = match round_trip_in(certificate, rebuild, Format::V0) {
        Ok(compressed) => return Ok(compressed),
        Err(error) => error,
    };
    round_trip_in(certificate, rebuild, Format::V1).or(Err(error))
}

fn round_trip_in(
    certificate: &Certificate,
    rebuild: &Rebuild,
    format: Format,
) -> Result<CompressedCertificate, RoundTripError> {
    let compressed = compress(certificate, rebuild.template(), format)
        .and_then(|compressed| {
            Ok(CompressedCertificate {
                signer_id: rebuild.signer_id(certificate)?,
                ..compressed
            })
        })
        .map_err(RoundTripError::Compress)?;
    // What is written are bytes, so bytes are what is read back.
    let stored = CompressedCertificate::from_bytes(&compressed.to_bytes())
        .map_err(|error| RoundTripError::Rebuild(error.into()))?;
    let returned = decompress(&stored, rebuild).map_err(RoundTripError::Rebuild)?;
    match certificate.first_difference(&returned) {
        None => Ok(compressed),
        Some(difference) => Err(difference),
    }
}

impl Certificate {
    /// Its dates, as the 72 bytes have them.
    pub(crate) fn dates_in(&self, format: Format) -> Result<EncodedDates, Error> {
        let validity = Validity::between(self.not_before()?, self.not_after()?, format)?;
        Ok(EncodedDates::encode(validity, format)?)
    }

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
        DEVICE_SIGNER_KEY, DEVICE_SN, SERIAL, SIGNER_KEY, SLOT_10, SLOT_12, device, device_der,
        device_rebuild, signer, signer_der, signer_rebuild,
    };
    use crate::{DateTime, IssueDate, SignatureBytes};

    /// The fixture of the `nerves_key` tests, both directions.
    #[test]
    fn the_golden_certificates() {
        for (certificate, rebuild, slot) in [
            (signer(), signer_rebuild(), SLOT_12),
            (device(), device_rebuild(), SLOT_10),
        ] {
            let stored = CompressedCertificate::from_bytes(&slot).unwrap();
            assert_eq!(decompress(&stored, &rebuild).unwrap(), certificate);
            let compressed = round_trip(&certificate, &rebuild).unwrap();
            assert_eq!(compressed.to_bytes(), slot);
        }
    }

    #[test]
    fn slots_are_not_interchangeable() {
        let stored = CompressedCertificate::from_bytes(&SLOT_12).unwrap();
        assert!(matches!(
            decompress(&stored, &device_rebuild()),
            Err(Error::Template {
                expected: Template::NERVES_KEY_DEVICE,
                found: Template::NERVES_KEY_SIGNER
            })
        ));
    }

    /// The first byte of X, in the certificate and in the chip.
    #[test]
    fn a_difference_names_its_byte() {
        let Rebuild::NervesKeyDevice {
            subject,
            device_sn,
            signer_public_key,
            ..
        } = device_rebuild()
        else {
            panic!("another template");
        };
        let rebuild = Rebuild::NervesKeyDevice {
            subject,
            device_sn,
            public_key: PublicKey::from_bytes([0x5A; 64]),
            signer_public_key,
        };
        let x = [0x87, 0xF5, 0xEB, 0x85, 0xC7];
        let offset = device_der()
            .windows(5)
            .position(|bytes| bytes == x)
            .unwrap();
        let error = round_trip(&device(), &rebuild).unwrap_err();
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
        let rebuild =
            |serial: &[u8], device_sn, public_key, signer_public_key| Rebuild::NervesKeyDevice {
                subject: Name::from_stored_serial(serial).unwrap(),
                device_sn,
                public_key,
                signer_public_key,
            };
        let own = device().public_key().unwrap();
        let signer_key = PublicKey::from_bytes(DEVICE_SIGNER_KEY);
        for (rebuild, part) in [
            (
                rebuild(b"another serial", DEVICE_SN, own, signer_key),
                Part::Subject,
            ),
            (rebuild(SERIAL, [0; 9], own, signer_key), Part::SerialNumber),
            (
                rebuild(SERIAL, DEVICE_SN, other, signer_key),
                Part::PublicKey,
            ),
            (rebuild(SERIAL, DEVICE_SN, own, other), Part::Extension(4)),
        ] {
            match round_trip(&device(), &rebuild) {
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
        for (der, rebuild) in [
            (signer_der(), signer_rebuild()),
            (device_der(), device_rebuild()),
        ] {
            for at in 0..der.len() {
                let mut der = der.clone();
                der[at] ^= 0x01;
                let Ok(certificate) = Certificate::from_der(der) else {
                    continue;
                };
                match round_trip(&certificate, &rebuild) {
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
            let device = DeviceCertificate {
                subject: subject.clone(), device_sn, public_key, signer_public_key, validity,
            };
            let tbs = device.to_be_signed().unwrap();
            let rebuild = Rebuild::NervesKeyDevice { subject, device_sn, public_key, signer_public_key };
            let compressed = round_trip(&tbs.assemble(&signature).unwrap(), &rebuild).unwrap();
            prop_assert_eq!(compressed, tbs.compress(signature));
            let tbs = SignerCertificate { public_key, validity }.to_be_signed().unwrap();
            let rebuild = Rebuild::NervesKeySigner { public_key };
            let compressed = round_trip(&tbs.assemble(&signature).unwrap(), &rebuild).unwrap();
            prop_assert_eq!(compressed, tbs.compress(signature));
        }

        /// Any 72 bytes on a chip rebuild to a certificate or to an error.
        #[test]
        fn garbage_does_not_panic(bytes in proptest::array::uniform::<_, 64>(any::<u8>()), dates: [u8; 3]) {
            for (slot, rebuild) in [(SLOT_12, signer_rebuild()), (SLOT_10, device_rebuild())] {
                let mut slot = slot;
                slot[..64].copy_from_slice(&bytes);
                slot[64..67].copy_from_slice(&dates);
                let stored = CompressedCertificate::from_bytes(&slot).unwrap();
                if let Ok(certificate) = decompress(&stored, &rebuild) {
                    prop_assert!(certificate.not_before().unwrap() < DateTime::LAST);
                }
            }
        }
    }
}
