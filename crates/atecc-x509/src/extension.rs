//! The extensions of our certificates.
//!
//! Source: certificates of `nerves_key` 1.3, which pass them to x509 0.9 in this
//! order; certificates of Trust&GO parts; RFC 5280, section 4.2.

use alloc::vec::Vec;
use core::fmt;

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::KeyId;
use crate::encode::tlv;

/// An extension of a certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ExtensionKind {
    /// 2.5.29.14.
    SubjectKeyIdentifier,
    /// 2.5.29.15.
    KeyUsage,
    /// 2.5.29.17.
    SubjectAlternativeName,
    /// 2.5.29.19.
    BasicConstraints,
    /// 2.5.29.35.
    AuthorityKeyIdentifier,
    /// 2.5.29.37.
    ExtendedKeyUsage,
    /// Any other.
    Other(ObjectIdentifier),
}

impl ExtensionKind {
    /// Its object identifier.
    #[must_use]
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::SubjectKeyIdentifier => const { ObjectIdentifier::new_unwrap("2.5.29.14") },
            Self::KeyUsage => const { ObjectIdentifier::new_unwrap("2.5.29.15") },
            Self::SubjectAlternativeName => const { ObjectIdentifier::new_unwrap("2.5.29.17") },
            Self::BasicConstraints => const { ObjectIdentifier::new_unwrap("2.5.29.19") },
            Self::AuthorityKeyIdentifier => const { ObjectIdentifier::new_unwrap("2.5.29.35") },
            Self::ExtendedKeyUsage => const { ObjectIdentifier::new_unwrap("2.5.29.37") },
            Self::Other(oid) => oid,
        }
    }
}

impl fmt::Display for ExtensionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SubjectKeyIdentifier => "subjectKeyIdentifier",
            Self::KeyUsage => "keyUsage",
            Self::SubjectAlternativeName => "subjectAltName",
            Self::BasicConstraints => "basicConstraints",
            Self::AuthorityKeyIdentifier => "authorityKeyIdentifier",
            Self::ExtendedKeyUsage => "extKeyUsage",
            Self::Other(oid) => return oid.fmt(f),
        })
    }
}

/// `critical` of an extension.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Criticality {
    /// Who does not know the extension has to refuse the certificate.
    Critical,
    /// The default, which DER leaves out.
    NotCritical,
}

/// One extension, its value as DER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extension {
    /// `extnID`.
    pub kind: ExtensionKind,
    /// `critical`.
    pub criticality: Criticality,
    /// The DER within `extnValue`.
    pub value: Vec<u8>,
}

impl Extension {
    fn new(kind: ExtensionKind, criticality: Criticality, value: &[&[u8]]) -> Self {
        Self {
            kind,
            criticality,
            value: value.concat(),
        }
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        let oid = tlv(Tag::ObjectIdentifier, &[self.kind.oid().as_bytes()]);
        let critical: &[u8] = match self.criticality {
            Criticality::Critical => &[0x01, 0x01, 0xFF],
            Criticality::NotCritical => &[],
        };
        let value = tlv(Tag::OctetString, &[&self.value]);
        tlv(Tag::Sequence, &[&oid, critical, &value])
    }
}

/// A certification authority that signs only end entities.
pub(crate) fn authority() -> Extension {
    Extension::new(
        ExtensionKind::BasicConstraints,
        Criticality::Critical,
        &[&[0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00]], // cA TRUE, pathLen 0
    )
}

/// Not a certification authority. The reference does not make it critical.
pub(crate) fn end_entity() -> Extension {
    Extension::new(
        ExtensionKind::BasicConstraints,
        Criticality::NotCritical,
        &[&[0x30, 0x00]],
    )
}

/// Not a certification authority, and critical, as in Microchip's certificates.
pub(crate) fn end_entity_only() -> Extension {
    Extension::new(
        ExtensionKind::BasicConstraints,
        Criticality::Critical,
        &[&[0x30, 0x00]],
    )
}

/// `names` is the DER of `GeneralNames`.
pub(crate) fn alternative_name(names: Vec<u8>) -> Extension {
    Extension {
        kind: ExtensionKind::SubjectAlternativeName,
        criticality: Criticality::NotCritical,
        value: names,
    }
}

/// digitalSignature, keyAgreement.
pub(crate) fn signs_and_agrees() -> Extension {
    Extension::new(
        ExtensionKind::KeyUsage,
        Criticality::Critical,
        &[&[0x03, 0x02, 0x03, 0x88]],
    )
}

/// digitalSignature, keyCertSign, cRLSign.
pub(crate) fn signs_certificates() -> Extension {
    Extension::new(
        ExtensionKind::KeyUsage,
        Criticality::Critical,
        &[&[0x03, 0x02, 0x01, 0x86]],
    )
}

/// digitalSignature, keyEncipherment.
pub(crate) fn signs_handshakes() -> Extension {
    Extension::new(
        ExtensionKind::KeyUsage,
        Criticality::Critical,
        &[&[0x03, 0x02, 0x05, 0xA0]],
    )
}

/// 1.3.6.1.5.5.7.3.1, serverAuth.
const SERVER_AUTH: [u8; 10] = [0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// 1.3.6.1.5.5.7.3.2, clientAuth.
const CLIENT_AUTH: [u8; 10] = [0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

pub(crate) fn server_and_client() -> Extension {
    Extension::new(
        ExtensionKind::ExtendedKeyUsage,
        Criticality::NotCritical,
        &[&[0x30, 0x14], &SERVER_AUTH, &CLIENT_AUTH],
    )
}

pub(crate) fn client() -> Extension {
    Extension::new(
        ExtensionKind::ExtendedKeyUsage,
        Criticality::NotCritical,
        &[&[0x30, 0x0A], &CLIENT_AUTH],
    )
}

pub(crate) fn subject_key(id: KeyId) -> Extension {
    Extension::new(
        ExtensionKind::SubjectKeyIdentifier,
        Criticality::NotCritical,
        &[&[0x04, 0x14], id.as_bytes()],
    )
}

pub(crate) fn authority_key(id: KeyId) -> Extension {
    Extension::new(
        ExtensionKind::AuthorityKeyIdentifier,
        Criticality::NotCritical,
        &[&[0x30, 0x16, 0x80, 0x14], id.as_bytes()], // [0] keyIdentifier
    )
}
