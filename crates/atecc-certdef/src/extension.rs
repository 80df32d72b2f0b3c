//! Extensions with places.

use atecc_x509::{Criticality, Error, Extension, ExtensionKind, KeyId, PublicKey};
use der::asn1::AnyRef;
use der::{Encode, Tag, TagNumber};

use crate::name::NameDef;
use crate::text::{Context, Needs, Text};

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ExtensionDef {
    pub(crate) kind: ExtensionKind,
    pub(crate) criticality: Criticality,
    pub(crate) value: ValueDef,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ValueDef {
    /// DER with places.
    Der(Text),
    SubjectKey(KeyHash),
    AuthorityKey(AuthorityKeyDef),
    AlternativeNames(Vec<GeneralNameDef>),
}

/// What of a key SHA-1 makes its identifier of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyHash {
    /// 04, X, Y. Source: RFC 5280, section 4.2.1.2, method 1.
    Point,
    /// The whole `SubjectPublicKeyInfo`.
    PublicKeyInfo,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AuthorityKeyDef {
    pub(crate) key: AuthorityKeyId,
    pub(crate) issuer: Option<NameDef>,
    pub(crate) serial_number: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AuthorityKeyId {
    Hash(KeyHash),
    Fixed(KeyId),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum GeneralNameDef {
    Email(Text),
    Dns(Text),
    Directory(NameDef),
    Uri(Text),
}

impl KeyHash {
    fn of(self, key: &PublicKey) -> KeyId {
        match self {
            Self::Point => key.microchip_key_id(),
            Self::PublicKeyInfo => key.nerves_key_id(),
        }
    }
}

impl ExtensionDef {
    /// `authority` is the key that signs; whoever fills in has made sure that
    /// it is there where it is needed.
    pub(crate) fn fill(
        &self,
        context: Context<'_>,
        authority: &PublicKey,
    ) -> Result<Extension, Error> {
        let value = match &self.value {
            ValueDef::Der(text) => text.fill(context),
            ValueDef::SubjectKey(hash) => {
                let id = hash.of(&context.values.public_key);
                tlv(Tag::OctetString, &[id.as_bytes()])?
            }
            ValueDef::AuthorityKey(key) => key.fill(context, authority)?,
            ValueDef::AlternativeNames(names) => {
                let names: Result<Vec<_>, _> = names.iter().map(|one| one.fill(context)).collect();
                tlv(Tag::Sequence, &[&names?.concat()])?
            }
        };
        Ok(Extension {
            kind: self.kind,
            criticality: self.criticality,
            value,
        })
    }

    pub(crate) fn note_needs(&self, needs: &mut Needs) {
        match &self.value {
            ValueDef::Der(text) => text.note_needs(needs),
            ValueDef::SubjectKey(_) => {}
            ValueDef::AuthorityKey(key) => {
                needs.signer_key |= matches!(key.key, AuthorityKeyId::Hash(_));
                if let Some(issuer) = &key.issuer {
                    issuer.note_needs(needs);
                }
            }
            ValueDef::AlternativeNames(names) => {
                for name in names {
                    match name {
                        GeneralNameDef::Directory(name) => name.note_needs(needs),
                        GeneralNameDef::Email(text)
                        | GeneralNameDef::Dns(text)
                        | GeneralNameDef::Uri(text) => text.note_needs(needs),
                    }
                }
            }
        }
    }
}

impl AuthorityKeyDef {
    /// Source: RFC 5280, section 4.2.1.1.
    fn fill(&self, context: Context<'_>, authority: &PublicKey) -> Result<Vec<u8>, Error> {
        let id = match self.key {
            AuthorityKeyId::Hash(hash) => hash.of(authority),
            AuthorityKeyId::Fixed(id) => id,
        };
        let mut parts = tlv(context_tag(0, false), &[id.as_bytes()])?;
        if let Some(issuer) = &self.issuer {
            let name = tlv(context_tag(4, true), &[issuer.fill(context).as_der()])?;
            parts.extend(tlv(context_tag(1, true), &[&name])?);
        }
        if let Some(number) = &self.serial_number {
            parts.extend(tlv(context_tag(2, false), &[number])?);
        }
        Ok(tlv(Tag::Sequence, &[&parts])?)
    }
}

impl GeneralNameDef {
    /// Source: RFC 5280, section 4.2.1.6.
    fn fill(&self, context: Context<'_>) -> Result<Vec<u8>, Error> {
        let (tag, value) = match self {
            Self::Email(text) => (context_tag(1, false), text.fill(context)),
            Self::Dns(text) => (context_tag(2, false), text.fill(context)),
            Self::Directory(name) => (context_tag(4, true), name.fill(context).as_der().to_vec()),
            Self::Uri(text) => (context_tag(6, false), text.fill(context)),
        };
        Ok(tlv(tag, &[&value])?)
    }
}

pub(crate) fn tlv(tag: Tag, parts: &[&[u8]]) -> Result<Vec<u8>, der::Error> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

const fn context_tag(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: TagNumber(number),
    }
}
