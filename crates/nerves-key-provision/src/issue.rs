//! Certificates made without a chip: signers, and devices whose key is a file.

#![cfg(feature = "pem")]

use atecc_x509::{
    Certificate, CheckedSigner, DateTime, DeviceCertificate, Error as X509Error, Name,
    SignerCertificate, Validity,
};

use crate::KeySigner;
use crate::plan::DEVICE_YEARS;

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Its contents.
    #[error(transparent)]
    Certificate(#[from] X509Error),
    /// Its signature.
    #[error("signing failed: {0}")]
    Sign(#[from] p256::ecdsa::Error),
}

/// A self-signed signer certificate, valid for `years` from this hour on.
///
/// # Errors
/// [`IssueError::Certificate`] unless `years` is 1 to 31 and `now` lies in
/// 2000 to 2031.
pub fn create_signer(
    key: &KeySigner,
    now: DateTime,
    years: u16,
) -> Result<Certificate, IssueError> {
    let signer = SignerCertificate {
        public_key: key.public_key(),
        validity: Validity::issued_at(now, years).map_err(X509Error::from)?,
    };
    let tbs = signer.to_be_signed()?;
    Ok(tbs.assemble(&key.sign_digest(&tbs.digest())?)?)
}

/// A device certificate as a chip would hold it, for a key that is a file.
/// `device_sn` takes the place of the chip's nine bytes.
///
/// # Errors
/// [`IssueError::Certificate`] when the serial does not fit or `now` lies
/// outside 2000 to 2031.
pub fn create_device(
    signer: &CheckedSigner,
    signer_key: &KeySigner,
    device_key: &KeySigner,
    device_sn: [u8; 9],
    serial: &str,
    now: DateTime,
) -> Result<Certificate, IssueError> {
    let device = DeviceCertificate {
        subject: Name::from_serial(serial)?,
        device_sn,
        public_key: device_key.public_key(),
        signer_public_key: signer.signer.public_key,
        validity: Validity::issued_at(now, DEVICE_YEARS).map_err(X509Error::from)?,
    };
    let tbs = device.to_be_signed()?;
    Ok(tbs.assemble(&signer_key.sign_digest(&tbs.digest())?)?)
}
