//! Certification requests (PKCS#10) for any authority. Source: RFC 2986,
//! section 4; the alternative names: RFC 5280, section 4.2.1.6.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use der::{Tag, TagNumber};
use sha2::{Digest, Sha256};

use crate::encode::tlv;
use crate::tbs::ECDSA_WITH_SHA256;
use crate::{PublicKey, SignatureBytes};

/// `extensionRequest`, 1.2.840.113549.1.9.14. Source: RFC 2985, section 5.4.2.
const EXTENSION_REQUEST: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E];
/// `id-ce-subjectAltName`, 2.5.29.17.
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1D, 0x11];

/// Another name of the subject. Texts are ASCII.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AlternativeName {
    /// A host.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A URI.
    Uri(String),
    /// An e-mail address.
    Email(String),
}

/// A request that waits for its signature.
///
/// ```
/// use atecc_x509::{AlternativeName, Name, PublicKey, RequestInfo, SignatureBytes};
///
/// let subject = Name::from_serial("device-1")?;
/// let key = PublicKey::from_bytes([0x5A; 64]);
/// let names = [AlternativeName::Dns("device-1.example".into())];
/// let request = RequestInfo::new(subject.as_der(), &key, &names);
/// let _digest = request.digest(); // Goes to the chip, which signs it.
/// let der = request.assemble(&SignatureBytes::from_bytes([0x11; 64]));
/// assert_eq!(der[0], 0x30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestInfo {
    der: Vec<u8>,
}

impl RequestInfo {
    /// For `subject`, a name in DER, and a key that will sign it.
    #[must_use]
    pub fn new(subject: &[u8], public_key: &PublicKey, names: &[AlternativeName]) -> Self {
        let attributes = match names {
            [] => Vec::new(),
            names => extension_request(names),
        };
        // Version 0; the attributes are there even when they are none.
        let der = tlv(
            Tag::Sequence,
            &[
                &[0x02, 0x01, 0x00],
                subject,
                &public_key.to_spki_der(),
                &tlv(context(0, true), &[&attributes]),
            ],
        );
        Self { der }
    }

    /// What is signed: SHA-256 of the information.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The request in DER.
    #[must_use]
    pub fn assemble(&self, signature: &SignatureBytes) -> Vec<u8> {
        // A BIT STRING begins with the number of its unused bits.
        let signature = tlv(Tag::BitString, &[&[0x00], &signature.to_der()]);
        let parts: [&[u8]; 3] = [&self.der, &ECDSA_WITH_SHA256, &signature];
        tlv(Tag::Sequence, &parts)
    }
}

fn extension_request(names: &[AlternativeName]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(general_name).collect();
    let names = tlv(Tag::Sequence, &[&names.concat()]);
    let extension = tlv(
        Tag::Sequence,
        &[
            &tlv(Tag::ObjectIdentifier, &[&SUBJECT_ALT_NAME]),
            &tlv(Tag::OctetString, &[&names]),
        ],
    );
    let extensions = tlv(Tag::Sequence, &[&extension]);
    tlv(
        Tag::Sequence,
        &[
            &tlv(Tag::ObjectIdentifier, &[&EXTENSION_REQUEST]),
            &tlv(Tag::Set, &[&extensions]),
        ],
    )
}

fn general_name(name: &AlternativeName) -> Vec<u8> {
    match name {
        AlternativeName::Email(text) => tlv(context(1, false), &[text.as_bytes()]),
        AlternativeName::Dns(text) => tlv(context(2, false), &[text.as_bytes()]),
        AlternativeName::Uri(text) => tlv(context(6, false), &[text.as_bytes()]),
        AlternativeName::Ip(IpAddr::V4(address)) => tlv(context(7, false), &[&address.octets()]),
        AlternativeName::Ip(IpAddr::V6(address)) => tlv(context(7, false), &[&address.octets()]),
    }
}

const fn context(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: TagNumber(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;

    /// RFC 2986, section 4.2: the signature is over the DER of the information,
    /// the request's first part.
    #[test]
    fn the_digest_is_of_the_first_part() {
        let subject = Name::signer();
        let key = PublicKey::from_bytes([0x5A; 64]);
        let request = RequestInfo::new(subject.as_der(), &key, &[]);
        let der = request.assemble(&SignatureBytes::from_bytes([0x11; 64]));
        // The whole has a length of two bytes, its first part one of one.
        let [0x30, 0x81, _, rest @ ..] = der.as_slice() else {
            panic!("{der:02X?}");
        };
        assert_eq!(rest[0], 0x30);
        let first = &rest[..2 + usize::from(rest[1])];
        assert_eq!(request.digest(), *Sha256::digest(first));
    }
}
