//! Who may certify whom.
//!
//! `CertVerifier` of embedded-tls 0.19 checks that each certificate is signed by
//! the next one's key, but not that the next one is an authority's, nor what the
//! first one is for. Without that, whoever has any certificate under the trusted
//! root can make one for any host. Source: RFC 5280, sections 4.2.1.9, 4.2.1.12 and
//! 6.1.4 (k), (m). Name constraints are not looked at.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, SliceReader, Tag, TagNumber, Tagged};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const ANY_USE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// Of a `TBSCertificate`.
const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(3),
};

/// Whether the certificate's key may sign certificates, with `below` more
/// authorities between it and the server.
pub(crate) fn may_certify(certificate: &[u8], below: usize) -> bool {
    let Some(constraints) = extension(certificate, BASIC_CONSTRAINTS) else {
        return false;
    };
    let mut fields = fields(constraints);
    let is_authority = fields
        .next()
        .is_some_and(|field| field.tag() == Tag::Boolean && field.value() == [0xFF]);
    let has_room = match fields.next().map(AnyRef::value) {
        None => true,
        Some([limit]) => below <= usize::from(*limit),
        Some(_) => false,
    };
    is_authority && has_room
}

/// Whether the certificate is for servers, or does not say.
pub(crate) fn may_serve(certificate: &[u8]) -> bool {
    match extension(certificate, EXTENDED_KEY_USAGE) {
        Some(uses) => {
            fields(uses).any(|purpose| [SERVER, ANY_USE].iter().any(|known| is(purpose, known)))
        }
        None => true,
    }
}

/// The fields of the sequence that the extension `id` holds.
fn extension(certificate: &[u8], id: ObjectIdentifier) -> Option<&[u8]> {
    let certificate = AnyRef::from_der(certificate).ok()?;
    let signed = fields(certificate.value()).next()?;
    let extensions = fields(signed.value()).find(|field| field.tag() == EXTENSIONS)?;
    let list = fields(extensions.value()).next()?;
    let mut found = fields(list.value()).filter(|one| {
        let name = fields(one.value()).next();
        name.is_some_and(|name| is(name, &id))
    });
    let octets = fields(found.next()?.value()).last()?;
    AnyRef::from_der(octets.value()).ok().map(AnyRef::value)
}

fn is(field: AnyRef<'_>, id: &ObjectIdentifier) -> bool {
    field.tag() == Tag::ObjectIdentifier && field.value() == id.as_bytes()
}

/// The values that follow one another in `content`, up to the first that is
/// none.
fn fields(content: &[u8]) -> impl Iterator<Item = AnyRef<'_>> {
    let mut reader = SliceReader::new(content).ok();
    core::iter::from_fn(move || AnyRef::decode(reader.as_mut()?).ok())
}
