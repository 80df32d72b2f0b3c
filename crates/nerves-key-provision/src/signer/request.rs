//! What a signer is asked to sign, with all that it needs to judge it.
//!
//! A signer that signs whatever it is given could be made to sign another
//! certificate authority. [`SigningRequest::check`] makes the bytes again from
//! what the request says of them: they are a device certificate or refused.

use alloc::string::String;
use alloc::vec::Vec;

use atecc::SerialNumber;
use atecc_x509::{
    DateTime, Error as X509Error, Format, Name, NervesKeyDevice, PublicKey, SignatureBytes, Tbs,
    Validity,
};
use nerves_key_schema::Otp;

use crate::plan::DEVICE_YEARS;

/// What a signer is asked to sign, with what it may want to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningRequest {
    /// The to-be-signed part of the certificate, DER.
    pub to_be_signed: Vec<u8>,
    /// SHA-256 of it: what ECDSA signs.
    pub digest: [u8; 32],
    /// The device's key.
    pub public_key: PublicKey,
    /// The chip's own serial number.
    pub chip: SerialNumber,
    /// The manufacturer serial.
    pub serial: String,
    /// The OTP zone as it will be locked, the serial in it.
    pub otp: Otp,
    /// The key that is to sign.
    pub signer_public_key: PublicKey,
    /// From when the certificate is valid, on the hour.
    pub not_before: DateTime,
}

/// Why a request contradicts itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningRequestError {
    /// Its serial or date fits no certificate.
    #[error("the certificate asked for cannot be made: {0}")]
    Certificate(#[from] X509Error),
    /// The OTP zone is another device's.
    #[error("the OTP zone holds the serial {otp:?}, the request says {serial:?}")]
    Serial {
        /// In the OTP zone.
        otp: String,
        /// In the request.
        serial: String,
    },
    /// The bytes are not those of this device's certificate.
    #[error(
        "the bytes to be signed are not the device certificate for the serial, chip, key and date \
         that the request names"
    )]
    ToBeSigned,
    /// The digest is not that of the bytes.
    #[error("the digest is not the SHA-256 of the bytes to be signed")]
    Digest,
}

impl SigningRequest {
    /// That the bytes to be signed are the certificate of a NervesKey with
    /// this chip, key, serial and date, and nothing else.
    ///
    /// # Errors
    /// [`SigningRequestError`].
    pub fn check(&self) -> Result<(), SigningRequestError> {
        let in_otp = self.otp.manufacturer_serial();
        if in_otp != self.serial.as_bytes() {
            return Err(SigningRequestError::Serial {
                otp: String::from_utf8_lossy(in_otp).into_owned(),
                serial: self.serial.clone(),
            });
        }
        let tbs = self.tbs()?;
        if tbs.digest() != self.digest {
            return Err(SigningRequestError::Digest);
        }
        Ok(())
    }

    /// The bytes to be signed, made again.
    ///
    /// # Errors
    /// [`SigningRequestError`] when they are not the certificate's.
    pub fn tbs(&self) -> Result<Tbs, SigningRequestError> {
        match self.rebuilt(Format::V0) {
            Ok(tbs) if tbs.as_der() == self.to_be_signed => Ok(tbs),
            // The request does not say its format; the bytes do.
            in_format_0 => match self.rebuilt(Format::V1) {
                Ok(tbs) if tbs.as_der() == self.to_be_signed => Ok(tbs),
                _ => Err(in_format_0.map_or_else(Into::into, |_| SigningRequestError::ToBeSigned)),
            },
        }
    }

    /// That `signature` is the signer's, over these bytes.
    ///
    /// # Errors
    /// [`atecc_x509::SignatureMismatch`] when it is not.
    pub fn verify(&self, signature: &SignatureBytes) -> Result<(), atecc_x509::SignatureMismatch> {
        self.signer_public_key.verify(&self.digest, signature)
    }

    fn rebuilt(&self, format: Format) -> Result<Tbs, X509Error> {
        let validity = Validity::issued_in(self.not_before, DEVICE_YEARS, format)?;
        NervesKeyDevice {
            subject: Name::from_serial(&self.serial)?,
            device_sn: *self.chip.as_bytes(),
            public_key: self.public_key,
            signer_public_key: self.signer_public_key,
        }
        .issue(validity, format)
    }
}
