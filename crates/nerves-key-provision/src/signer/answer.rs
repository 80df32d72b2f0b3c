//! Requests and answers as JSON, for signers that are elsewhere.
//!
//! An answer is the request with a signature added, so it says for which chip,
//! key, serial and OTP contents it is. `docs/signers.md` describes the members.

use alloc::string::String;
use alloc::vec::Vec;

use atecc::SerialNumber;
use atecc_x509::{PublicKey, SignatureBytes};
use data_encoding::{DecodeError, HEXLOWER_PERMISSIVE, HEXUPPER};
use nerves_key_schema::{NotNervesKey, Otp};
use serde::{Deserialize, Serialize};

use super::{CertificateSigner, SigningRequest, SigningRequestError};
use crate::DeviceKey;

/// The value of `format`. Another meaning of a member gets another number.
const FORMAT: &str = "nerves-key signing request 1";

/// A request and its signature, verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningAnswer {
    request: SigningRequest,
    signature: SignatureBytes,
}

/// Why a text is no request or no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not the JSON that is documented.
    #[error("no signing request: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another kind or a later version.
    #[error("its format is {0:?}, not {FORMAT:?}")]
    Format(String),
    /// A member is no hex.
    #[error("{member} is no hex, two digits for each byte: {problem}")]
    Hex {
        /// Its name in the document.
        member: &'static str,
        /// The first character that is no hex digit, or the odd length.
        problem: DecodeError,
    },
    /// A member has too few or too many bytes.
    #[error("{member} has {found} bytes instead of {expected}")]
    Length {
        /// Its name in the document.
        member: &'static str,
        /// The bytes that it has.
        found: usize,
        /// The bytes that it should have.
        expected: usize,
    },
    /// The OTP zone is none of a NervesKey.
    #[error(transparent)]
    Otp(#[from] NotNervesKey),
    /// The date is none.
    #[error("not_before: {0}")]
    Date(#[from] atecc_x509::DateError),
    /// The request contradicts itself.
    #[error(transparent)]
    Request(#[from] SigningRequestError),
    /// The signature is no DER.
    #[error("signature_der: {0}")]
    Der(#[source] atecc_x509::Error),
    /// There is no signature, or there are two that differ.
    #[error(
        "there is no signature in it (a member signature or signature_der), or two that differ"
    )]
    NoSignature,
    /// The signature is not the signer's.
    #[error(transparent)]
    Signature(#[from] atecc_x509::SignatureMismatch),
}

/// The members, all text.
#[derive(Debug, Deserialize, Serialize)]
struct Document {
    format: String,
    chip_serial_number: String,
    public_key: String,
    manufacturer_serial: String,
    otp: String,
    signer_public_key: String,
    not_before: String,
    digest: String,
    to_be_signed: String,
    #[serde(flatten)]
    signature: Signed,
}

/// What a signer adds.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Signed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature_der: Option<String>,
}

impl SigningRequest {
    /// The request as JSON.
    ///
    /// # Errors
    /// [`DocumentError::Json`] does not occur.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        text(&self.document(Signed::default()))
    }

    /// Read a request and [check](Self::check) it. A signature in it is
    /// ignored.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        request(&document(text)?)
    }

    fn document(&self, signature: Signed) -> Document {
        Document {
            format: FORMAT.into(),
            chip_serial_number: HEXUPPER.encode(self.chip.as_bytes()),
            public_key: HEXUPPER.encode(self.public_key.as_bytes()),
            manufacturer_serial: self.serial.clone(),
            otp: HEXUPPER.encode(self.otp.as_bytes()),
            signer_public_key: HEXUPPER.encode(self.signer_public_key.as_bytes()),
            not_before: alloc::format!("{}", self.not_before),
            digest: HEXUPPER.encode(&self.digest),
            to_be_signed: HEXUPPER.encode(&self.to_be_signed),
            signature,
        }
    }
}

impl SigningAnswer {
    /// # Errors
    /// [`DocumentError::Signature`] when it is not the signer's.
    pub fn new(request: SigningRequest, signature: SignatureBytes) -> Result<Self, DocumentError> {
        request.check()?;
        request.verify(&signature)?;
        Ok(Self { request, signature })
    }

    /// What was asked.
    #[must_use]
    pub const fn request(&self) -> &SigningRequest {
        &self.request
    }

    /// The key to go on with: a [`crate::Request`] has to say it, or the chip
    /// makes another, which this answer is not for.
    #[must_use]
    pub const fn device_key(&self) -> DeviceKey {
        DeviceKey::Answered(self.request.public_key)
    }

