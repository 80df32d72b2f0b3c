//! A value of a TOML text that knows where it stands.

use data_encoding::HEXUPPER_PERMISSIVE;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Result;
use crate::{DefinitionError, Problem};

/// A value, its path and its line.
pub(super) struct Node<'a> {
    text: &'a str,
    path: String,
    line: usize,
    value: &'a DeValue<'a>,
}

pub(super) struct Table<'a> {
    text: &'a str,
    path: String,
    line: usize,
    table: &'a DeTable<'a>,
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}

impl<'a> Node<'a> {
    fn new(text: &'a str, path: String, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self {
            text,
            path,
            line: line_of(text, value.span().start),
            value: value.get_ref(),
        }
    }

    pub(super) fn error(&self, problem: Problem) -> DefinitionError {
        DefinitionError {
            line: self.line,
            field: self.path.clone(),
            problem,
        }
    }

    fn expected(&self, expected: &'static str) -> DefinitionError {
        self.error(Problem::Type {
            found: match self.value {
                DeValue::String(_) => "a text",
                DeValue::Integer(_) => "an integer",
                DeValue::Float(_) => "a float",
                DeValue::Boolean(_) => "true or false",
                DeValue::Datetime(_) => "a date without quotes",
                DeValue::Array(_) => "an array",
                DeValue::Table(_) => "a table",
            },
            expected,
        })
    }

    /// The text, where the value is one.
    pub(super) fn as_string(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) const fn is_array(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    pub(super) fn string(&self) -> Result<&'a str> {
        match self.as_string() {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(self.error(Problem::Empty("a text belongs here"))),
            None => Err(self.expected("a text in quotes")),
        }
    }

    pub(super) fn integer(&self, first: u8, last: u8) -> Result<u8> {
        let DeValue::Integer(number) = self.value else {
            return Err(self.expected("an integer without quotes"));
        };
        let value = u8::from_str_radix(number.as_str(), number.radix()).ok();
        let value = value.filter(|value| (first..=last).contains(value));
        value.ok_or_else(|| {
            self.error(Problem::Range {
                found: number.to_string(),
                first: first.into(),
                last: last.into(),
            })
        })
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        let expected = || self.expected("true or false, without quotes");
        self.value.as_bool().ok_or_else(expected)
    }

    /// What one of these words stands for.
    pub(super) fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Result<T> {
        let found = self.string()?;
        let meant = words.iter().find(|(word, _)| *word == found);
        meant.map(|(_, meaning)| *meaning).ok_or_else(|| {
            self.error(Problem::Word {
                found: found.to_owned(),
                known: words.iter().map(|(word, _)| *word).collect(),
            })
        })
    }

    pub(super) fn hex(&self) -> Result<Vec<u8>> {
        let text = self.string()?;
        let digits: String = text.split_whitespace().collect();
        match HEXUPPER_PERMISSIVE.decode(digits.as_bytes()) {
            Ok(bytes) => Ok(bytes),
            Err(_) => Err(self.error(Problem::Hex(text.to_owned()))),
        }
    }

    /// Counted from 1.
    pub(super) fn array(&self) -> Result<Vec<Self>> {
        let DeValue::Array(array) = self.value else {
            return Err(self.expected("an array"));
        };
        let nodes = (1..)
            .zip(array.iter())
            .map(|(index, value)| Self::new(self.text, format!("{}[{index}]", self.path), value));
        Ok(nodes.collect())
    }

    pub(super) fn table(&self) -> Result<Table<'a>> {
        let DeValue::Table(table) = self.value else {
            return Err(self.expected("a table"));
        };
        Ok(Table {
            text: self.text,
            path: self.path.clone(),
            line: self.line,
            table,
        })
    }
}

impl<'a> Table<'a> {
    pub(super) const fn root(text: &'a str, table: &'a DeTable<'a>) -> Self {
        Self {
            text,
            path: String::new(),
            line: 1,
            table,
        }
    }

    fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    pub(super) fn error(&self, problem: Problem) -> DefinitionError {
        DefinitionError {
            line: self.line,
            field: self.path.clone(),
            problem,
        }
    }

    /// Refuses other fields than these.
    pub(super) fn only(&self, known: &'static [&'static str]) -> Result<()> {
        let mut keys = self.table.keys();
        match keys.find(|key| !known.contains(&key.get_ref().as_ref())) {
            Some(key) => Err(DefinitionError {
                line: line_of(self.text, key.span().start),
                field: self.path_of(key.get_ref()),
                problem: Problem::NoSuchField(known),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        self.entries()
            .find(|(name, _)| *name == key)
            .map(|(_, node)| node)
    }

    pub(super) fn required(&self, key: &str, about: &'static str) -> Result<Node<'a>> {
        self.get(key).ok_or_else(|| DefinitionError {
            line: self.line,
            field: self.path_of(key),
            problem: Problem::Missing(about),
        })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.table.iter().map(|(key, value)| {
            let key = key.get_ref().as_ref();
            (key, Node::new(self.text, self.path_of(key), value))
        })
    }
}
