//! Names: `["O=Acme", "CN=Signer {signer-id}"]`.

use atecc_x509::{ObjectIdentifier, StringType};

use super::node::Node;
use super::{Names, Result, text};
use crate::Problem;
use crate::name::{AttributeDef, NameDef};

/// Labels, object identifiers, and how the value is usually written.
/// Source: RFC 4519, section 2; RFC 5280, appendix A.1.
const TYPES: &[(&str, &str, StringType)] = &[
    ("CN", "2.5.4.3", StringType::Utf8),
    ("SN", "2.5.4.4", StringType::Utf8),
    ("serialNumber", "2.5.4.5", StringType::Printable),
    ("C", "2.5.4.6", StringType::Printable),
    ("L", "2.5.4.7", StringType::Utf8),
    ("ST", "2.5.4.8", StringType::Utf8),
    ("O", "2.5.4.10", StringType::Utf8),
    ("OU", "2.5.4.11", StringType::Utf8),
    ("DC", "0.9.2342.19200300.100.1.25", StringType::Ia5),
    ("emailAddress", "1.2.840.113549.1.9.1", StringType::Ia5),
];

const LABELS: &[&str] = &[
    "CN",
    "SN",
    "serialNumber",
    "C",
    "L",
    "ST",
    "O",
    "OU",
    "DC",
    "emailAddress",
];

/// How messages call the type `oid`.
pub(crate) fn label(oid: ObjectIdentifier) -> Option<&'static str> {
    let is_it = |dotted: &str| ObjectIdentifier::new(dotted) == Ok(oid);
    let found = TYPES.iter().find(|(_, dotted, _)| is_it(dotted));
    found.map(|(label, ..)| *label)
}

pub(super) fn name(node: &Node<'_>, names: &Names) -> Result<NameDef> {
    let part = |node: &Node<'_>| -> Result<Vec<AttributeDef>> {
        if !node.is_array() {
            return Ok(vec![attribute(node, names)?]);
        }
        let several: Vec<_> = filled(node)?;
        several.iter().map(|one| attribute(one, names)).collect()
    };
    Ok(NameDef(
        node.array()?.iter().map(part).collect::<Result<_>>()?,
    ))
}

/// An array of one entry at least.
fn filled<'a>(node: &Node<'a>) -> Result<Vec<Node<'a>>> {
    match node.array()? {
        entries if entries.is_empty() => {
            Err(node.error(Problem::Empty("pieces of a name belong here")))
        }
        entries => Ok(entries),
    }
}

/// `"CN=Signer"`, or a table that says how the value is written.
fn attribute(node: &Node<'_>, names: &Names) -> Result<AttributeDef> {
    if let Some(written) = node.as_string() {
        let (label, value) = written
            .split_once('=')
            .ok_or_else(|| node.error(Problem::NoType(written.to_owned())))?;
        let (oid, string) = attribute_type(node, label)?;
        return Ok(AttributeDef {
            oid,
            string,
            text: text(node, value, names)?,
        });
    }
    let table = node.table()?;
    table.only(&["type", "text", "string"])?;
    let label = table.required("type", "such as \"CN\"")?;
    let (oid, usual) = attribute_type(&label, label.string()?)?;
    let value = table.required("text", "the value")?;
    Ok(AttributeDef {
        oid,
        string: match table.get("string") {
            Some(node) => node.word(&[
                ("utf8", StringType::Utf8),
                ("printable", StringType::Printable),
                ("ia5", StringType::Ia5),
            ])?,
            None => usual,
        },
        text: text(&value, value.string()?, names)?,
    })
}

fn attribute_type(node: &Node<'_>, label: &str) -> Result<(ObjectIdentifier, StringType)> {
    let known = TYPES.iter().find(|(found, ..)| *found == label);
    let (dotted, string) = known.map_or((label, StringType::Utf8), |(_, dotted, string)| {
        (*dotted, *string)
    });
    match ObjectIdentifier::new(dotted) {
        Ok(oid) => Ok((oid, string)),
        Err(_) => Err(node.error(Problem::AttributeType {
            found: label.to_owned(),
            known: LABELS,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labels_of_messages_are_those_that_are_known() {
        let known: Vec<_> = TYPES.iter().map(|(label, ..)| *label).collect();
        assert_eq!(known, LABELS);
        for (_, dotted, _) in TYPES {
            ObjectIdentifier::new(dotted).unwrap();
        }
    }
}
