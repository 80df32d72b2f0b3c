//! Names with places.

use atecc_x509::{Attribute, Name, ObjectIdentifier, StringType};
use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag};

use crate::text::{Captured, Context, Needs, Text};

/// A name: its parts, which have one attribute each or several.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NameDef(pub(crate) Vec<Vec<AttributeDef>>);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AttributeDef {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) string: StringType,
    pub(crate) text: Text,
}

impl NameDef {
    pub(crate) fn fill(&self, context: Context<'_>) -> Name {
        let parts: Vec<Vec<_>> = self
            .0
            .iter()
            .map(|part| part.iter().map(|one| one.fill(context)).collect())
            .collect();
        let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
        Name::from_attributes(&parts)
    }

    pub(crate) fn note_needs(&self, needs: &mut Needs) {
        for one in self.0.iter().flatten() {
            one.text.note_needs(needs);
        }
    }

    /// What the name in `der` has in the places, attribute by attribute.
    pub(crate) fn capture(&self, der: &[u8], captured: &mut Captured) {
        let Ok(found) = attributes(der) else { return };
        for (one, (oid, value)) in self.0.iter().flatten().zip(found) {
            if one.oid == oid {
                let _ = one.text.capture(value, captured);
            }
        }
    }
}

impl AttributeDef {
    fn fill(&self, context: Context<'_>) -> Attribute {
        Attribute {
            oid: self.oid,
            string: self.string,
            value: self.text.fill(context),
        }
    }
}

/// Types and values of a name, in their order.
fn attributes(der: &[u8]) -> Result<Vec<(ObjectIdentifier, &[u8])>, der::Error> {
    let mut found = Vec::new();
    SliceReader::new(der)?.sequence(|reader| {
        while !reader.is_finished() {
            let set = AnyRef::decode(reader)?;
            set.header().tag().assert_eq(Tag::Set)?;
            let mut reader = SliceReader::new(set.value())?;
            while !reader.is_finished() {
                found.push(reader.sequence(|reader| {
                    let oid = ObjectIdentifier::decode(reader)?;
                    Ok::<_, der::Error>((oid, AnyRef::decode(reader)?.value()))
                })?);
            }
        }
        Ok::<_, der::Error>(())
    })?;
    Ok(found)
}
