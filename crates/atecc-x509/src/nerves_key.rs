//! The two certificates of a `NervesKey`.
//!
//! Source: `nerves_key` 1.3 and atecc508a 1.4, `certificate.ex` and its
//! templates, and certificates that they made. Both are version 3,
//! ECDSA-SHA256, with the compressed form in format 0, signer ID 0, chain 0.
//! Format 1, on request, is ours: it differs in the serial number's input.
//!
//! | field | signer | device |
//! |---|---|---|
//! | serial number | source A | source B |
//! | issuer | CN=Signer | CN=Signer |
//! | subject | CN=Signer | CN=manufacturer's serial number |
//! | extensions | basicConstraints, keyUsage, extKeyUsage, subject and authority key identifier | basicConstraints, keyUsage, extKeyUsage, authority key identifier |
//! | key identifiers | SHA-1 of the whole `SubjectPublicKeyInfo` | same |

use crate::extension::{self, Extension};
use crate::{
    CertificateDef, EncodedDates, Error, Format, Name, PublicKey, SerialInputs, SerialNumber, Tbs,
    TbsFields, Template, Time, Validity,
};

/// Bytes of a serial number, both certificates.
const SERIAL_LENGTH: usize = 16;

/// No name has it.
const SIGNER_ID: u16 = 0;

/// The self-signed certificate of a `NervesKey` signer, in slot 12.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{Certificate, DateTime, Format, NervesKeySigner, PublicKey, Validity};
///
/// let signer = NervesKeySigner {
///     public_key: PublicKey::from_bytes(vector.signer_key),
/// };
/// let now = DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// let tbs = signer.issue(Validity::issued_at(now, 10)?, Format::V0)?;
/// // The Elixir library's certificate of that key, made at that time.
/// let certificate = Certificate::from_der(vector.signer_der)?;
/// assert_eq!(tbs.assemble(&certificate.signature()?), certificate);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NervesKeySigner {
    /// The key that signs devices, and this certificate: slot 11.
    pub public_key: PublicKey,
}

/// The certificate of a `NervesKey`'s own key, in slot 10.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{Certificate, DateTime, Format, Name, NervesKeyDevice, PublicKey, Validity};
///
/// let device = NervesKeyDevice {
///     subject: Name::from_serial("HTYR2")?,
///     device_sn: vector.device_sn,
///     public_key: PublicKey::from_bytes(vector.device_key),
///     signer_public_key: PublicKey::from_bytes(vector.signer_key),
/// };
/// let now = DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// let tbs = device.issue(Validity::issued_at(now, 31)?, Format::V0)?;
/// // The Elixir library's certificate of that chip, made at that time.
/// let certificate = Certificate::from_der(vector.device_der)?;
/// assert_eq!(tbs.assemble(&certificate.signature()?), certificate);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NervesKeyDevice {
    /// CN = the manufacturer's serial number of the OTP zone.
    pub subject: Name,
    /// The chip's own serial number.
    pub device_sn: [u8; 9],
    /// Slot 0.
    pub public_key: PublicKey,
    /// Of the key that signs this certificate: slot 11.
    pub signer_public_key: PublicKey,
}

impl NervesKeySigner {
    /// The bytes to be signed of a new certificate. Formats after 0 hold dates
    /// after 2031; the Elixir library, `nerves_key` 1.3, reads none of them.
    ///
    /// # Errors
    /// [`Error::Date`] when the validity does not fit into `format`.
    pub fn issue(&self, validity: Validity, format: Format) -> Result<Tbs, Error> {
        self.to_be_signed(EncodedDates::encode(validity, format)?, SIGNER_ID)
    }

    pub(crate) fn extensions(&self) -> [Extension; 5] {
        let id = self.public_key.nerves_key_id();
        [
            extension::authority(),
            extension::signs_certificates(),
            extension::server_and_client(),
            extension::subject_key(id),
            extension::authority_key(id),
        ]
    }

    pub(crate) fn serial_number(&self, dates: EncodedDates) -> Result<SerialNumber, Error> {
        let inputs = SerialInputs {
            public_key: Some(&self.public_key),
            device_sn: None,
            signer_id: SIGNER_ID,
            dates,
        };
        let source = Template::NERVES_KEY_SIGNER.serial_source();
        Ok(source.serial_number(&inputs, SERIAL_LENGTH)?)
    }
}

impl CertificateDef for NervesKeySigner {
    fn template(&self) -> Template {
        Template::NERVES_KEY_SIGNER
    }

    fn to_be_signed(&self, dates: EncodedDates, _: u16) -> Result<Tbs, Error> {
        let (signer, validity) = (Name::signer(), dates.decode()?);
        Tbs::new(&TbsFields {
            template: self.template(),
            dates,
            signer_id: SIGNER_ID,
            serial: self.serial_number(dates)?,
            issuer: &signer,
            not_before: Time::Rfc5280(validity.not_before()),
            not_after: Time::Rfc5280(validity.not_after()),
            subject: &signer,
            public_key: &self.public_key,
            extensions: Some(&self.extensions()),
        })
    }
}

impl NervesKeyDevice {
    /// The bytes to be signed of a new certificate. Formats after 0 hold dates
    /// after 2031; the Elixir library, `nerves_key` 1.3, reads none of them.
    ///
    /// # Errors
    /// [`Error::Date`] when the validity does not fit into `format`.
    pub fn issue(&self, validity: Validity, format: Format) -> Result<Tbs, Error> {
        self.to_be_signed(EncodedDates::encode(validity, format)?, SIGNER_ID)
    }
}

impl CertificateDef for NervesKeyDevice {
    fn template(&self) -> Template {
        Template::NERVES_KEY_DEVICE
    }

    fn to_be_signed(&self, dates: EncodedDates, _: u16) -> Result<Tbs, Error> {
        let inputs = SerialInputs {
            public_key: None,
            device_sn: Some(&self.device_sn),
            signer_id: SIGNER_ID,
            dates,
        };
        let validity = dates.decode()?;
        Tbs::new(&TbsFields {
            template: self.template(),
            dates,
            signer_id: SIGNER_ID,
            serial: self
                .template()
                .serial_source()
                .serial_number(&inputs, SERIAL_LENGTH)?,
            issuer: &Name::signer(),
            not_before: Time::Rfc5280(validity.not_before()),
            not_after: Time::Rfc5280(validity.not_after()),
            subject: &self.subject,
            public_key: &self.public_key,
            extensions: Some(&[
                extension::end_entity(),
                extension::signs_handshakes(),
                extension::client(),
                extension::authority_key(self.signer_public_key.nerves_key_id()),
            ]),
        })
    }
}