    /// The answer as JSON.
    ///
    /// # Errors
    /// [`DocumentError::Json`] does not occur.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        text(&self.request.document(Signed {
            signature: Some(HEXUPPER.encode(self.signature.as_bytes())),
            signature_der: None,
        }))
    }

    /// Read an answer: the request in it is checked, the signature verified.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        let document = document(text)?;
        Self::new(request(&document)?, document.signature.bytes()?)
    }
}

/// Read a signature alone: `{"signature": ".."}` or `{"signature_der": ".."}`.
#[cfg(feature = "exec")]
pub(super) fn signature(text: &[u8]) -> Result<SignatureBytes, DocumentError> {
    serde_json::from_slice::<Signed>(text)?.bytes()
}

impl Signed {
    fn bytes(&self) -> Result<SignatureBytes, DocumentError> {
        let raw = self.signature.as_deref().map(|raw| {
            Ok::<_, DocumentError>(SignatureBytes::from_bytes(array("signature", raw)?))
        });
        let der = self.signature_der.as_deref().map(|der| {
            SignatureBytes::from_der(&hex("signature_der", der)?).map_err(DocumentError::Der)
        });
        match (raw.transpose()?, der.transpose()?) {
            (Some(one), Some(other)) if one != other => Err(DocumentError::NoSignature),
            (Some(signature), _) | (None, Some(signature)) => Ok(signature),
            (None, None) => Err(DocumentError::NoSignature),
        }
    }
}

fn document(text: &str) -> Result<Document, DocumentError> {
    let document: Document = serde_json::from_str(text)?;
    if document.format == FORMAT {
        Ok(document)
    } else {
        Err(DocumentError::Format(document.format))
    }
}

fn request(document: &Document) -> Result<SigningRequest, DocumentError> {
    let key = |member, text| Ok::<_, DocumentError>(PublicKey::from_bytes(array(member, text)?));
    let request = SigningRequest {
        to_be_signed: hex("to_be_signed", &document.to_be_signed)?,
        digest: array("digest", &document.digest)?,
        public_key: key("public_key", &document.public_key)?,
        chip: SerialNumber(array("chip_serial_number", &document.chip_serial_number)?),
        serial: document.manufacturer_serial.clone(),
        otp: Otp::from_bytes(array("otp", &document.otp)?)?,
        signer_public_key: key("signer_public_key", &document.signer_public_key)?,
        not_before: document.not_before.parse()?,
    };
    request.check()?;
    Ok(request)
}

fn text(document: &Document) -> Result<String, DocumentError> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

fn hex(member: &'static str, text: &str) -> Result<Vec<u8>, DocumentError> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|problem| DocumentError::Hex { member, problem })
}

fn array<const N: usize>(member: &'static str, text: &str) -> Result<[u8; N], DocumentError> {
    hex(member, text)?
        .try_into()
        .map_err(|bytes: Vec<u8>| DocumentError::Length {
            member,
            found: bytes.len(),
            expected: N,
        })
}

/// An answer is for something else than what the chip needs now.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the answer is for {what} {answered}, not {wanted}")]
pub struct AnswerMismatch {
    /// What differs.
    pub what: &'static str,
    /// In the answer.
    pub answered: String,
    /// Of the chip, or of what was asked for.
    pub wanted: String,
}

impl SigningAnswer {
    /// That this answers `wanted`, byte for byte.
    ///
    /// # Errors
    /// [`AnswerMismatch`] with the first difference.
    pub fn is_for(&self, wanted: &SigningRequest) -> Result<(), AnswerMismatch> {
        let upper = |bytes: &[u8]| HEXUPPER.encode(bytes);
        let members = |request: &SigningRequest| {
            [
                ("the chip", upper(request.chip.as_bytes())),
                ("the serial", alloc::format!("{:?}", request.serial)),
                ("the key", upper(request.public_key.as_bytes())),
                ("the OTP contents", upper(request.otp.as_bytes())),
                ("the signer", upper(request.signer_public_key.as_bytes())),
                ("the date", alloc::format!("{}", request.not_before)),
                ("the certificate", upper(&request.to_be_signed)),
            ]
        };
        let differs = members(&self.request)
            .into_iter()
            .zip(members(wanted))
            .find(|(answered, wanted)| answered != wanted);
        match differs {
            Some(((what, answered), (_, wanted))) => Err(AnswerMismatch {
                what,
                answered,
                wanted,
            }),
            None => Ok(()),
        }
    }
}

impl CertificateSigner for SigningAnswer {
    type Error = AnswerMismatch;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, AnswerMismatch> {
        self.is_for(request)?;
        Ok(self.signature)
    }
}
