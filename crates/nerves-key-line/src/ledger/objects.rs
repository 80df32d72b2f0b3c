//! What keeps the promises: the columns and keys of the tables, and nothing that
//! acts on them besides.
//!
//! What they should be is read from tables that an empty database in memory has
//! just been given, so that it is written down once, in the migrations.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::{Finding, FindingReason};
use super::database::{Database, DatabaseError, Statements};
use super::error::LedgerError;
use super::schema::{TABLES, Tables};
use super::sqlite::Sqlite;
use super::work::Work;

/// A part of a table, or something that acts on it, in words that do not depend
/// on the database.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name, or what it consists of.
    pub text: String,
}

/// What an [`Object`] is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ObjectKind {
    /// What stands under the table's name.
    Relation,
    /// A column, with its type.
    Column,
    /// Columns of which no two rows have the same values.
    Unique,
    /// Anything else that refuses a row.
    Constraint,
    /// A trigger.
    Trigger,
    /// A rule or policy that rewrites statements.
    Rule,
    /// A right that no station needs.
    Grant,
    /// The whole of the table's SQL, where the database keeps it.
    Definition,
}

impl ObjectKind {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relation => "a",
            Self::Column => "column",
            Self::Unique => "unique",
            Self::Constraint => "constraint",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Grant => "grant",
            Self::Definition => "definition",
        }
    }
}

/// Compare the tables with those that the migrations make.
pub(super) fn audit(work: &mut Work<'_>) -> Result<Vec<Finding>, LedgerError> {
    let mut expected = Sqlite::in_memory()?;
    expected.script(&Tables::default().migration(0))?;
    let mut wanted = ByTable::new();
    expected.transaction(&mut |statements| {
        wanted = objects(statements, &Tables::default())?;
        Ok(())
    })?;
    let mut found = objects(&mut *work.statements, work.tables)?;
    let mut findings = Vec::new();
    for table in all() {
        let [wanted, found] =
            [&mut wanted, &mut found].map(|objects| objects.remove(table).unwrap_or_default());
        findings.extend(compare(table, wanted, found));
    }
    Ok(findings)
}

/// By the table's own name.
type ByTable = BTreeMap<&'static str, BTreeSet<Object>>;

fn all() -> impl Iterator<Item = &'static str> {
    TABLES.into_iter().chain(["version"])
}

fn objects(statements: &mut dyn Statements, tables: &Tables) -> Result<ByTable, DatabaseError> {
    let names: BTreeMap<_, _> = all().map(|table| (tables.name(table), table)).collect();
    let given: Vec<_> = names.keys().cloned().collect();
    let mut objects = ByTable::new();
    for (name, object) in statements.objects(&given)? {
        let Some(table) = names.get(&name) else {
            continue;
        };
        // A station inserts into every table but that of versions.
        let is_insert = object.kind == ObjectKind::Grant && object.text.starts_with("INSERT ");
        if !is_insert || *table == "version" {
            objects.entry(table).or_default().insert(object);
        }
    }
    Ok(objects)
}

fn compare(
    table: &'static str,
    mut wanted: BTreeSet<Object>,
    mut found: BTreeSet<Object>,
) -> Vec<Finding> {
    let is_definition = |object: &Object| object.kind == ObjectKind::Definition;
    // Not every database keeps it, and it says nothing new where a part of it is
    // found to be another.
    let parts = |objects: &BTreeSet<Object>| -> BTreeSet<Object> {
        let parts = objects.iter().filter(|object| !is_definition(object));
        parts.cloned().collect()
    };
    if !found.iter().any(is_definition) || parts(&wanted) != parts(&found) {
        (wanted, found) = (parts(&wanted), parts(&found));
    }
    let finding = |object: &Object, reason: FindingReason| Finding {
        table,
        row: format!("{} {}", object.kind.name(), object.text),
        reason,
    };
    let lost = wanted.difference(&found);
    let lost = lost.map(|object| finding(object, FindingReason::Lost));
    let added = found.difference(&wanted);
    let added = added.map(|object| finding(object, FindingReason::Added));
    lost.chain(added).collect()
}
