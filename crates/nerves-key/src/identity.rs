//! Who a NervesKey says it is: serial numbers and both certificates, rebuilt
//! from what the chip holds and verified.

use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, Error as X509Error, Name, NervesKeyDevice,
    NervesKeySigner, PublicKey, SignatureMismatch, SlotEncodingError, decompress,
};
use nerves_key_schema::{NotNervesKey, Otp};

use crate::Snapshot;

/// A NervesKey's identity. Both certificates verify under the signer's key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The chip's own nine bytes.
    pub serial_number: atecc::SerialNumber,
    /// Board name, manufacturer serial and user area.
    pub otp: Otp,
    /// The device's public key, X then Y.
    pub public_key: PublicKey,
    /// The signer's public key, X then Y.
    pub signer_public_key: PublicKey,
    /// The device certificate.
    pub device_certificate: Certificate,
    /// The signer certificate, signed by itself.
    pub signer_certificate: Certificate,
    /// How the subject of the device certificate was found.
    pub subject: SubjectReading,
}

/// How the manufacturer serial became the subject of the device certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SubjectReading {
    /// As one common name.
    CommonName,
    /// Split at `/` into attributes, as the reference's name parser does with
    /// a serial that holds one. Only this reading verifies.
    ReferenceSplit,
}

/// Why a chip has no verified identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The chip does not show this part in its present stage.
    #[error("the chip does not show its {0} in its present stage")]
    Hidden(&'static str),
    /// The OTP zone is no NervesKey's.
    #[error(transparent)]
    Otp(#[from] NotNervesKey),
    /// The signer's public key is not stored as the part's kind stores it.
    #[error("signer public key (slot 11): {0}")]
    SignerKey(#[from] SlotEncodingError),
    /// Nor is the auxiliary signer's.
    #[error("auxiliary signer public key (slot 14): {0}")]
    AuxiliarySignerKey(SlotEncodingError),
    /// A certificate cannot be rebuilt.
    #[error("{certificate}: {source}")]
    Rebuild {
        /// Whose it is, and its slot.
        certificate: &'static str,
        /// What of its 72 bytes fits no certificate of that kind.
        #[source]
        source: X509Error,
    },
    /// A certificate was rebuilt but does not verify under the signer's key.
    #[error("{certificate}: {source}")]
    Signature {
        /// Whose it is, and its slot.
        certificate: &'static str,
        /// Whether the key or the signature is at fault.
        #[source]
        source: SignatureMismatch,
    },
}

const DEVICE: &str = "device certificate (slot 10)";
const SIGNER: &str = "signer certificate (slot 12)";

impl Snapshot {
    /// Rebuild both certificates and verify them.
    ///
    /// # Errors
    /// [`IdentityError`] when something is missing, damaged or does not verify.
    pub fn identity(&self) -> Result<Identity, IdentityError> {
        let keys = self.keys()?;
        let signer = NervesKeySigner {
            public_key: keys.signer,
        };
        let signer_certificate = rebuilt(self.signer_certificate, &signer, SIGNER)?;
        verified(&signer_certificate, &keys.signer, SIGNER)?;
        let (device_certificate, subject) = self.device_under(&keys)?;
        Ok(Identity {
            serial_number: self.config.serial_number(),
            otp: keys.otp,
            public_key: keys.device,
            signer_public_key: keys.signer,
            device_certificate,
            signer_certificate,
            subject,
        })
    }

    /// The device certificate alone, verified.
    pub(crate) fn device_certificate_alone(&self) -> Result<Certificate, IdentityError> {
        let (certificate, _) = self.device_under(&self.keys()?)?;
        Ok(certificate)
    }

    fn keys(&self) -> Result<Keys, IdentityError> {
        let otp = Otp::from_bytes(self.otp.ok_or(IdentityError::Hidden("OTP zone"))?)?;
        let signer = self.signer_public_key;
        let signer = signer.ok_or(IdentityError::Hidden("signer public key"))?;
        let signer = PublicKey::from_nerves_key_slot(&signer)?;
        let device = self.public_key;
        let device = device.ok_or(IdentityError::Hidden("public key"))?.into();
        Ok(Keys {
            otp,
            signer,
            device,
        })
    }

    fn device_under(&self, keys: &Keys) -> Result<(Certificate, SubjectReading), IdentityError> {
        device_with_any_subject(&keys.otp, |subject| {
            let definition = NervesKeyDevice {
                subject,
                device_sn: *self.config.serial_number().as_bytes(),
                public_key: keys.device,
                signer_public_key: keys.signer,
            };
            let certificate = rebuilt(self.device_certificate, &definition, DEVICE)?;
            verified(&certificate, &keys.signer, DEVICE).map(|()| certificate)
        })
    }
}

/// What certificates are rebuilt with.
struct Keys {
    otp: Otp,
    signer: PublicKey,
    device: PublicKey,
}

/// The first reading of the serial under which the certificate verifies; the
/// error of the plain reading when none does.
pub(crate) fn device_with_any_subject(
    otp: &Otp,
    device: impl Fn(Name) -> Result<Certificate, IdentityError>,
) -> Result<(Certificate, SubjectReading), IdentityError> {
    let serial = otp.manufacturer_serial();
    let plain = Name::from_stored_serial(serial);
    let error = match device(plain) {
        Ok(certificate) => return Ok((certificate, SubjectReading::CommonName)),
        Err(error) => error,
    };
    match Name::as_the_reference_splits(serial) {
        Some(split) => match device(split) {
            Ok(certificate) => Ok((certificate, SubjectReading::ReferenceSplit)),
            Err(_) => Err(error),
        },
        None => Err(error),
    }
}

pub(crate) fn rebuilt(
    bytes: Option<[u8; 72]>,
    definition: &dyn CertificateDef,
    certificate: &'static str,
) -> Result<Certificate, IdentityError> {
    let bytes = bytes.ok_or(IdentityError::Hidden(certificate))?;
    CompressedCertificate::from_bytes(&bytes)
        .map_err(X509Error::from)
        .and_then(|compressed| decompress(&compressed, definition))
        .map_err(of_rebuilding(certificate))
}

/// [`IdentityError::Rebuild`] of `certificate`.
pub(crate) const fn of_rebuilding(
    certificate: &'static str,
) -> impl Fn(X509Error) -> IdentityError + Copy {
    move |source| IdentityError::Rebuild {
        certificate,
        source,
    }
}

pub(crate) fn verified(
    certificate: &Certificate,
    signer: &PublicKey,
    name: &'static str,
) -> Result<(), IdentityError> {
    certificate
        .verify(signer)
        .map_err(|source| IdentityError::Signature {
            certificate: name,
            source,
        })
}
