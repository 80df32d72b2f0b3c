//! Bits of what stands beside the actions in a recording: dumps and what is
//! said of them, addresses, exchanges, keys, results.

use serde_json::{Number, Value};

use super::undetermined::undetermined;
use super::{Sensitivity, below, list_findings};
use crate::engine::Engine;
use crate::source::Case;

/// Words of a recording, and what the judges of actions flip.
const NO_FACTS: [&str; 17] = [
    "answer",
    "author",
    "bus_transactions",
    "chip",
    "command",
    "comment",
    "date",
    "id",
    "issuer",
    "kind",
    "license",
    "name",
    "notes",
    "provenance",
    "role",
    "schema",
    "source",
];

/// A fact, by the names and indexes that lead to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fact(pub(super) Vec<String>);

impl Fact {
    pub(super) fn list(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The last name.
    pub(super) fn field(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The place in its list.
    pub(super) fn index(&self) -> usize {
        let index = self.0.get(1).and_then(|index| index.parse().ok());
        index.unwrap_or_default()
    }

    /// Source: RFC 6901.
    fn pointer(&self) -> String {
        format!("/{}", self.0.join("/"))
    }
}

/// See [`Sensitivity::of_facts`].
pub(super) fn measure(engine: &Engine, case: &Case, count: usize, seed: u64) -> Sensitivity {
    let mut measured = Sensitivity::new(case);
    let Some(document) = &case.document else {
        return measured;
    };
    let judge = |document: &Value| {
        let case = Case::parse(document.to_string().as_bytes()).ok()?;
        Some(engine.judge(&case))
    };
    let Some(judged) = judge(document) else {
        return measured;
    };
    let before = list_findings(&judged);
    let mut state = seed;
    for fact in choose(document, count, &mut state) {
        let pointer = fact.pointer();
        let mut changed = document.clone();
        let Some(flipped) = changed
            .pointer_mut(&pointer)
            .and_then(|value| flip(value, &mut state))
        else {
            continue;
        };
        let after = judge(&changed);
        let same = undetermined(document, &fact, &flipped, &judged);
        measured.count(&before, after.as_ref(), same, || {
            format!("{pointer}, {flipped}")
        });
    }
    measured
}

/// What was flipped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flipped {
    /// A digit, counted from 0.
    Digit(usize),
    /// A number or a condition.
    Value,
}

impl std::fmt::Display for Flipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digit(digit) => write!(f, "digit {digit}"),
            Self::Value => f.write_str("value"),
        }
    }
}

/// All facts, or `count` of them.
fn choose(document: &Value, count: usize, state: &mut u64) -> Vec<Fact> {
    let mut all = Vec::new();
    collect(document, &mut Vec::new(), &mut all);
    while all.len() > count {
        let index = below(state, all.len());
        all.swap_remove(index);
    }
    all
}

fn collect(value: &Value, path: &mut Vec<String>, all: &mut Vec<Fact>) {
    let mut inner = |name: String, value: &Value| {
        path.push(name);
        collect(value, path, all);
        path.pop();
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // The state of a dump is facts, that of an observation words.
                let words =
                    NO_FACTS.contains(&name.as_str()) || name == "state" && value.is_string();
                if !words {
                    inner(name.clone(), value);
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                inner(index.to_string(), value);
            }
        }
        Value::String(text) if text.is_empty() || !is_hex(text) => {}
        Value::Null => {}
        Value::String(_) | Value::Number(_) | Value::Bool(_) => all.push(Fact(path.clone())),
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Another value, by one bit.
fn flip(value: &mut Value, state: &mut u64) -> Option<Flipped> {
    let flipped = match value {
        Value::String(text) => {
            let at = below(state, text.len());
            let digit = u8::from_str_radix(text.get(at..=at)?, 16).ok()?;
            let other = format!("{:x}", digit ^ 1 << below(state, 4));
            text.replace_range(at..=at, &other);
            Flipped::Digit(at)
        }
        Value::Number(number) => {
            let bit = below(state, 3);
            *number = match number.as_u64() {
                Some(integer) => (integer ^ 1 << bit).into(),
                None => Number::from_f64(number.as_f64()? + 1.0)?,
            };
            Flipped::Value
        }
        Value::Bool(condition) => {
            *condition = !*condition;
            Flipped::Value
        }
        _ => return None,
    };
    Some(flipped)
}
