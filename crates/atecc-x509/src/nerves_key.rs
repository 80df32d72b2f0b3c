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
use crate::tbs::{EndOfValidity, TbsFields};
use crate::{
    EncodedDates, Error, Format, Name, PublicKey, SerialInputs, SerialNumber, Tbs, Template,
    Validity,
};

/// Bytes of a serial number, both certificates.
const SERIAL_LENGTH: usize = 16;

/// The self-signed certificate of a `NervesKey` signer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignerCertificate {
    /// The key that signs devices, and this certificate.
    pub public_key: PublicKey,
    /// From when to when.
    pub validity: Validity,
}

/// The certificate of a `NervesKey`'s own key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceCertificate {
    /// CN = the manufacturer's serial number.
    pub subject: Name,
    /// The chip's own serial number.
    pub device_sn: [u8; 9],
    /// The key in slot 0.
    pub public_key: PublicKey,
    /// Of the key that signs this certificate.
    pub signer_public_key: PublicKey,
    /// From when to when.
    pub validity: Validity,
}

impl SignerCertificate {
    /// In format 0, which every library reads.
    ///
    /// # Errors
    /// [`Error::Date`] when the validity does not fit into format 0.
    pub fn to_be_signed(&self) -> Result<Tbs, Error> {
        self.to_be_signed_in(Format::V0)
    }

    /// In another format. Those after 0 hold dates after 2031; the Elixir
    /// library, `nerves_key` 1.3, reads none of them.
    ///
    /// # Errors
    /// [`Error::Date`] when the validity does not fit into `format`.
    pub fn to_be_signed_in(&self, format: Format) -> Result<Tbs, Error> {
        self.with_dates(EncodedDates::encode(self.validity, format)?)
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
            signer_id: 0,
            dates,
        };
        let source = Template::NERVES_KEY_SIGNER.serial_source();
        Ok(source.serial_number(&inputs, SERIAL_LENGTH)?)
    }

    pub(crate) fn with_dates(&self, dates: EncodedDates) -> Result<Tbs, Error> {
        let signer = Name::signer()?;
        Tbs::new(&TbsFields {
            template: Template::NERVES_KEY_SIGNER,
            dates,
            signer_id: 0,
            serial: self.serial_number(dates)?,
            issuer: &signer,
            validity: self.validity,
            end: EndOfValidity::Rfc5280,
            subject: &signer,
            public_key: &self.public_key,
            extensions: &self.extensions(),
        })
    }
}

impl DeviceCertificate {
    /// In format 0, which every library reads.
    ///
    /// # Errors
    /// [`Error::Date`] when the validity does not fit into format 0.
    pub fn to_be_signed(&self) -> Result<Tbs, Error> {
        self.to_be_signed_in(Format::V0)
    }

    /// In another format. Those after 0 hold dates after 2031; the Elixir
    /// library, `nerves_key` 1.3, reads none of them.
    ///
    /// # Errors
    /// [`Error::Date`] when the validity does not fit into `format`.
    pub fn to_be_signed_in(&self, format: Format) -> Result<Tbs, Error> {
        self.with_dates(EncodedDates::encode(self.validity, format)?)
    }

    pub(crate) fn with_dates(&self, dates: EncodedDates) -> Result<Tbs, Error> {
        let template = Template::NERVES_KEY_DEVICE;
        let inputs = SerialInputs {
            public_key: None,
            device_sn: Some(&self.device_sn),
            signer_id: 0,
            dates,
        };
        Tbs::new(&TbsFields {
            template,
            dates,
            signer_id: 0,
            serial: template
                .serial_source()
                .serial_number(&inputs, SERIAL_LENGTH)?,
            issuer: &Name::signer()?,
            validity: self.validity,
            end: EndOfValidity::Rfc5280,
            subject: &self.subject,
            public_key: &self.public_key,
            extensions: &[
                extension::end_entity(),
                extension::signs_handshakes(),
                extension::client(),
                extension::authority_key(self.signer_public_key.nerves_key_id()),
            ],
        })
    }
}
