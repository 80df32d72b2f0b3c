//! The bytes to be signed, and what becomes of them with a signature.

use alloc::vec::Vec;

use der::Tag;
use sha2::{Digest, Sha256};

use crate::encode::tlv;
use crate::extension::Extension;
use crate::parse::{Parsed, ParsedTbs};
use crate::{
    Certificate, CompressedCertificate, DateTime, EncodedDates, Error, Name, PublicKey,
    SerialNumber, SignatureBytes, Template,
};

/// `[0] EXPLICIT INTEGER 2`: version 3.
pub(crate) const VERSION_3: [u8; 5] = [0xA0, 0x03, 0x02, 0x01, 0x02];

/// `SEQUENCE { 1.2.840.10045.4.3.2 }`, ecdsa-with-SHA256.
/// Source: RFC 5758, section 3.2.
pub(crate) const ECDSA_WITH_SHA256: [u8; 12] = [
    0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
];

/// From this year on a time is a `GeneralizedTime`.
/// Source: RFC 5280, section 4.1.2.5.
const FIRST_GENERALIZED_YEAR: u16 = 2050;

/// A certificate without its signature.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{DateTime, Format, NervesKeySigner, PublicKey, SignatureBytes, Validity};
///
/// let public_key = PublicKey::from_bytes(vector.signer_key);
/// let now = DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// let validity = Validity::issued_at(now, 10)?;
/// let tbs = NervesKeySigner { public_key }.issue(validity, Format::V0)?;
/// // What the Elixir library's signer made of this digest.
/// let signature = SignatureBytes::from_bytes(*vector.signer_slot.first_chunk().unwrap());
/// # #[cfg(feature = "verify")]
/// public_key.verify(&tbs.digest(), &signature)?;
/// assert_eq!(tbs.assemble(&signature).as_der(), vector.signer_der);
/// assert_eq!(tbs.compress(signature).to_bytes(), vector.signer_slot);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tbs {
    der: Vec<u8>,
    parsed: ParsedTbs,
    template: Template,
    dates: EncodedDates,
    signer_id: u16,
}

/// A date, and how a certificate writes it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Time {
    /// `UTCTime` before 2050, which has two digits for the year, then
    /// `GeneralizedTime`. Source: RFC 5280, section 4.1.2.5.
    Rfc5280(DateTime),
    /// `GeneralizedTime` whenever it is.
    Generalized(DateTime),
}

/// What a certificate says, and what its 72 bytes say beside the signature. It
/// is of version 3, its key one of P-256, its signature ECDSA with SHA-256.
#[derive(Clone, Debug)]
pub struct TbsFields<'a> {
    /// Bytes 69 and 70.
    pub template: Template,
    /// Bytes 64 to 66 and 71.
    pub dates: EncodedDates,
    /// Bytes 67 and 68.
    pub signer_id: u16,
    /// `serialNumber`.
    pub serial: SerialNumber,
    /// `issuer`.
    pub issuer: &'a Name,
    /// `notBefore`.
    pub not_before: Time,
    /// `notAfter`.
    pub not_after: Time,
    /// `subject`.
    pub subject: &'a Name,
    /// `subjectPublicKeyInfo`.
    pub public_key: &'a PublicKey,
    /// `extensions`, in this order; without any the field is left out.
    pub extensions: Option<&'a [Extension]>,
}

impl Tbs {
    /// The signed part of a certificate that says this.
    ///
    /// # Errors
    /// [`Error::Der`] for what no reader would take, as a length of 256 MiB.
    pub fn new(fields: &TbsFields<'_>) -> Result<Self, Error> {
        let extensions = match fields.extensions {
            Some(extensions) => tlv(EXTENSIONS, &[&sequence_of(extensions)]),
            None => Vec::new(),
        };
        let der = tlv(
            Tag::Sequence,
            &[
                &VERSION_3,
                &tlv(Tag::Integer, &[fields.serial.as_bytes()]),
                &ECDSA_WITH_SHA256,
                fields.issuer.as_der(),
                &tlv(
                    Tag::Sequence,
                    &[&fields.not_before.to_der(), &fields.not_after.to_der()],
                ),
                fields.subject.as_der(),
                &fields.public_key.to_spki_der(),
                &extensions,
            ],
        );
        let parsed = ParsedTbs::new(&der)?;
        Ok(Self {
            der,
            parsed,
            template: fields.template,
            dates: fields.dates,
            signer_id: fields.signer_id,
        })
    }

