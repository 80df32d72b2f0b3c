//! What was changed behind the ledger's back.

use nerves_key_line::{Batch, Facts, IssuedCertificate, Ledger, State, Value};

use super::{Place, batch, chip, pattern};

/// A ledger with units of several states and two stations.
fn filled(place: &dyn Place) -> Ledger {
    let mut one = place.ledger("one");
    let mut two = place.ledger("two");
    one.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    one.load(&batch("c", &pattern("C-{:03}"))).unwrap();
    for index in 0..10 {
        let ledger = if index % 2 == 0 { &mut one } else { &mut two };
        let byte = u8::try_from(index).unwrap();
        let unit = ledger.reserve(chip(index), "b", None).unwrap();
        let mut facts = Facts::default();
        facts.public_key = Some([byte; 64]);
        let unit = ledger.advance(&unit, State::Keyed, &facts).unwrap();
        let mut facts = Facts::default();
        facts.certificate = Some(IssuedCertificate {
            signer: [9; 64],
            serial: vec![byte, 1],
            der: vec![0x30, byte],
        });
        ledger.advance(&unit, State::Issued, &facts).unwrap();
        ledger.fail(chip(index), "no answer").unwrap();
    }
    one
}

pub(super) fn what_was_not_touched_is_sound(place: &dyn Place) {
    let mut ledger = filled(place);
    let heads = ledger.heads().unwrap();
    assert_eq!(heads.len(), 2);
    assert_eq!(ledger.audit(&heads).unwrap(), []);
}

/// A table: its columns, and those that name a row.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    key: &'static [&'static str],
}

const fn table(
    name: &'static str,
    key: &'static [&'static str],
    columns: &'static [&'static str],
) -> Table {
    Table { name, columns, key }
}

const TABLES: [Table; 9] = [
    table(
        "event",
        &["station", "seq"],
        &[
            "id", "at", "operator", "chip", "kind", "body", "before", "digest",
        ],
    ),
    table("mark", &["station", "seq"], &["digest"]),
    table(
        "batch",
        &["name"],
        &["product", "digest", "document", "station", "seq"],
    ),
    table(
        "unit",
        &["chip"],
        &["batch", "place", "serial", "station", "seq"],
    ),
    table("step", &["chip", "step"], &["state", "station", "seq"]),
    table(
        "serial",
        &["product", "serial"],
        &["chip", "station", "seq"],
    ),
    table(
        "number",
        &["product", "pool", "number", "round"],
        &["use", "station", "seq"],
    ),
    table("key", &["key"], &["chip", "step", "station", "seq"]),
    table(
        "certificate",
        &["signer", "serial"],
        &["chip", "step", "certificate", "station", "seq"],
    ),
];

fn is_number(column: &str) -> bool {
    matches!(column, "at" | "seq" | "place" | "step" | "number" | "round")
}

/// A change, and what takes it back.
struct Change {
    made: String,
    undone: String,
}

impl Table {
    /// The rows: the columns that name each.
    fn rows(&self, place: &dyn Place) -> Vec<Vec<Value>> {
        let (table, key) = (place.tables().name(self.name), self.key.join(", "));
        query(place, &format!("SELECT {key} FROM {table} ORDER BY {key}"))
    }

    /// The condition that only this row meets.
    fn is(&self, row: &[Value]) -> String {
        let parts = self.key.iter().zip(row);
        let parts = parts.map(|(name, value)| format!("{name} = {}", quote(value)));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// The same row, with `column` as it is after an alteration.
    fn is_altered(&self, row: &[Value], column: &str) -> String {
        let altered = self.key.iter().zip(row).map(|(name, value)| match value {
            Value::Text(text) if *name == column => Value::Text(format!("{text}x")),
            Value::Integer(number) if *name == column => Value::Integer(number + 1000),
            value => value.clone(),
        });
        self.is(&altered.collect::<Vec<_>>())
    }

    /// Each column of a row altered, and the row deleted.
    fn changes(&self, place: &dyn Place, row: &[Value]) -> Vec<Change> {
        let table = place.tables().name(self.name);
        let this = self.is(row);
        let columns = self.columns.iter().chain(self.key);
        // What is nothing cannot be altered.
        let columns = columns.filter(|column| {
            let value = format!("SELECT {column} FROM {table} WHERE {this}");
            query(place, &value) != [[Value::Null]]
        });
        let altered = columns.map(|column| {
            let (to, back) = if is_number(column) {
                (format!("{column} + 1000"), format!("{column} - 1000"))
            } else {
                let shorter = format!("substr({column}, 1, length({column}) - 1)");
                (format!("{column} || 'x'"), shorter)
            };
            let after = self.is_altered(row, column);
            Change {
                made: format!("UPDATE {table} SET {column} = {to} WHERE {this}"),
                undone: format!("UPDATE {table} SET {column} = {back} WHERE {after}"),
            }
        });
        let deleted = Change {
            made: format!(
                "CREATE TABLE kept AS SELECT * FROM {table} WHERE {this}; \
                 DELETE FROM {table} WHERE {this}"
            ),
            undone: format!("INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"),
        };
        altered.chain([deleted]).collect()
    }

    /// A row of somebody else's hand.
    fn insertion(&self, place: &dyn Place) -> Change {
        let table = place.tables().name(self.name);
        let columns: Vec<_> = self.key.iter().chain(self.columns).copied().collect();
        let value = |column: &&str| {
            if is_number(column) {
                "777".to_owned()
            } else {
                format!("'{column}'")
            }
        };
        let values: Vec<_> = columns.iter().map(value).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let first = self.key[0];
        Change {
            made: format!("INSERT INTO {table} ({columns}) VALUES ({values})"),
            undone: format!("DELETE FROM {table} WHERE {first} = {}", value(&first)),
        }
    }

    /// The contents of two rows exchanged; once more takes it back.
    fn swap(&self, place: &dyn Place, one: &[Value], other: &[Value]) -> Option<Change> {
        let table = place.tables().name(self.name);
        let (one, other) = (self.is(one), self.is(other));
        let column = self.columns.last()?;
        let content =
            |row: &str| query(place, &format!("SELECT {column} FROM {table} WHERE {row}"));
        if content(&one) == content(&other) {
            return None;
        }
        let swap = format!(
            "CREATE TABLE kept AS SELECT {column} AS v FROM {table} WHERE {one}; \
             UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE {other}) WHERE {one}; \
             UPDATE {table} SET {column} = (SELECT v FROM kept) WHERE {other}; DROP TABLE kept"
        );
        Some(Change {
            made: swap.clone(),
            undone: swap,
        })
    }
}

fn query(place: &dyn Place, statement: &str) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    let mut database = place.open();
    let read = database.transaction(&mut |statements| {
        rows = statements.query(statement, &[])?;
        Ok(())
    });
    read.unwrap();
    rows
}

