//! What was changed behind the ledger's back.

use nerves_key_line::{Facts, Issued, Ledger, State, Value};

use super::{Place, batch, chip, pattern};

/// A ledger with units of several states and two stations.
fn filled(place: &dyn Place) -> Ledger {
    let mut one = place.ledger("one");
    let mut two = place.ledger("two");
    one.load(&batch("b", pattern("A-{:03}"))).unwrap();
    one.load(&batch("c", pattern("C-{:03}"))).unwrap();
    for index in 0..10 {
        let ledger = if index % 2 == 0 { &mut one } else { &mut two };
        let byte = u8::try_from(index).unwrap();
        let unit = ledger.reserve(chip(index), "b", None).unwrap();
        let mut facts = Facts::default();
        facts.public_key = Some([byte; 64]);
        let unit = ledger.advance(&unit, State::Keyed, &facts).unwrap();
        let mut facts = Facts::default();
        facts.certificate = Some(Issued {
            signer: [9; 20],
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

/// Each table, its columns, and those that name a row.
const TABLES: [(&str, &[&str], &[&str]); 9] = [
    (
        "event",
        &[
            "id", "at", "operator", "chip", "kind", "body", "before", "digest",
        ],
        &["station", "seq"],
    ),
    ("mark", &["digest"], &["station", "seq"]),
    (
        "batch",
        &["product", "digest", "document", "station", "seq"],
        &["name"],
    ),
    (
        "unit",
        &["batch", "place", "serial", "station", "seq"],
        &["chip"],
    ),
    ("step", &["state", "station", "seq"], &["chip", "step"]),
    (
        "serial",
        &["chip", "station", "seq"],
        &["product", "serial"],
    ),
    (
        "number",
        &["use", "station", "seq"],
        &["product", "pool", "number", "round"],
    ),
    ("key", &["chip", "step", "station", "seq"], &["key"]),
    (
        "certificate",
        &["chip", "step", "certificate", "station", "seq"],
        &["signer", "serial"],
    ),
];

/// The rows of a table: the columns that name each.
fn rows(place: &dyn Place, table: &str, names: &[&str]) -> Vec<Vec<Value>> {
    let (table, names) = (place.tables().name(table), names.join(", "));
    let mut rows = Vec::new();
    let statement = format!("SELECT {names} FROM {table} ORDER BY {names}");
    place
        .open()
        .transaction(&mut |statements| {
            rows = statements.query(&statement, &[])?;
            Ok(())
        })
        .unwrap();
    rows
}

fn quoted(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Integer(number) => number.to_string(),
        _ => "NULL".to_owned(),
    }
}

fn is_row(names: &[&str], row: &[Value]) -> String {
    let names = names.iter().zip(row);
    let named: Vec<_> = names
        .map(|(name, value)| format!("{name} = {}", quoted(value)))
        .collect();
    named.join(" AND ")
}

/// Every column of the first and the last row of every table altered, every
/// such row deleted, copied under another name, and its content swapped with
/// another's: each change alone, noticed, in its table, and undone.
pub(super) fn every_change_is_noticed(place: &dyn Place) {
    let mut ledger = filled(place);
    let mut changes = 0;
    for (table, columns, names) in TABLES {
        let all = rows(place, table, names);
        let full = place.tables().name(table);
        let picked = [0, all.len() / 2, all.len() - 1];
        for (at, row) in picked.map(|at| (at, &all[at])) {
            let this = is_row(names, row);
            let number = |column: &str| {
                matches!(column, "at" | "seq" | "place" | "step" | "number" | "round")
            };
            let mut tried = Vec::new();
            for column in columns.iter().chain(names) {
                let to = if number(column) {
                    format!("{column} + 1000")
                } else {
                    format!("{column} || 'x'")
                };
                let back = if number(column) {
                    format!("{column} - 1000")
                } else {
                    format!("substr({column}, 1, length({column}) - 1)")
                };
                // Named by what it is after the change.
                let changed =
                    if names.contains(column) {
                        let values = names.iter().zip(row).map(|(name, value)| {
                            match (name == column, value) {
                                (true, Value::Text(text)) => Value::Text(format!("{text}x")),
                                (true, Value::Integer(number)) => Value::Integer(number + 1000),
                                (_, value) => value.clone(),
                            }
                        });
                        is_row(names, &values.collect::<Vec<_>>())
                    } else {
                        this.clone()
                    };
                tried.push((
                    format!("UPDATE {full} SET {column} = {to} WHERE {this} AND {column} IS NOT NULL"),
                    format!("UPDATE {full} SET {column} = {back} WHERE {changed} AND {column} IS NOT NULL"),
                ));
            }
            let _ = at;
            tried.push((
                format!("CREATE TABLE kept AS SELECT * FROM {full} WHERE {this}; DELETE FROM {full} WHERE {this}"),
                format!("INSERT INTO {full} SELECT * FROM kept; DROP TABLE kept"),
            ));
            for (change, back) in tried {
                // A member that is not there cannot be altered.
                if change.contains("chip = chip")
                    && table == "event"
                    && is_without_chip(place, &this)
                {
                    continue;
                }
                place.open().script(&change).unwrap();
                let found = ledger.audit(&[]).unwrap();
                assert!(!found.is_empty(), "{change}");
                assert!(
                    found.iter().any(|finding| finding.table == table)
                        || (table == "event" && !found.is_empty()),
                    "{change}: {found:?}"
                );
                place.open().script(&back).unwrap();
                changes += 1;
            }
        }
        // A row of somebody else's hand.
        let all_columns = names
            .iter()
            .chain(columns)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let values = names.iter().chain(columns).map(|column| match *column {
            "at" | "seq" | "place" | "step" | "number" | "round" => "777".to_owned(),
            other => format!("'{other}'"),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        place
            .open()
            .script(&format!(
                "INSERT INTO {full} ({all_columns}) VALUES ({values})"
            ))
            .unwrap();
        let found = ledger.audit(&[]).unwrap();
        assert!(
            found.iter().any(|finding| finding.table == table),
            "{table}: {found:?}"
        );
        let first = names[0];
        let value = if matches!(first, "seq" | "number") {
            "777".to_owned()
        } else {
            format!("'{first}'")
        };
        place
            .open()
            .script(&format!("DELETE FROM {full} WHERE {first} = {value}"))
            .unwrap();
        changes += 1;
        // Two rows with their contents exchanged.
        let (one, other) = (is_row(names, &all[0]), is_row(names, &all[all.len() - 1]));
        if one == other || table == "batch" {
            continue;
        }
        let column = columns[columns.len() - 1];
        let swap = format!(
            "CREATE TABLE kept AS SELECT {column} AS v FROM {full} WHERE {one}; \
             UPDATE {full} SET {column} = (SELECT {column} FROM {full} WHERE {other}) WHERE {one}; \
             UPDATE {full} SET {column} = (SELECT v FROM kept) WHERE {other}; DROP TABLE kept"
        );
        place.open().script(&swap).unwrap();
        let found = ledger.audit(&[]).unwrap();
        assert!(!found.is_empty(), "{swap}");
        place.open().script(&swap).unwrap();
        changes += 1;
    }
    assert_eq!(ledger.audit(&[]).unwrap(), [], "every change was undone");
    println!("{changes} changes, all noticed");
    assert!(changes >= 200, "{changes}");
}

fn is_without_chip(place: &dyn Place, this: &str) -> bool {
    let table = place.tables().name("event");
    let mut found = Vec::new();
    let statement = format!("SELECT chip FROM {table} WHERE {this}");
    place
        .open()
        .transaction(&mut |statements| {
            found = statements.query(&statement, &[])?;
            Ok(())
        })
        .unwrap();
    found == [[Value::Null]]
}

pub(super) fn a_shortened_chain_is_noticed_by_its_head(place: &dyn Place) {
    let mut ledger = filled(place);
    let heads = ledger.heads().unwrap();
    // The last event of a station and all that followed from it.
    let last = heads.iter().find(|head| head.station == "two").unwrap();
    for (table, ..) in TABLES {
        let table = place.tables().name(table);
        let seq = last.seq;
        let delete = format!("DELETE FROM {table} WHERE station = 'two' AND seq = {seq}");
        place.open().script(&delete).unwrap();
    }
    assert_eq!(ledger.audit(&[]).unwrap(), []);
    let found = ledger.audit(&heads).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].to_string().contains("two"), "{}", found[0]);
}
