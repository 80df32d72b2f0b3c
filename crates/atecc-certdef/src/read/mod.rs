//! Definitions from TOML, field by field: each error knows its line.

mod extension;
mod name;
mod node;

use std::collections::{BTreeMap, BTreeSet};

use atecc_x509::{DateTime, SerialNumber, SerialSource, Template};
use toml::de::DeTable;

pub(crate) use self::name::label;
use self::name::name;
use self::node::{Node, Table, line_of};
use crate::definition::{DateForm, Definition, SerialDef, SignedBy, ValidityDef};
use crate::text::{Needs, Piece, Text};
use crate::{DefinitionError, Problem};

type Result<T> = std::result::Result<T, DefinitionError>;

/// Names that may stand in braces.
type Names = BTreeSet<String>;

/// The length of serial numbers in practice.
const SERIAL_LENGTH: usize = 16;

const FIELDS: &[&str] = &[
    "name",
    "template-id",
    "chain-id",
    "signed-by",
    "values",
    "serial-number",
    "issuer",
    "validity",
    "subject",
    "extensions",
];

pub(crate) fn definition(text: &str) -> Result<Definition> {
    let document = DeTable::parse(text).map_err(|error| DefinitionError {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        field: String::new(),
        problem: Problem::Syntax(error.message().to_owned()),
    })?;
    let table = Table::root(text, document.get_ref());
    table.only(FIELDS)?;
    let values = match table.get("values") {
        Some(node) => values(&node)?,
        None => BTreeMap::new(),
    };
    let names: Names = values.keys().cloned().collect();
    let nibble = |key| -> Result<u8> {
        let node = table.required(key, "0 to 15, as in byte 69 of the 72")?;
        node.integer(0, 15)
    };
    let (template_id, chain_id) = (nibble("template-id")?, nibble("chain-id")?);
    let serial = table.required(
        "serial-number",
        "where it comes from, such as { source = \"A\" }",
    )?;
    let (source, serial) = serial_number(&serial, &names)?;
    let template = Template::new(template_id, chain_id, source).map_err(|error| {
        table.error(Problem::Range {
            found: error.0.to_string(),
            first: 0,
            last: 15,
        })
    })?;
    let required_name = |key| {
        name(
            &table.required(key, "such as [\"O=Acme\", \"CN=Signer\"]")?,
            &names,
        )
    };
    let definition = Definition {
        name: table
            .required("name", "what messages call the certificate")?
            .string()?
            .to_owned(),
        template,
        signed_by: match table.get("signed-by") {
            Some(node) => {
                node.word(&[("itself", SignedBy::Itself), ("another", SignedBy::Another)])?
            }
            None => SignedBy::Another,
        },
        serial,
        issuer: required_name("issuer")?,
        validity: match table.get("validity") {
            Some(node) => validity(&node)?,
            None => RFC_5280,
        },
        subject: required_name("subject")?,
        extensions: match table.get("extensions") {
            Some(node) => Some(
                node.array()?
                    .iter()
                    .map(|one| extension::extension(one, &names))
                    .collect::<Result<_>>()?,
            ),
            None => None,
        },
        values,
    };
    all_used(&table, &definition.needs())?;
    Ok(definition)
}

const RFC_5280: ValidityDef = ValidityDef {
    not_before: DateForm::Rfc5280,
    not_after: DateForm::Rfc5280,
    no_expiry: DateTime::LAST,
};

/// Names, each with what it is.
fn values(node: &Node<'_>) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (name, about) in node.table()?.entries() {
        let is_place = matches!(
            Text::parse(&format!("{{{name}}}")).as_ref().map(Text::pieces),
            Ok([Piece::Named(found)]) if found == name
        );
        if !is_place {
            return Err(about.error(Problem::Reserved(name.to_owned())));
        }
        values.insert(name.to_owned(), about.string()?.to_owned());
    }
    Ok(values)
}

/// That no value is declared in vain, which is a misspelt place more often
/// than not.
fn all_used(table: &Table<'_>, needs: &Needs) -> Result<()> {
    let Some(values) = table.get("values") else {
        return Ok(());
    };
    for (name, node) in values.table()?.entries() {
        if !needs.named.contains(name) {
            return Err(node.error(Problem::Unused(name.to_owned())));
        }
    }
    Ok(())
}

