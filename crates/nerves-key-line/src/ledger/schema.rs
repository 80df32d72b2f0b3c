//! The tables, and how a ledger comes to have them.
//!
//! Rows are only ever inserted, so that a station's role needs no other right.
//! The table of events is the truth; the others follow from it
//! ([`super::rows`]) and are there for their constraints: whoever inserts a row
//! that another has inserted is refused by the database, and its whole
//! transaction with it. Texts and numbers are all there is, spelt as both
//! databases understand it.

/// Where the tables stand.
///
/// ```
/// use nerves_key_line::Tables;
///
/// let tables = Tables::new(Some("factory"), "line_")?;
/// assert_eq!(tables.name("event"), "factory.line_event");
/// # Ok::<(), nerves_key_line::TablesError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tables {
    before: String,
}

/// A name that is none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no name of a schema or table: lower-case letters, digits and _, at most 40")]
pub struct TablesError(pub String);

impl Tables {
    /// In a schema, if one is named, each name beginning with `prefix`.
    ///
    /// # Errors
    /// [`TablesError`] for a name that would have to be quoted.
    pub fn new(schema: Option<&str>, prefix: &str) -> Result<Self, TablesError> {
        for name in schema.into_iter().chain([prefix]) {
            let fits = name.len() <= 40;
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            let begins = name
                .bytes()
                .next()
                .is_none_or(|byte| !byte.is_ascii_digit());
            if !(fits && begins && name.bytes().all(plain)) {
                return Err(TablesError(name.to_owned()));
            }
        }
        if schema == Some("") {
            return Err(TablesError(String::new()));
        }
        let schema = schema.map(|schema| format!("{schema}."));
        Ok(Self {
            before: schema.unwrap_or_default() + prefix,
        })
    }

    /// The whole name of a table.
    #[must_use]
    pub fn name(&self, table: &str) -> String {
        format!("{}{table}", self.before)
    }

    /// A statement, in which `<table>` stands for a table.
    pub(crate) fn statement(&self, text: &str) -> String {
        let mut statement = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = rest.split_once('<').and_then(|(before, after)| {
            let (name, after) = after.split_once('>')?;
            Some((before, name, after))
        }) {
            statement.push_str(before);
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()) {
                statement.push_str(&self.name(name));
                rest = after;
            } else {
                statement.push('<');
                rest = &rest[before.len() + 1..];
            }
        }
        statement + rest
    }

    /// What makes the tables of version `from` those of [`VERSION`], as SQL.
    #[must_use]
    pub fn migration(&self, from: usize) -> String {
        let scripts = MIGRATIONS.iter().enumerate().skip(from);
        let scripts = scripts.map(|(before, script)| {
            let version = before + 1;
            let script = self.statement(script);
            let row = self.statement("INSERT INTO <version> (version) VALUES");
            format!("{script}{row} ({version});\n")
        });
        scripts.collect()
    }

    /// What a role needs to run a station: to read and to insert. Nothing is
    /// ever updated or deleted.
    #[must_use]
    pub fn grants(&self, role: &str) -> String {
        let rows = TABLES.iter().map(|table| {
            let table = self.name(table);
            format!("GRANT SELECT, INSERT ON {table} TO {role};\n")
        });
        let version = self.name("version");
        let version = format!("GRANT SELECT ON {version} TO {role};\n");
        rows.chain([version]).collect()
    }
}

/// The version of the tables that this library writes.
pub const VERSION: usize = MIGRATIONS.len();

/// All but that of versions.
pub(crate) const TABLES: [&str; 9] = [
    "event",
    "mark",
    "batch",
    "unit",
    "step",
    "serial",
    "number",
    "key",
    "certificate",
];

const MIGRATIONS: [&str; 1] = [
    "CREATE TABLE <version> (version BIGINT NOT NULL PRIMARY KEY);
CREATE TABLE <event> (
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  id TEXT NOT NULL UNIQUE,
  at BIGINT NOT NULL,
  operator TEXT NOT NULL,
  chip TEXT,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  before TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (station, seq)
);
CREATE TABLE <mark> (
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (station, seq)
);
CREATE TABLE <batch> (
  name TEXT NOT NULL PRIMARY KEY,
  product TEXT NOT NULL,
  digest TEXT NOT NULL,
  document TEXT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL
);
CREATE TABLE <unit> (
  chip TEXT NOT NULL PRIMARY KEY,
  batch TEXT NOT NULL,
  place BIGINT NOT NULL,
  serial TEXT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  UNIQUE (batch, place)
);
CREATE TABLE <step> (
  chip TEXT NOT NULL,
  step BIGINT NOT NULL,
  state TEXT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (chip, step)
);
CREATE TABLE <serial> (
  product TEXT NOT NULL,
  serial TEXT NOT NULL,
  chip TEXT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (product, serial),
  UNIQUE (product, chip)
);
CREATE TABLE <number> (
  product TEXT NOT NULL,
  pool TEXT NOT NULL,
  number BIGINT NOT NULL,
  round BIGINT NOT NULL,
  use TEXT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (product, pool, number, round)
);
CREATE TABLE <key> (
  key TEXT NOT NULL PRIMARY KEY,
  chip TEXT NOT NULL,
  step BIGINT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL
);
CREATE TABLE <certificate> (
  signer TEXT NOT NULL,
  serial TEXT NOT NULL,
  chip TEXT NOT NULL,
  step BIGINT NOT NULL,
  certificate TEXT NOT NULL,
  station TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (signer, serial)
);
",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_needs_quotes_is_refused() {
        for name in ["a b", "x;", "A", "1a", "\u{e9}", "a\"b"] {
            assert!(Tables::new(Some(name), "").is_err(), "{name}");
            assert!(Tables::new(None, name).is_err(), "{name}");
        }
        assert!(Tables::new(Some(""), "").is_err());
    }

    #[test]
    fn only_names_of_tables_are_replaced() {
        let tables = Tables::new(Some("s"), "p_").unwrap();
        assert_eq!(
            tables.statement("SELECT a FROM <event> WHERE a < 3 AND b > 4 AND c <> 5"),
            "SELECT a FROM s.p_event WHERE a < 3 AND b > 4 AND c <> 5"
        );
    }
}
