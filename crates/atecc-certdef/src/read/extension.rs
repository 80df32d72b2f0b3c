//! Extensions: a kind and its fields, or an object identifier and DER.

use atecc_x509::{Criticality, ExtensionKind, KeyId, ObjectIdentifier};
use data_encoding::HEXUPPER_PERMISSIVE;
use der::{Encode, Tag};

use super::name::name;
use super::node::{Node, Table};
use super::{Names, Result, known_places, text};
use crate::Problem;
use crate::extension::{
    AuthorityKeyDef, AuthorityKeyId, ExtensionDef, GeneralNameDef, KeyHash, ValueDef, tlv,
};
use crate::text::{Piece, Text};

/// Bits from the left. Source: RFC 5280, section 4.2.1.3.
const USAGES: &[(&str, u16)] = &[
    ("digital-signature", 0x8000),
    ("non-repudiation", 0x4000),
    ("key-encipherment", 0x2000),
    ("data-encipherment", 0x1000),
    ("key-agreement", 0x0800),
    ("key-cert-sign", 0x0400),
    ("crl-sign", 0x0200),
    ("encipher-only", 0x0100),
    ("decipher-only", 0x0080),
];

/// Source: RFC 5280, section 4.2.1.12.
const PURPOSES: &[(&str, &str)] = &[
    ("server-auth", "1.3.6.1.5.5.7.3.1"),
    ("client-auth", "1.3.6.1.5.5.7.3.2"),
    ("code-signing", "1.3.6.1.5.5.7.3.3"),
    ("email-protection", "1.3.6.1.5.5.7.3.4"),
    ("time-stamping", "1.3.6.1.5.5.7.3.8"),
    ("ocsp-signing", "1.3.6.1.5.5.7.3.9"),
];

const KINDS: &[(&str, ExtensionKind)] = &[
    ("basic-constraints", ExtensionKind::BasicConstraints),
    ("key-usage", ExtensionKind::KeyUsage),
    ("extended-key-usage", ExtensionKind::ExtendedKeyUsage),
    (
        "subject-key-identifier",
        ExtensionKind::SubjectKeyIdentifier,
    ),
    (
        "authority-key-identifier",
        ExtensionKind::AuthorityKeyIdentifier,
    ),
    (
        "subject-alternative-name",
        ExtensionKind::SubjectAlternativeName,
    ),
];

pub(super) fn extension(node: &Node<'_>, names: &Names) -> Result<ExtensionDef> {
    let table = node.table()?;
    let criticality = match table.get("critical") {
        Some(node) if node.boolean()? => Criticality::Critical,
        _ => Criticality::NotCritical,
    };
    let (kind, value) = match (table.get("kind"), table.get("oid")) {
        (Some(kind), None) => {
            let kind = kind.word(KINDS)?;
            (kind, of_kind(kind, &table, names)?)
        }
        (None, Some(oid)) => {
            table.only(&["oid", "critical", "der"])?;
            let kind = ExtensionKind::Other(object_identifier(&oid)?);
            let der = table.required("der", "the value in hex, with its tag and length")?;
            (kind, ValueDef::Der(bytes(&der, names)?))
        }
        _ => {
            return Err(node.error(Problem::Together(
                "give either kind = \"key-usage\" or one of the other kinds, or oid = \
                 \"2.5.29.32\" and der",
            )));
        }
    };
    Ok(ExtensionDef {
        kind,
        criticality,
        value,
    })
}