fn quote(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Integer(number) => number.to_string(),
        _ => "NULL".to_owned(),
    }
}

/// Each column of the first, a middle and the last row of each table altered,
/// each such row deleted, one inserted, two exchanged: each change alone, and
/// undone.
pub(super) fn every_change_is_noticed(place: &dyn Place) {
    let mut ledger = filled(place);
    let mut changes = 0;
    for table in TABLES {
        let all = table.rows(place);
        let (first, last) = (&all[0], &all[all.len() - 1]);
        let rows = [first, &all[all.len() / 2], last];
        let tried = rows.into_iter().flat_map(|row| table.changes(place, row));
        let tried = tried.chain([table.insertion(place)]);
        for change in tried.chain(table.swap(place, first, last)) {
            place.open().script(&change.made).unwrap();
            let found = ledger.audit(&[]).unwrap();
            // An event that was deleted is missed by what followed from it.
            let is_placed = found.iter().any(|finding| finding.table == table.name);
            assert!(
                is_placed || table.name == "event",
                "{}: {found:?}",
                change.made
            );
            assert!(!found.is_empty(), "{}", change.made);
            place.open().script(&change.undone).unwrap();
            changes += 1;
        }
    }
    assert_eq!(ledger.audit(&[]).unwrap(), [], "every change was undone");
    println!("{changes} changes, all noticed");
    assert!(changes >= 200, "{changes}");
}

/// Its document, the digest beside it, or both exchanged with another batch's.
pub(super) fn a_batch_that_was_altered_makes_nothing(place: &dyn Place) {
    let mut ledger = filled(place);
    let table = place.tables().name("batch");
    let alter = |set: &str, name: &str| format!("UPDATE {table} SET {set} WHERE name = '{name}'");
    let document = |from: &str, to: &str| {
        alter(
            &format!("document = replace(document, '{from}', '{to}')"),
            "b",
        )
    };
    let [b, c] = ["b", "c"].map(|name| ledger.batch(name).unwrap());
    let put = |batch: &Batch, name: &str| {
        let (text, digest) = (batch.document(), batch.digest());
        alter(&format!("document = '{text}', digest = '{digest}'"), name)
    };
    for (made, undone) in [
        (document("A-", "=cmd|"), document("=cmd|", "A-")),
        (document("100", "101"), document("101", "100")),
        (document(":", ": "), document(": ", ":")),
        (document("{", "x{"), document("x{", "{")),
        (
            alter("digest = 'f' || digest", "b"),
            alter("digest = substr(digest, 2)", "b"),
        ),
        (put(&c, "b"), put(&b, "b")),
    ] {
        place.open().script(&made).unwrap();
        let results = [
            ledger.batch("b").map(drop),
            ledger.reserve(chip(50), "b", None).map(drop),
            ledger.load(&b).map(drop),
            ledger.lease("b", "spool", 5),
            ledger.status().map(drop),
        ];
        for result in results {
            let said = result.unwrap_err().to_string();
            assert!(
                said.contains("\"b\"") && said.contains("audit"),
                "{made}: {said}"
            );
        }
        assert_ne!(ledger.audit(&[]).unwrap(), [], "{made}");
        // The other one is as it was.
        ledger.batch("c").unwrap();
        place.open().script(&undone).unwrap();
        assert_eq!(ledger.audit(&[]).unwrap(), [], "{undone}");
    }
    ledger.reserve(chip(50), "b", None).unwrap();
}

pub(super) fn a_shortened_chain_is_noticed_by_its_head(place: &dyn Place) {
    let mut ledger = filled(place);
    let heads = ledger.heads().unwrap();
    // The last event of a station and all that followed from it.
    let last = heads.iter().find(|head| head.station == "two").unwrap();
    for table in TABLES {
        let table = place.tables().name(table.name);
        let seq = last.seq;
        let delete = format!("DELETE FROM {table} WHERE station = 'two' AND seq = {seq}");
        place.open().script(&delete).unwrap();
    }
    assert_eq!(ledger.audit(&[]).unwrap(), []);
    let found = ledger.audit(&heads).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].to_string().contains("two"), "{}", found[0]);
}
