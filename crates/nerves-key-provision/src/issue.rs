//! Certificates made without a chip: signers, and devices whose key is a file.

use alloc::string::String;

use atecc::SerialNumber;
use atecc_x509::{
    Certificate, CheckedSigner, DateTime, Error as X509Error, Format, Name, NervesKeyDevice,
    NervesKeySigner, PublicKey, RoundTripError, SignatureBytes, SignatureMismatch, Validity,
    round_trip,
};
use nerves_key::{AuxiliarySlots, Identity};
use nerves_key_schema::{BoardName, ManufacturerSerial, Otp, OtpError};

use crate::plan::{DEFAULT_BOARD, DEVICE_YEARS};
use crate::{CertificateSigner, SigningRequest};

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError<S> {
    /// Its contents.
    #[error(transparent)]
    Certificate(#[from] X509Error),
    /// The serial, which has to fit a chip's OTP zone too.
    #[error(transparent)]
    Serial(#[from] OtpError),
    /// Whoever signs.
    #[error("signing failed: {0}")]
    Sign(S),
    /// The signature is not one of the key.
    #[error("the signature is wrong: {0}")]
    Signature(#[from] SignatureMismatch),
    /// The chip could not give the certificate back as it is.
    #[error(transparent)]
    RoundTrip(#[from] RoundTripError),
    /// The chip's serial is no text.
    #[error("the chip's manufacturer serial number is not UTF-8: {0}")]
    NotText(#[from] core::str::Utf8Error),
}

/// A self-signed signer certificate of a key wherever it is, valid for `years`
/// from this hour on, in `format`. `sign` is given the digest, and its signature verified; it is
/// asked again where the Elixir library could not read the first one.
///
/// ```
/// use atecc_x509::{DateTime, Format};
/// use nerves_key_provision::{KeySigner, self_signed};
///
/// let key = KeySigner::from_bytes(&[0x42; 32])?; // It may be anywhere: an HSM, a chip.
/// let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
/// let certificate = self_signed(key.public_key(), now, 10, Format::V0, |digest| {
///     key.sign_digest(digest)
/// })?;
/// println!("{}", certificate.to_pem());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IssueError::Certificate`] unless `format` holds the dates (0: 1 to 31 years,
/// `now` in 2000 to 2031); [`IssueError::Sign`], [`IssueError::Signature`].
pub fn self_signed<S>(
    public_key: PublicKey,
    now: DateTime,
    years: u16,
    format: Format,
    mut sign: impl FnMut(&[u8; 32]) -> Result<SignatureBytes, S>,
) -> Result<Certificate, IssueError<S>> {
    let validity = Validity::issued_in(now, years, format).map_err(X509Error::from)?;
    let tbs = NervesKeySigner { public_key }.issue(validity, format)?;
    let mut ask = || {
        let signature = sign(&tbs.digest()).map_err(IssueError::Sign)?;
        let signature = signature.with_long_s();
        public_key.verify(&tbs.digest(), &signature)?;
        Ok::<_, IssueError<S>>(signature)
    };
    let mut signature = ask()?;
    if !signature.is_readable_by_reference()
        && let Ok(second) = ask()
        && second.is_readable_by_reference()
    {
        signature = second;
    }
    Ok(tbs.assemble(&signature))
}

/// [`self_signed`] with a key at hand.
///
/// ```
/// use atecc_x509::{DateTime, Format, NervesKeySigner};
/// use nerves_key_provision::{KeySigner, create_signer};
///
/// let key = KeySigner::from_bytes(&[0x42; 32])?; // Random.
/// let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
/// let certificate = create_signer(&key, now, 10, Format::V0)?;
/// assert!(NervesKeySigner::check(&certificate).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As there.
#[cfg(feature = "pem")]
pub fn create_signer(
    key: &crate::KeySigner,
    now: DateTime,
    years: u16,
    format: Format,
) -> Result<Certificate, IssueError<p256::ecdsa::Error>> {
    self_signed(key.public_key(), now, years, format, |digest| {
        key.sign_digest(digest)
    })
}

/// Whom a device certificate is for.
#[derive(Clone, Copy, Debug)]
pub struct DeviceSubject<'a> {
    /// The device's public key.
    pub public_key: PublicKey,
    /// The chip's serial number. Where the key is a file any nine bytes serve.
    pub chip: SerialNumber,
    /// The manufacturer serial: the certificate's common name.
    pub serial: &'a ManufacturerSerial,
}

/// A device certificate as a chip would hold it, for a key that is a file.
///
/// ```
/// use atecc::SerialNumber;
/// use atecc_x509::{DateTime, Format, PublicKey, NervesKeySigner};
/// use nerves_key_provision::{DeviceSubject, KeySigner, create_device, create_signer};
/// use nerves_key_schema::ManufacturerSerial;
///
/// let mut key = KeySigner::from_bytes(&[0x42; 32])?;
/// let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
/// let signer = NervesKeySigner::check(&create_signer(&key, now, 10, Format::V0)?)?;
/// let device = DeviceSubject {
///     public_key: PublicKey::from_bytes([0x5A; 64]),
///     chip: SerialNumber([0x01, 0x23, 0, 0, 0, 0, 0, 0, 0xEE]),
///     serial: &ManufacturerSerial::new("N1234")?,
/// };
/// let certificate = create_device(&device, &signer, &mut key, now, Format::V0)?;
/// println!("{}", certificate.to_pem());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IssueError::Certificate`] when the serial does not fit or `format` does not
/// hold the dates; [`IssueError::Sign`], [`IssueError::Signature`].
pub fn create_device<S: CertificateSigner>(
    device: &DeviceSubject<'_>,
    signer: &CheckedSigner,
    signing: &mut S,
    now: DateTime,
    format: Format,
) -> Result<Certificate, IssueError<S::Error>> {
    let DeviceSubject {
        public_key,
        chip,
        serial,
    } = *device;
    let signer_public_key = signer.signer.public_key;
    let validity = Validity::issued_in(now, DEVICE_YEARS, format).map_err(X509Error::from)?;
    let tbs = NervesKeyDevice {
        subject: Name::from_serial(serial.as_str())?,
        device_sn: *chip.as_bytes(),
        public_key,
        signer_public_key,
    }
    .issue(validity, format)?;
    let request = SigningRequest {
        to_be_signed: tbs.as_der().to_vec(),
        digest: tbs.digest(),
        public_key,
        chip,
        serial: String::from(serial.as_str()),
        otp: Otp::new(&BoardName::new(DEFAULT_BOARD)?, serial, &[])?,
        signer_public_key,
        not_before: validity.not_before(),
    };
    let certificate = tbs.assemble(&signing.sign(&request).map_err(IssueError::Sign)?);
    certificate.verify(&signer_public_key)?;
    Ok(certificate)
}

/// Auxiliary certificates for a finished chip: what its slots 9, 14 and 15 are
/// to hold. Nothing is written.
///
/// # Errors
/// As [`create_device`]; [`IssueError::RoundTrip`] when the chip could not give
/// the certificate back.
pub fn create_auxiliary<S: CertificateSigner>(
    identity: &Identity,
    signer: &CheckedSigner,
    signing: &mut S,
    now: DateTime,
    format: Format,
) -> Result<AuxiliarySlots, IssueError<S::Error>> {
    let serial = core::str::from_utf8(identity.otp.manufacturer_serial())?;
    // As the chip has it, which nothing changes any more.
    let serial = ManufacturerSerial::stored(serial)?;
    let chip = identity.serial_number;
    let device = DeviceSubject {
        public_key: identity.public_key,
        chip,
        serial: &serial,
    };
    let certificate = create_device(&device, signer, signing, now, format)?;
    let signer_public_key = signer.signer.public_key;
    let definition = NervesKeyDevice {
        subject: Name::from_serial(serial.as_str())?,
        device_sn: *chip.as_bytes(),
        public_key: identity.public_key,
        signer_public_key,
    };
    Ok(AuxiliarySlots {
        signer_public_key: signer_public_key.to_nerves_key_slot(),
        signer_certificate: signer.compressed.to_bytes(),
        device_certificate: round_trip(&certificate, &definition)?.to_bytes(),
    })
}
