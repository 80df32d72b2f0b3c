//! A whole certificate, its DER kept as it is.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use sha2::{Digest, Sha256};

use crate::name_text::name_text;
use crate::parse::Parsed;
use crate::{DateTime, Error, Part, PublicKey, SignatureBytes};

/// An X.509 certificate, taken apart when it is made.
///
/// ```
/// # let now = atecc_x509::DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// # let signer = atecc_x509::NervesKeySigner {
/// #     public_key: atecc_x509::PublicKey::from_bytes([0x5A; 64]),
/// # };
/// # let validity = atecc_x509::Validity::issued_at(now, 10)?;
/// # let tbs = signer.issue(validity, atecc_x509::Format::V0)?;
/// # let signature = atecc_x509::SignatureBytes::from_bytes([0x11; 64]);
/// # let der = tbs.assemble(&signature).into_der();
/// use atecc_x509::Certificate;
///
/// let certificate = Certificate::from_der(der)?;
/// println!("{}", certificate.to_pem());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    der: Vec<u8>,
    parsed: Parsed,
}

impl Certificate {
    /// # Errors
    /// [`Error::Der`] unless `der` is one certificate and nothing else. What
    /// it says is not judged.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let der = der.into();
        let parsed = Parsed::new(&der)?;
        Ok(Self { der, parsed })
    }

    /// What `parsed` was taken from, without taking it apart again.
    pub(crate) const fn assembled(der: Vec<u8>, parsed: Parsed) -> Self {
        Self { der, parsed }
    }

    /// The DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The DER.
    #[must_use]
    pub fn into_der(self) -> Vec<u8> {
        self.der
    }

    /// The signed part, with its tag and length.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.bytes(&self.parsed.tbs)
    }

    /// SHA-256 of the signed part.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.tbs_der()).into()
    }

    /// The signature.
    ///
    /// # Errors
    /// [`Error::Der`] or [`Error::SignatureNumber`] when it is not an ECDSA
    /// signature of P-256 with minimal integers.
    pub fn signature(&self) -> Result<SignatureBytes, Error> {
        self.parsed.signature.clone()
    }

    /// The subject's key; not known to be on the curve.
    ///
    /// # Errors
    /// [`Error::NotP256`] when it is another kind of key.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        self.parsed.public_key.ok_or(Error::NotP256)
    }

    /// The content of the serial number's INTEGER.
    #[must_use]
    pub fn serial_number(&self) -> &[u8] {
        self.bytes(&self.parsed.serial)
    }

    /// The first second of validity.
    ///
    /// # Errors
    /// [`Error::Time`] when it is no date.
    pub fn not_before(&self) -> Result<DateTime, Error> {
        self.parsed.not_before.clone()
    }

    /// The last second of validity.
    ///
    /// # Errors
    /// [`Error::Time`] when it is no date.
    pub fn not_after(&self) -> Result<DateTime, Error> {
        self.parsed.not_after.clone()
    }

    /// The serial number's INTEGER, with tag and length.
    #[must_use]
    pub fn serial_number_der(&self) -> &[u8] {
        self.part_der(Part::SerialNumber)
    }

    /// The subject's Name, with tag and length.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        self.part_der(Part::Subject)
    }

    /// The issuer's Name, with tag and length.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        self.part_der(Part::Issuer)
    }

    /// The subject for people, as `CN=Signer`.
    #[must_use]
    pub fn subject_text(&self) -> String {
        name_text(self.subject_der())
    }

    /// The issuer for people, as `CN=Signer`.
    #[must_use]
    pub fn issuer_text(&self) -> String {
        name_text(self.issuer_der())
    }

    /// A part with its tag and length; empty where the certificate has none.
    #[must_use]
    pub fn part_der(&self, part: Part) -> &[u8] {
        let mut places = self.parsed.places.iter();
        match places.find(|(found, _)| *found == part) {
            Some((_, range)) => self.bytes(range),
            None => &[],
        }
    }

    pub(crate) const fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// Bytes at a place that parsing has found.
    pub(crate) fn bytes(&self, place: &Range<usize>) -> &[u8] {
        self.der.get(place.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn names_and_serial_number_with_their_tags() {
        let (device, signer) = (testing::device(), testing::signer());
        // SEQUENCE, SET, SEQUENCE, commonName (2.5.4.3), UTF8String.
        let name = b"\x30\x11\x31\x0F\x30\x0D\x06\x03\x55\x04\x03\x0C\x06Signer";
        assert_eq!(device.issuer_der(), name);
        assert_eq!(device.issuer_text(), "CN=Signer");
        assert_eq!(signer.subject_der(), name);
        assert_ne!(device.subject_der(), name);
        let serial = device.serial_number_der();
        let content = device.serial_number();
        assert_eq!(serial[..2], [0x02, u8::try_from(content.len()).unwrap()]);
        assert_eq!(&serial[2..], content);
    }
}