    /// `TBSCertificate` in DER: what the signature is over.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER: what the signer signs.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The certificate.
    #[must_use]
    pub fn assemble(&self, signature: &SignatureBytes) -> Certificate {
        // A BIT STRING begins with the number of its unused bits.
        let bits = tlv(Tag::BitString, &[&[0x00], &signature.to_der()]);
        let parts: [&[u8]; 3] = [&self.der, &ECDSA_WITH_SHA256, &bits];
        let der = tlv(Tag::Sequence, &parts);
        let parsed = Parsed::assembled(&self.parsed, *signature, &der, parts.map(<[u8]>::len));
        Certificate::assembled(der, parsed)
    }

    /// The 72 bytes for the chip.
    #[must_use]
    pub const fn compress(&self, signature: SignatureBytes) -> CompressedCertificate {
        CompressedCertificate {
            signature,
            dates: self.dates,
            signer_id: self.signer_id,
            template: self.template,
        }
    }
}

/// `[3] EXPLICIT`.
pub(crate) const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: der::TagNumber(3),
};

fn sequence_of(extensions: &[Extension]) -> Vec<u8> {
    let extensions: Vec<_> = extensions.iter().map(Extension::to_der).collect();
    tlv(Tag::Sequence, &[&extensions.concat()])
}

impl Time {
    fn to_der(self) -> Vec<u8> {
        match self {
            Self::Rfc5280(date) if date.fields().year < FIRST_GENERALIZED_YEAR => {
                let text = digits(date);
                tlv(Tag::UtcTime, &[text.get(2..).unwrap_or_default()])
            }
            Self::Rfc5280(date) | Self::Generalized(date) => {
                tlv(Tag::GeneralizedTime, &[&digits(date)])
            }
        }
    }
}

/// `YYYYMMDDhhmmssZ`.
fn digits(date: DateTime) -> Vec<u8> {
    let fields = date.fields();
    [
        fields.year / 100,
        fields.year % 100,
        fields.month.into(),
        fields.day.into(),
        fields.hour.into(),
        fields.minute.into(),
        fields.second.into(),
    ]
    .into_iter()
    .flat_map(|pair| [pair / 10, pair % 10])
    .map(|digit| b'0' + digit.to_le_bytes()[0])
    .chain([b'Z'])
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// A whole certificate is not taken apart again: its places are moved.
    #[test]
    fn what_is_assembled_is_what_a_reader_finds() {
        for certificate in [testing::signer(), testing::device()] {
            let fields = certificate.parsed();
            let tbs = Tbs {
                der: certificate.tbs_der().to_vec(),
                parsed: ParsedTbs::new(certificate.tbs_der()).unwrap(),
                template: Template::NERVES_KEY_SIGNER,
                dates: EncodedDates::from_bytes([0; 3], 0, crate::Format::V0),
                signer_id: 0,
            };
            let assembled = tbs.assemble(&fields.signature.clone().unwrap());
            assert_eq!(assembled, certificate);
        }
    }

    #[test]
    fn times_change_their_form_in_2050() {
        let date = |year| DateTime::new(year, 12, 31, 23, 0, 0).unwrap();
        let time = |date| Time::Rfc5280(date).to_der();
        assert_eq!(time(date(2049)), b"\x17\x0D491231230000Z");
        assert_eq!(time(date(2050)), b"\x18\x0F20501231230000Z");
        assert_eq!(time(DateTime::LAST), b"\x18\x0F99991231235959Z");
        let generalized = Time::Generalized(date(2049)).to_der();
        assert_eq!(generalized, b"\x18\x0F20491231230000Z");
    }
}
