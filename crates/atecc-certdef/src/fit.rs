//! Whether what a new certificate says is of the types that it is said in. One
//! that exists is compared as it is.

use std::fmt;

use atecc_x509::{ObjectIdentifier, StringType};
use der::Decode;
use der::asn1::AnyRef;

use crate::extension::{ExtensionDef, GeneralNameDef, ValueDef};
use crate::name::NameDef;
use crate::text::{Context, Text};

/// What of a new certificate is not of its type.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A text has bytes that its ASN.1 type has not.
    #[error("{place}: {} has {found}, which is not of {}", shown(.text), allowed(*.string))]
    Characters {
        /// Where the text stands.
        place: Place,
        /// The text with its values.
        text: Vec<u8>,
        /// The first that does not belong there.
        found: Unfit,
        /// The text's type.
        string: StringType,
    },
    /// A text, or a part of a name, without characters.
    #[error("{0}: is empty: RFC 5280 wants one character at least")]
    Empty(Place),
    /// The value of an extension given as DER is none, for example because a
    /// value of another length was filled in.
    #[error(
        "{place}: with the values filled in, its {found} bytes are no whole DER value ({reason}): \
         the length in it must be that of the values"
    )]
    Der {
        /// The extension.
        place: Place,
        /// How many bytes there are.
        found: usize,
        /// What is wrong with them.
        reason: String,
    },
}

/// Where something stands in a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// An attribute of a name.
    Attribute(ObjectIdentifier),
    /// An entry of a subjectAltName; as the field of a definition is called.
    AlternativeName(&'static str),
    /// The value of an extension.
    Extension(ObjectIdentifier),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(oid) => match crate::read::label(*oid) {
                Some(label) => write!(f, "{label} of a name"),
                None => write!(f, "{oid} of a name"),
            },
            Self::AlternativeName(kind) => write!(f, "{kind} of subject-alternative-name"),
            Self::Extension(oid) => write!(f, "der of the extension {oid}"),
        }
    }
}

/// What does not belong into a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// A character that the type has not.
    Character(char),
    /// A byte that is part of no character.
    Byte(u8),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "{character:?}"),
            Self::Byte(byte) => write!(f, "the byte {byte:02X}"),
        }
    }
}

fn shown(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

const fn allowed(string: StringType) -> &'static str {
    match string {
        StringType::Printable => {
            "a PrintableString: letters, digits, space and '()+,-./:=?; string = \"utf8\" takes any"
        }
        StringType::Ia5 => "an IA5String: ASCII",
        _ => "a UTF8String",
    }
}

pub(crate) fn name(name: &NameDef, context: Context<'_>) -> Result<(), FitError> {
    for one in name.0.iter().flatten() {
        text(&one.text, one.string, context, &Place::Attribute(one.oid))?;
    }
    Ok(())
}

pub(crate) fn extension(extension: &ExtensionDef, context: Context<'_>) -> Result<(), FitError> {
    match &extension.value {
        ValueDef::Der(text) => der(&text.fill(context), extension),
        ValueDef::SubjectKey(_) => Ok(()),
        ValueDef::AuthorityKey(key) => key.issuer.iter().try_for_each(|one| name(one, context)),
        ValueDef::AlternativeNames(names) => names.iter().try_for_each(|one| {
            let (filled, kind) = match one {
                GeneralNameDef::Directory(directory) => return name(directory, context),
                GeneralNameDef::Email(text) => (text, "email"),
                GeneralNameDef::Dns(text) => (text, "dns"),
                GeneralNameDef::Uri(text) => (text, "uri"),
            };
            let place = Place::AlternativeName(kind);
            text(filled, StringType::Ia5, context, &place)
        }),
    }
}

fn text(
    text: &Text,
    string: StringType,
    context: Context<'_>,
    place: &Place,
) -> Result<(), FitError> {
    let text = text.fill(context);
    if text.is_empty() {
        return Err(FitError::Empty(place.clone()));
    }
    match unfit(&text, string) {
        None => Ok(()),
        Some(found) => Err(FitError::Characters {
            place: place.clone(),
            text,
            found,
            string,
        }),
    }
}

/// The first that is not of the type. Source: X.680, sections 41.4 and 43.
fn unfit(text: &[u8], string: StringType) -> Option<Unfit> {
    let has = |character: char| match string {
        StringType::Printable => {
            character.is_ascii_alphanumeric() || " '()+,-./:=?".contains(character)
        }
        StringType::Ia5 => character.is_ascii(),
        _ => true,
    };
    text.utf8_chunks().find_map(|chunk| {
        let character = chunk.valid().chars().find(|one| !has(*one));
        let byte = chunk.invalid().first().copied();
        character.map(Unfit::Character).or(byte.map(Unfit::Byte))
    })
}

fn der(value: &[u8], extension: &ExtensionDef) -> Result<(), FitError> {
    match AnyRef::from_der(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(FitError::Der {
            place: Place::Extension(extension.kind.oid()),
            found: value.len(),
            reason: error.to_string(),
        }),
    }
}
