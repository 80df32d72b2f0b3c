//! Atoms that are new to a chip's settings.
//!
//! The Elixir library reads them with `binary_to_term(_, [:safe])`, which makes
//! no atoms: where a program has not loaded one that is in them, all settings
//! are corrupt to it. Which atoms that are, only that program knows; those that
//! were there before are taken for known.

use std::collections::BTreeSet;

use nerves_key::settings::{Settings, Stored, Value};

use super::json;

/// What to say of the write that makes `after` of `before`. Values may be
/// passwords, so only their names are shown.
pub(super) fn warning(before: &Settings, after: &Settings) -> Option<String> {
    let written = term(after)?;
    let old = term(before);
    let known = old.as_ref().map(atoms).unwrap_or_default();
    let is_new = |value: &Value| !atoms(value).is_subset(&known);
    if !is_new(&written) {
        return None;
    }
    let names: Vec<_> = match &written {
        Value::Map(pairs) => {
            let new = pairs
                .iter()
                .filter(|(key, value)| is_new(key) || is_new(value));
            new.map(|(key, _)| json::text(key)).collect()
        }
        _ => vec!["the settings".into()],
    };
    Some(format!(
        "new atoms in {}: to an Elixir program that does not have them itself, all settings are \
         corrupt; text it always reads",
        names.join(", ")
    ))
}

/// What Elixir can read.
fn term(settings: &Settings) -> Option<Value> {
    match settings.stored() {
        Ok(Stored::Term(_)) => settings.value().ok().flatten(),
        Ok(Stored::Empty | Stored::Typed(_)) | Err(_) => None,
    }
}

/// All but `nil`, `true` and `false`, which every program has.
fn atoms(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Atom(name) => BTreeSet::from([name.as_str()]),
        Value::List(values) | Value::Tuple(values) => values.iter().flat_map(atoms).collect(),
        Value::ImproperList(values, tail) => values
            .iter()
            .chain([tail.as_ref()])
            .flat_map(atoms)
            .collect(),
        Value::Map(pairs) => {
            let both = pairs.iter().flat_map(|(key, value)| [key, value]);
            both.flat_map(atoms).collect()
        }
        _ => BTreeSet::new(),
    }
}
