//! What a server's administrator can do to a table besides changing its rows.

use nerves_key_line::FindingReason;

use super::Schema;
use super::suite::Place;
use super::suite::objects::are_named;

pub(crate) fn what_acts_on_a_table_is_named(schema: &Schema) {
    let function = "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS \
                    'BEGIN RETURN NULL; END'; CREATE ROLE clerk";
    schema.open().script(function).unwrap();
    let changes = [
        (
            "CREATE TRIGGER quiet BEFORE INSERT ON <unit> FOR EACH ROW EXECUTE FUNCTION quiet()",
            "DROP TRIGGER quiet ON <unit>",
            "trigger quiet",
            FindingReason::Added,
        ),
        (
            "CREATE RULE hush AS ON INSERT TO <unit> DO INSTEAD NOTHING",
            "DROP RULE hush ON <unit>",
            "rule hush",
            FindingReason::Added,
        ),
        (
            "ALTER TABLE <unit> DROP CONSTRAINT unit_batch_place_key",
            "ALTER TABLE <unit> ADD UNIQUE (batch, place)",
            "unique (batch, place)",
            FindingReason::Lost,
        ),
        (
            "ALTER TABLE <unit> DROP CONSTRAINT unit_batch_place_key, \
             ADD CONSTRAINT late UNIQUE (batch, place) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE <unit> DROP CONSTRAINT late, ADD UNIQUE (batch, place)",
            "unique (batch, place)",
            FindingReason::Lost,
        ),
        (
            "CREATE UNIQUE INDEX narrow ON <unit> (serial) WHERE place > 3",
            "DROP INDEX what_acts_on_a_table_is_named.narrow",
            "WHERE (place > 3)",
            FindingReason::Added,
        ),
        (
            "ALTER TABLE <unit> ADD CONSTRAINT odd CHECK (place <> 2)",
            "ALTER TABLE <unit> DROP CONSTRAINT odd",
            "constraint odd CHECK",
            FindingReason::Added,
        ),
        (
            "ALTER TABLE <unit> ADD COLUMN note TEXT",
            "ALTER TABLE <unit> DROP COLUMN note",
            "column note TEXT",
            FindingReason::Added,
        ),
        (
            "ALTER TABLE <unit> ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE <unit> DISABLE ROW LEVEL SECURITY",
            "rule of row security",
            FindingReason::Added,
        ),
        (
            "ALTER TABLE <unit> SET UNLOGGED",
            "ALTER TABLE <unit> SET LOGGED",
            "a table of the kind r, u",
            FindingReason::Added,
        ),
        (
            "CREATE TABLE heir () INHERITS (<unit>)",
            "DROP TABLE heir",
            "a table that heir inherits",
            FindingReason::Added,
        ),
        (
            "GRANT UPDATE, INSERT ON <unit> TO clerk",
            "REVOKE ALL ON <unit> FROM clerk",
            "grant UPDATE to clerk",
            FindingReason::Added,
        ),
        (
            "GRANT DELETE ON <unit> TO PUBLIC",
            "REVOKE ALL ON <unit> FROM PUBLIC",
            "grant DELETE to everybody",
            FindingReason::Added,
        ),
        (
            "GRANT UPDATE (serial) ON <unit> TO clerk",
            "REVOKE ALL (serial) ON <unit> FROM clerk",
            "grant UPDATE (serial) to clerk",
            FindingReason::Added,
        ),
    ];
    let changes = changes
        .map(|(made, undone, part, reason)| (made.to_owned(), undone.to_owned(), part, reason));
    are_named(schema, &changes);
    let (mut ledger, version) = (schema.ledger("one"), schema.tables().name("version"));
    let grant = format!("GRANT INSERT ON {version} TO clerk");
    schema.open().script(&grant).unwrap();
    let found = ledger.audit(&[]).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].row.contains("grant INSERT to clerk"), "{found:?}");
}
