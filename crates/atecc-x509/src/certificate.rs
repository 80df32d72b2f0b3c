//! A whole certificate, its DER kept as it is.

use alloc::string::String;
use alloc::vec::Vec;

use der::Encode;
use sha2::{Digest, Sha256};

use crate::name_text::name_text;
use crate::parse::Parsed;
use crate::{DateTime, Error, PublicKey, SignatureBytes};

/// An X.509 certificate.
///
/// ```
/// # let now = atecc_x509::DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// # let signer = atecc_x509::SignerCertificate {
/// #     public_key: atecc_x509::PublicKey::from_bytes([0x5A; 64]),
/// #     validity: atecc_x509::Validity::issued_at(now, 10)?,
/// # };
/// # let signature = atecc_x509::SignatureBytes::from_bytes([0x11; 64]);
/// # let der = signer.to_be_signed()?.assemble(&signature)?.into_der();
/// use atecc_x509::Certificate;
///
/// let certificate = Certificate::from_der(der)?;
/// println!("{}", certificate.to_pem()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    der: Vec<u8>,
}

impl Certificate {
    /// # Errors
    /// [`Error::Der`] unless `der` is one certificate and nothing else. What
    /// it says is not judged.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let der = der.into();
        Parsed::new(&der)?;
        Ok(Self { der })
    }

    /// DER that [`crate::Tbs`] made.
    pub(crate) const fn of_our_own(der: Vec<u8>) -> Self {
        Self { der }
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
    ///
    /// # Errors
    /// [`Error::Der`] does not occur for a certificate that was parsed.
    pub fn tbs_der(&self) -> Result<&[u8], Error> {
        Ok(self.parsed()?.tbs)
    }

    /// SHA-256 of the signed part.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn digest(&self) -> Result<[u8; 32], Error> {
        Ok(Sha256::digest(self.tbs_der()?).into())
    }

    /// The signature.
    ///
    /// # Errors
    /// [`Error::Der`] or [`Error::SignatureNumber`] when it is not an ECDSA
    /// signature of P-256 with minimal integers.
    pub fn signature(&self) -> Result<SignatureBytes, Error> {
        SignatureBytes::from_der(self.parsed()?.signature)
    }

    /// The subject's key; not known to be on the curve.
    ///
    /// # Errors
    /// [`Error::NotP256`] when it is another kind of key.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        PublicKey::from_spki_der(self.parsed()?.public_key).ok_or(Error::NotP256)
    }

    /// The content of the serial number's INTEGER.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn serial_number(&self) -> Result<&[u8], Error> {
        Ok(self.parsed()?.serial.value())
    }

    /// The first second of validity.
    ///
    /// # Errors
    /// [`Error::Time`] when it is no date.
    pub fn not_before(&self) -> Result<DateTime, Error> {
        self.parsed()?.not_before()
    }

    /// The last second of validity.
    ///
    /// # Errors
    /// [`Error::Time`] when it is no date.
    pub fn not_after(&self) -> Result<DateTime, Error> {
        self.parsed()?.not_after()
    }

    /// The serial number's INTEGER, with tag and length.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn serial_number_der(&self) -> Result<Vec<u8>, Error> {
        Ok(self.parsed()?.serial.to_der()?)
    }

    /// The subject's Name, with tag and length.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn subject_der(&self) -> Result<&[u8], Error> {
        Ok(self.parsed()?.subject)
    }

    /// The issuer's Name, with tag and length.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn issuer_der(&self) -> Result<&[u8], Error> {
        Ok(self.parsed()?.issuer)
    }

    /// The subject for people, as `CN=Signer`.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn subject_text(&self) -> Result<String, Error> {
        Ok(name_text(self.parsed()?.subject))
    }

    /// The issuer for people, as `CN=Signer`.
    ///
    /// # Errors
    /// As [`Certificate::tbs_der`].
    pub fn issuer_text(&self) -> Result<String, Error> {
        Ok(name_text(self.parsed()?.issuer))
    }

    pub(crate) fn parsed(&self) -> Result<Parsed<'_>, Error> {
        Ok(Parsed::new(&self.der)?)
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
        assert_eq!(device.issuer_der().unwrap(), name);
        assert_eq!(device.issuer_text().unwrap(), "CN=Signer");
        assert_eq!(signer.subject_der().unwrap(), name);
        assert_ne!(device.subject_der().unwrap(), name);
        let serial = device.serial_number_der().unwrap();
        let content = device.serial_number().unwrap();
        assert_eq!(serial[..2], [0x02, u8::try_from(content.len()).unwrap()]);
        assert_eq!(&serial[2..], content);
    }
}
