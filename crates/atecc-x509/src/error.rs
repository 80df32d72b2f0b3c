//! What can be wrong with a certificate, compressed or not.

use alloc::string::String;

use crate::{DateError, ParseError, Part, PemError, SerialError, SerialTextError, Template};

/// Why a certificate cannot be read, made, compressed or rebuilt.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not the DER of a certificate.
    #[error("certificate: {0}")]
    Der(#[from] der::Error),
    /// The text is not a PEM certificate.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The dates exist, but not in a compressed certificate; or the other way
    /// round.
    #[error(transparent)]
    Date(#[from] DateError),
    /// A time of the certificate is no `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` of
    /// the calendar.
    #[error("certificate: {part} {text:?} is no date of the calendar")]
    Time {
        /// [`Part::NotBefore`] or [`Part::NotAfter`].
        part: Part,
        /// The time as it stands.
        text: String,
    },
    /// No serial number can be made.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// The manufacturer's serial number cannot be the subject.
    #[error(transparent)]
    SerialText(#[from] SerialTextError),
    /// The 72 bytes have an unknown meaning.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The 72 bytes are of another certificate.
    #[error("compressed certificate is of {found}, not of {expected}")]
    Template {
        /// What the caller expects.
        expected: Template,
        /// What the bytes say.
        found: Template,
    },
    /// R or S is too long for P-256.
    #[error("signature number of {0} bytes: P-256 has at most 32")]
    SignatureNumber(usize),
    /// The public key is not an uncompressed P-256 point.
    #[error("certificate: the public key is not an uncompressed P-256 point")]
    NotP256,
}
