//! Tables that were changed, and what acts on them besides.

use nerves_key_line::{Finding, FindingReason};

use super::Place;

/// What is done to a table, what takes it back, and a part of the finding. In
/// all of them `<unit>` stands for the table.
pub(crate) type Change = (String, String, &'static str, FindingReason);

/// Each is named, alone, and nothing when it is taken back.
pub(crate) fn are_named(place: &dyn Place, changes: &[Change]) {
    let mut ledger = place.ledger("one");
    let name = place.tables().name("unit");
    let script = |text: &str| {
        let text = text.replace("<unit>", &name);
        let done = place.open().script(&text);
        done.unwrap_or_else(|error| panic!("{text}: {error}"));
    };
    assert_eq!(ledger.audit(&[]).unwrap(), []);
    for (made, undone, part, reason) in changes {
        script(made);
        let found = ledger.audit(&[]).unwrap();
        let is_it = |it: &&Finding| it.row.contains(part) && it.reason == *reason;
        let named = found.iter().find(is_it);
        let named = named.unwrap_or_else(|| panic!("{made}: no {part:?} in {found:?}"));
        assert_eq!(named.table, "unit", "{made}");
        script(undone);
        assert_eq!(ledger.audit(&[]).unwrap(), [], "{undone}");
    }
}

/// A table with the same rows and another definition.
pub(super) fn a_table_that_was_rebuilt_is_named(place: &dyn Place) {
    let (tables, name) = (place.tables(), place.tables().name("unit"));
    let migration = tables.migration(0);
    let begin = format!("CREATE TABLE {name} (");
    let own = migration.split(';').map(str::trim);
    let own = own.into_iter().find(|it| it.starts_with(&begin)).unwrap();
    let rebuilt = |definition: &str| {
        format!(
            "CREATE TABLE rebuilt_rows AS SELECT * FROM <unit>; DROP TABLE <unit>; {definition}; \
             INSERT INTO <unit> SELECT * FROM rebuilt_rows; DROP TABLE rebuilt_rows"
        )
    };
    let changes = [
        (
            ",\n  UNIQUE (batch, place)",
            "",
            "unique (batch, place)",
            FindingReason::Lost,
        ),
        (
            "UNIQUE (batch, place)",
            "UNIQUE (batch, place, seq)",
            "unique (batch, place, seq)",
            FindingReason::Added,
        ),
        ("PRIMARY KEY", "", "unique (chip)", FindingReason::Lost),
        (
            "serial TEXT NOT NULL",
            "serial TEXT",
            "column serial TEXT",
            FindingReason::Added,
        ),
        (
            "place BIGINT",
            "place INTEGER",
            "column place BIGINT NOT NULL",
            FindingReason::Lost,
        ),
        (
            "serial TEXT NOT NULL",
            "serial TEXT NOT NULL DEFAULT 'x'",
            "column serial TEXT NOT NULL DEFAULT",
            FindingReason::Added,
        ),
    ];
    let changes = changes.map(|(from, to, part, reason)| {
        let other = own.replace(from, to);
        assert_ne!(other, own, "{from}");
        (rebuilt(&other), rebuilt(own), part, reason)
    });
    are_named(place, &changes);
}
