//! What can be wrong with a definition, and with what it is used for.

use std::fmt;

use atecc_x509::{DateError, Error};

use crate::FitError;

/// Why a text is no certificate definition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DefinitionError {
    /// From 1.
    pub line: usize,
    /// As `extensions[2].usages[1]`, counted from 1; empty where the text is
    /// no TOML.
    pub field: String,
    /// What is wrong with the field.
    pub problem: Problem,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            field,
            problem,
        } = self;
        match field.as_str() {
            "" => write!(f, "line {line}: {problem}"),
            // A key of TOML may be any text.
            field => write!(f, "line {line}, {}: {problem}", field.escape_debug()),
        }
    }
}

impl std::error::Error for DefinitionError {}

/// What is wrong with one field of a definition.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is no TOML.
    #[error("no TOML: {0}")]
    Syntax(String),
    /// It has to be there.
    #[error("is missing: {0}")]
    Missing(&'static str),
    /// The definition has no such field.
    #[error("there is no such field here, only {}", .0.join(", "))]
    NoSuchField(&'static [&'static str]),
    /// Another type of TOML.
    #[error("is {found}, but must be {expected}")]
    Type {
        /// As TOML calls it.
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// None of the words that are known here.
    #[error("{found:?} is not known here, only {}", .known.join(", "))]
    Word {
        /// What stands there.
        found: String,
        /// What may stand there.
        known: Vec<&'static str>,
    },
    /// A number that does not fit.
    #[error("{found} is out of range: {first} to {last}")]
    Range {
        /// The number as it stands.
        found: String,
        /// The least.
        first: i64,
        /// The most.
        last: i64,
    },
    /// An empty list or text where one entry at least belongs.
    #[error("is empty: {0}")]
    Empty(&'static str),
    /// No pairs of hex digits.
    #[error(
        "{0:?} is not hex: pairs of the digits 0 to 9 and A to F, spaces between them as you like"
    )]
    Hex(String),
    /// Bytes of another number.
    #[error("{found} bytes, but {expected}")]
    Bytes {
        /// How many there are.
        found: usize,
        /// How many may be there.
        expected: &'static str,
    },
    /// A piece of a name without a type.
    #[error("{0:?} is no piece of a name: write it as \"CN=Signer\"")]
    NoType(String),
    /// No label that is known, and no object identifier.
    #[error("{found:?} is no type of a name's piece: {}, or an object identifier such as 2.5.4.12", .known.join(", "))]
    AttributeType {
        /// What stands there.
        found: String,
        /// The labels.
        known: &'static [&'static str],
    },
    /// No object identifier.
    #[error("{0:?} is no object identifier: numbers and dots, such as 2.5.29.32")]
    ObjectIdentifier(String),
    /// A brace that encloses nothing.
    #[error(
        "a brace without its other half: {{name}} is a place for a value, {{{{ and }}}} are braces"
    )]
    Brace,
    /// A place of which nothing is known.
    #[error("{{{name}}} is no place that is known: signer-id, device-sn, device-sn:lower{}", declared(.values))]
    Place {
        /// What stands between the braces.
        name: String,
        /// The names under `values`.
        values: Vec<String>,
    },
    /// A value of which no field makes use.
    #[error("no field has a place {{{0}}}: take it out, or write it where the value belongs")]
    Unused(String),
    /// A name that would be another place's.
    #[error("{0:?} has another meaning in braces: choose another name")]
    Reserved(String),
    /// No date.
    #[error(transparent)]
    Date(#[from] DateError),
    /// Fields that exclude one another, or need one another.
    #[error("{0}")]
    Together(&'static str),
}

fn declared(values: &[String]) -> String {
    values.iter().flat_map(|name| [", ", name]).collect()
}

/// Why a definition makes no certificate of these values.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The key that signs is part of the certificate.
    #[error("the signer's public key is missing: the authorityKeyIdentifier is made of it")]
    NoSignerKey,
    /// The chip's serial number is part of the certificate.
    #[error("the chip's serial number is missing: {0} is made of it")]
    NoDeviceSn(&'static str),
    /// A named value is missing.
    #[error("the value {name:?} is missing: {about}")]
    Missing {
        /// Its name under `values`.
        name: String,
        /// What the definition says of it.
        about: String,
    },
    /// A value that the definition does not know.
    #[error("the definition has no value {name:?}, only {}", one_of(.known))]
    Unknown {
        /// The name.
        name: String,
        /// The names that it knows.
        known: Vec<String>,
    },
    /// A stored serial number is not 1 to 32 bytes in hex.
    #[error("the value {name:?} is no serial number: 1 to 32 bytes in hex")]
    SerialNumber {
        /// Its name under `values`.
        name: String,
    },
}

/// Why a new certificate cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A text or a value is not of the type that the definition says.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The validity does not fit into the format, for example.
    #[error(transparent)]
    Certificate(#[from] Error),
}

fn one_of(known: &[String]) -> String {
    match known {
        [] => "those of the chip".to_owned(),
        known => known.join(", "),
    }
}