fn of_kind(kind: ExtensionKind, table: &Table<'_>, names: &Names) -> Result<ValueDef> {
    Ok(match kind {
        ExtensionKind::BasicConstraints => {
            table.only(&["kind", "critical", "ca", "path-length"])?;
            basic_constraints(table)?
        }
        ExtensionKind::KeyUsage => {
            table.only(&["kind", "critical", "usages"])?;
            key_usage(&table.required("usages", "such as [\"digital-signature\"]")?)?
        }
        ExtensionKind::ExtendedKeyUsage => {
            table.only(&["kind", "critical", "purposes"])?;
            purposes(&table.required("purposes", "such as [\"client-auth\"]")?)?
        }
        ExtensionKind::SubjectKeyIdentifier => {
            table.only(&["kind", "critical", "of"])?;
            ValueDef::SubjectKey(key_hash(table)?)
        }
        ExtensionKind::AuthorityKeyIdentifier => {
            table.only(&["kind", "critical", "of", "bytes", "issuer", "serial-number"])?;
            ValueDef::AuthorityKey(authority_key(table, names)?)
        }
        ExtensionKind::SubjectAlternativeName | ExtensionKind::Other(_) => {
            table.only(&["kind", "critical", "names"])?;
            let node = table.required("names", "such as [{ dns = \"{serial}.example\" }]")?;
            let list = filled(&node)?;
            let list: Result<_> = list.iter().map(|one| general_name(one, names)).collect();
            ValueDef::AlternativeNames(list?)
        }
    })
}

fn filled<'a>(node: &Node<'a>) -> Result<Vec<Node<'a>>> {
    match node.array()? {
        entries if entries.is_empty() => {
            Err(node.error(Problem::Empty("one entry at least belongs here")))
        }
        entries => Ok(entries),
    }
}

/// Source: RFC 5280, section 4.2.1.9. DER leaves FALSE out.
fn basic_constraints(table: &Table<'_>) -> Result<ValueDef> {
    let is_authority = match table.get("ca") {
        Some(node) => node.boolean()?,
        None => false,
    };
    let length = table.get("path-length");
    let mut content = Vec::new();
    if is_authority {
        content.extend([0x01, 0x01, 0xFF]);
    }
    if let Some(node) = length {
        if !is_authority {
            return Err(node.error(Problem::Together(
                "only an authority has it: set ca = true or leave it out",
            )));
        }
        content.extend([0x02, 0x01, node.integer(0, 127)?]);
    }
    Ok(literal(encoded(table, tlv(Tag::Sequence, &[&content]))?))
}

/// A BIT STRING without zero bits at its end. Source: X.690, section 11.2.2.
fn key_usage(node: &Node<'_>) -> Result<ValueDef> {
    let mut bits = 0_u16;
    for one in filled(node)? {
        bits |= one.word(USAGES)?;
    }
    let unused = u8::try_from(bits.trailing_zeros() % 8).unwrap_or_default();
    let [high, low] = bits.to_be_bytes();
    let content: &[u8] = match low {
        0 => &[unused, high],
        low => &[unused, high, low],
    };
    let der = tlv(Tag::BitString, &[content]);
    Ok(literal(der.map_err(|error| too_long(node, &error))?))
}

fn purposes(node: &Node<'_>) -> Result<ValueDef> {
    let mut content = Vec::new();
    for one in filled(node)? {
        let found = one.string()?;
        let known = PURPOSES.iter().find(|(word, _)| *word == found);
        let dotted = known.map_or(found, |(_, dotted)| *dotted);
        let Ok(oid) = ObjectIdentifier::new(dotted) else {
            return Err(one.error(Problem::Word {
                found: found.to_owned(),
                known: PURPOSES
                    .iter()
                    .map(|(word, _)| *word)
                    .chain(["or an object identifier"])
                    .collect(),
            }));
        };
        let oid = oid.to_der().map_err(|error| too_long(&one, &error))?;
        content.extend(oid);
    }
    let der = tlv(Tag::Sequence, &[&content]);
    Ok(literal(der.map_err(|error| too_long(node, &error))?))
}

fn key_hash(table: &Table<'_>) -> Result<KeyHash> {
    let node = table.required(
        "of",
        "\"point\" for SHA-1 of 04, X, Y, as most do; \"public-key-info\" for SHA-1 of the \
         whole SubjectPublicKeyInfo",
    )?;
    hash(&node)
}

