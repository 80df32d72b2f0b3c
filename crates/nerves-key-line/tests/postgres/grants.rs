//! A station's role, with the grants that the library prints.

use nerves_key_line::{Author, Database, DatabaseError, Facts, Ledger, Postgres, State};

use super::Schema;
use super::suite::{Place, batch, chip, pattern};

const TABLES: [&str; 10] = [
    "version",
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

pub(crate) fn a_station_can_insert_and_nothing_else(schema: &Schema) {
    let mut owner = schema.ledger("loader");
    owner.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let tables = schema.tables();
    let name = tables.name("");
    let name = name.trim_end_matches('.');
    let grants = format!(
        "CREATE ROLE station LOGIN; GRANT USAGE ON SCHEMA {name} TO station; {}",
        tables.grants("station")
    );
    schema.open().script(&grants).unwrap();

    // What a station does, it can do.
    let station = || schema.server.url("station").parse::<Postgres>().unwrap();
    let author = Author {
        station: "one".to_owned(),
        operator: "bob".to_owned(),
    };
    let mut ledger = Ledger::open(Box::new(station()), tables.clone(), author).unwrap();
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    let mut facts = Facts::default();
    facts.public_key = Some([1; 64]);
    ledger.advance(&unit, State::Keyed, &facts).unwrap();
    assert_eq!(ledger.audit(&[]).unwrap(), []);

    // And nothing that changes what is written.
    let mut refused = 0;
    for table in TABLES {
        let table = tables.name(table);
        for statement in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("DROP TABLE {table}"),
            format!("ALTER TABLE {table} ADD COLUMN x TEXT"),
            format!("CREATE TRIGGER t BEFORE INSERT ON {table} EXECUTE FUNCTION f()"),
        ] {
            let error = station().script(&statement).unwrap_err();
            assert!(
                matches!(error, DatabaseError::Refused(_)),
                "{statement}: {error:?}"
            );
            let said = format!("{error:?}");
            assert!(said.contains("42501"), "{statement}: {said}");
            refused += 1;
        }
    }
    for (table, column) in [
        ("version", "version"),
        ("event", "body"),
        ("mark", "digest"),
        ("batch", "document"),
        ("unit", "serial"),
        ("step", "state"),
        ("serial", "chip"),
        ("number", "use"),
        ("key", "chip"),
        ("certificate", "certificate"),
    ] {
        let table = tables.name(table);
        let statement = format!("UPDATE {table} SET {column} = {column}");
        let said = format!("{:?}", station().script(&statement).unwrap_err());
        assert!(said.contains("42501"), "{statement}: {said}");
        refused += 1;
    }
    let migrate = format!("INSERT INTO {} VALUES (9)", tables.name("version"));
    assert!(station().script(&migrate).is_err());
    println!("{} statements refused", refused + 1);
}

/// With the right to read alone: to look, audit and export, and not to begin.
pub(crate) fn who_may_only_read_can_look(schema: &Schema) {
    let mut owner = schema.ledger("loader");
    owner.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    owner.reserve(chip(1), "b", None).unwrap();
    let tables = schema.tables();
    let name = tables.name("");
    let name = name.trim_end_matches('.');
    let grants = format!(
        "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA {name} TO reader; \
         GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO reader"
    );
    schema.open().script(&grants).unwrap();
    let reader = schema.server.url("reader").parse::<Postgres>().unwrap();
    let author = Author {
        station: "office".to_owned(),
        operator: "eve".to_owned(),
    };
    let mut ledger = Ledger::open(Box::new(reader), tables, author).unwrap();
    let heads = ledger.heads().unwrap();
    assert_eq!(ledger.audit(&heads).unwrap(), []);
    assert_eq!(ledger.status().unwrap()[0].of(State::Reserved), 1);
    assert_eq!(ledger.export("b", &[]).unwrap().units.len(), 1);
    let refused = ledger.reserve(chip(2), "b", None).unwrap_err();
    assert!(
        refused.to_string().contains("permission denied"),
        "{refused}"
    );
}
