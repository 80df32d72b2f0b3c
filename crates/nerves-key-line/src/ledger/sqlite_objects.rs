//! What `SQLite` says of a table.

use super::database::{DatabaseError, Rows, Value};
use super::objects::{Object, ObjectKind};

/// By `query`, of the table `name`.
pub(super) fn objects(
    name: &str,
    mut query: impl FnMut(&str, &[Value]) -> Result<Rows, DatabaseError>,
) -> Result<Vec<Object>, DatabaseError> {
    let mut objects = Vec::new();
    let of = [Value::from(name)];
    let word = |value: Option<&Value>| value.and_then(Value::text).unwrap_or("?").to_owned();
    let mut add = |kind, text: String| objects.push(Object { kind, text });

    let columns = "SELECT name || ' ' || type || CASE \"notnull\" WHEN 0 THEN '' ELSE ' NOT NULL' \
                   END || CASE WHEN dflt_value IS NULL THEN '' ELSE ' DEFAULT ' || dflt_value END \
                   || CASE hidden WHEN 0 THEN '' ELSE ' GENERATED' END \
                   FROM pragma_table_xinfo($1)";
    for row in query(columns, &of)? {
        add(ObjectKind::Column, word(row.first()));
    }
    // An index that is not unique refuses nothing.
    let indexes = "SELECT name, partial FROM pragma_index_list($1) WHERE \"unique\" <> 0";
    for row in query(indexes, &of)? {
        let index = [Value::from(word(row.first()))];
        let columns = "SELECT name FROM pragma_index_info($1) ORDER BY seqno";
        let columns = query(columns, &index)?;
        let columns: Vec<_> = columns.iter().map(|row| word(row.first())).collect();
        let text = format!("({})", columns.join(", "));
        if row.get(1).and_then(Value::integer) == Some(0) {
            add(ObjectKind::Unique, text);
        } else {
            let name = word(index.first());
            add(ObjectKind::Constraint, format!("{name}: some of {text}"));
        }
    }
    let keys = "SELECT \"from\" || ' to ' || \"table\" FROM pragma_foreign_key_list($1)";
    for row in query(keys, &of)? {
        add(ObjectKind::Constraint, word(row.first()));
    }
    let others = "SELECT type, name, sql FROM sqlite_schema WHERE lower(tbl_name) = lower($1)";
    for row in query(others, &of)? {
        let (kind, own, sql) = (word(row.first()), word(row.get(1)), word(row.get(2)));
        match kind.as_str() {
            "trigger" => add(ObjectKind::Trigger, own),
            "table" | "view" => {
                add(ObjectKind::Relation, kind);
                // Without its own name, which has the prefix.
                let sql = sql.replacen(name, "", 1);
                let words: Vec<_> = sql.split_whitespace().collect();
                add(ObjectKind::Definition, words.join(" "));
            }
            _ => {}
        }
    }
    Ok(objects)
}