fn serial_number(node: &Node<'_>, names: &Names) -> Result<(SerialSource, SerialDef)> {
    use SerialSource as S;
    let table = node.table()?;
    table.only(&["source", "length", "bytes", "value"])?;
    let source = table
        .required(
            "source",
            "a digit as in byte 70 of the 72: 0, 7 to 9, A to F",
        )?
        .word(&[
            ("0", S::Stored),
            ("7", S::StoredDynamic),
            ("8", S::DeviceSn),
            ("9", S::SignerId),
            ("A", S::PublicKeyPositive),
            ("B", S::DeviceSnHashPositive),
            ("C", S::PublicKeyUnsigned),
            ("D", S::DeviceSnHashUnsigned),
            ("E", S::PublicKeyRaw),
            ("F", S::DeviceSnHashRaw),
        ])?;
    let (length, bytes, value) = (table.get("length"), table.get("bytes"), table.get("value"));
    let serial = match source {
        S::Stored | S::StoredDynamic => {
            if let Some(length) = length {
                return Err(length.error(Problem::Together(
                    "sources 0 and 7 hash nothing: leave it out",
                )));
            }
            match (bytes, value) {
                (Some(bytes), None) => {
                    let number = bytes.hex()?;
                    let found = number.len();
                    let number = SerialNumber::from_bytes(&number);
                    let expected = "1 to 32 make a serial number";
                    SerialDef::Fixed(
                        number.or(Err(bytes.error(Problem::Bytes { found, expected })))?,
                    )
                }
                (None, Some(value)) => {
                    let name = value.string()?;
                    if !names.contains(name) {
                        return Err(value.error(Problem::Place {
                            name: name.to_owned(),
                            values: names.iter().cloned().collect(),
                        }));
                    }
                    SerialDef::Named(name.to_owned())
                }
                _ => {
                    return Err(node.error(Problem::Together(
                        "sources 0 and 7 are a number that is stored: give either bytes = \
                         \"0102\", where it is always the same, or value = \"name\", a name \
                         under values",
                    )));
                }
            }
        }
        _ => {
            if let Some(other) = bytes.or(value) {
                return Err(other.error(Problem::Together(
                    "only sources 0 and 7 are a number that is stored: leave it out",
                )));
            }
            let length = match length {
                Some(length) if matches!(source, S::DeviceSn | S::SignerId) => {
                    return Err(length.error(Problem::Together(
                        "sources 8 and 9 hash nothing: the number is 40 and what follows it, leave \
                         it out",
                    )));
                }
                Some(length) => length.integer(1, 32)?.into(),
                None => SERIAL_LENGTH,
            };
            SerialDef::Made { length }
        }
    };
    Ok((source, serial))
}

fn validity(node: &Node<'_>) -> Result<ValidityDef> {
    let table = node.table()?;
    table.only(&["not-before", "not-after", "no-expiry"])?;
    let form = |key, default| match table.get(key) {
        Some(node) => node.word(&[
            ("rfc5280", DateForm::Rfc5280),
            ("generalized", DateForm::Generalized),
        ]),
        None => Ok(default),
    };
    Ok(ValidityDef {
        not_before: form("not-before", RFC_5280.not_before)?,
        not_after: form("not-after", RFC_5280.not_after)?,
        no_expiry: match table.get("no-expiry") {
            Some(node) => {
                let date = node.string()?.parse::<DateTime>();
                date.map_err(|error| node.error(error.into()))?
            }
            None => RFC_5280.no_expiry,
        },
    })
}

/// A text whose places are all known.
fn text(node: &Node<'_>, text: &str, names: &Names) -> Result<Text> {
    let text = Text::parse(text).or(Err(node.error(Problem::Brace)))?;
    known_places(node, &text, names)?;
    Ok(text)
}

fn known_places(node: &Node<'_>, text: &Text, names: &Names) -> Result<()> {
    match text.names().find(|name| !names.contains(*name)) {
        Some(name) => Err(node.error(Problem::Place {
            name: name.to_owned(),
            values: names.iter().cloned().collect(),
        })),
        None => Ok(()),
    }
}