fn hash(node: &Node<'_>) -> Result<KeyHash> {
    node.word(&[
        ("point", KeyHash::Point),
        ("public-key-info", KeyHash::PublicKeyInfo),
    ])
}

fn authority_key(table: &Table<'_>, names: &Names) -> Result<AuthorityKeyDef> {
    let key = match (table.get("of"), table.get("bytes")) {
        (Some(of), None) => AuthorityKeyId::Hash(hash(&of)?),
        (None, Some(node)) => {
            let bytes = node.hex()?;
            let found = bytes.len();
            let expected = "20 make a key identifier";
            let id = <[u8; 20]>::try_from(bytes.as_slice());
            let id = id.or(Err(node.error(Problem::Bytes { found, expected })))?;
            AuthorityKeyId::Fixed(KeyId::from_bytes(id))
        }
        _ => {
            return Err(table.error(Problem::Together(
                "give either of = \"point\" or \"public-key-info\", where it is made of the \
                 signer's key, or bytes, where it is always the same",
            )));
        }
    };
    let issuer = table.get("issuer");
    let number = table.get("serial-number");
    Ok(AuthorityKeyDef {
        key,
        issuer: issuer.map(|node| name(&node, names)).transpose()?,
        serial_number: number.map(|node| node.hex()).transpose()?,
    })
}

fn general_name(node: &Node<'_>, names: &Names) -> Result<GeneralNameDef> {
    let table = node.table()?;
    table.only(&["dns", "uri", "email", "directory"])?;
    let mut entries = table.entries();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err(node.error(Problem::Together(
            "give one of dns, uri, email and directory: another name is another table",
        )));
    };
    if key == "directory" {
        return Ok(GeneralNameDef::Directory(name(&value, names)?));
    }
    let text = text(&value, value.string()?, names)?;
    Ok(match key {
        "dns" => GeneralNameDef::Dns(text),
        "uri" => GeneralNameDef::Uri(text),
        _ => GeneralNameDef::Email(text),
    })
}

fn object_identifier(node: &Node<'_>) -> Result<ObjectIdentifier> {
    let dotted = node.string()?;
    match ObjectIdentifier::new(dotted) {
        Ok(oid) => Ok(oid),
        Err(_) => Err(node.error(Problem::ObjectIdentifier(dotted.to_owned()))),
    }
}

/// Hex with places: characters of values, the four digits of the signer's ID,
/// the nine bytes of the chip's serial number.
fn bytes(node: &Node<'_>, names: &Names) -> Result<Text> {
    let written = Text::parse(node.string()?).or(Err(node.error(Problem::Brace)))?;
    let mut pieces = Vec::new();
    for piece in written.pieces() {
        pieces.push(match piece {
            Piece::Literal(digits) => {
                let written = String::from_utf8_lossy(digits);
                let digits: String = written.split_whitespace().collect();
                match HEXUPPER_PERMISSIVE.decode(digits.as_bytes()) {
                    Ok(bytes) => Piece::Literal(bytes),
                    Err(_) => return Err(node.error(Problem::Hex(written.into_owned()))),
                }
            }
            Piece::DeviceSn(_) => Piece::DeviceSnBytes,
            other => other.clone(),
        });
    }
    let text = Text::from_pieces(pieces);
    known_places(node, &text, names)?;
    Ok(text)
}

fn literal(der: Vec<u8>) -> ValueDef {
    ValueDef::Der(Text::from_pieces(vec![Piece::Literal(der)]))
}

fn encoded(table: &Table<'_>, der: std::result::Result<Vec<u8>, der::Error>) -> Result<Vec<u8>> {
    der.map_err(|error| table.error(Problem::Syntax(error.to_string())))
}

fn too_long(node: &Node<'_>, error: &der::Error) -> crate::DefinitionError {
    node.error(Problem::Syntax(error.to_string()))
}
