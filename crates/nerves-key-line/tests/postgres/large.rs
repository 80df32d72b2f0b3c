//! A ledger that takes long to read.

use std::thread;
use std::time::{Duration, Instant};

use nerves_key_line::{Author, Database, FindingReason, Ledger, Postgres};

use super::Schema;
use super::suite::{Place, batch, chip, pattern};

/// How long a station's statement may take here.
const STATEMENT_LIMIT: Duration = Duration::from_millis(300);

/// Each row of the events takes a tenth of a second, as if there were many more of
/// them: what reads them all is not given up by the limit of a station's statement.
pub(crate) fn what_reads_all_of_it_is_not_cut_off(schema: &Schema) {
    let mut owner = schema.ledger("loader");
    owner.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    for index in 1..=5 {
        owner.reserve(chip(index), "b", None).unwrap();
    }
    let tables = schema.tables();
    let (name, event) = (tables.name(""), tables.name("event"));
    let name = name.trim_end_matches('.');
    let script = format!(
        "CREATE ROLE auditor LOGIN; GRANT USAGE ON SCHEMA {name} TO auditor; \
         GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO auditor; \
         ALTER TABLE {event} ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY slow ON {event} USING (pg_sleep(0.1)::text = '')"
    );
    schema.open().script(&script).unwrap();
    let auditor = || {
        let mut database: Postgres = schema.server.url("auditor").parse().unwrap();
        database.set_statement_limit(STATEMENT_LIMIT);
        database
    };
    let statement = format!("SELECT seq FROM {event}");
    let station = auditor().transaction(&mut |statements| {
        statements.query(&statement, &[])?;
        Ok(())
    });
    assert!(station.is_err(), "its limit is not reached");

    let author = Author {
        station: "office".to_owned(),
        operator: "eve".to_owned(),
    };
    let mut ledger = Ledger::open(Box::new(auditor()), tables, author).unwrap();
    let begin = Instant::now();
    let heads = ledger.heads().unwrap();
    assert_eq!(heads.iter().map(|head| head.seq).sum::<i64>(), 6);
    let findings = ledger.audit(&heads).unwrap();
    assert!(begin.elapsed() > STATEMENT_LIMIT);
    // The policy and that there are any are all that is wrong.
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().all(|it| it.reason == FindingReason::Added));
    assert_eq!(ledger.export("b", &[]).unwrap().units.len(), 5);
    assert_eq!(ledger.activity("b").unwrap().stations.len(), 1);
}

/// Nor is who computes between two statements, with what was read.
pub(crate) fn who_computes_for_long_is_not_cut_off(schema: &Schema) {
    let mut database: Postgres = schema.server.url(tests_postgres::OWNER).parse().unwrap();
    database.set_statement_limit(STATEMENT_LIMIT);
    let read = database.read(&mut |statements| {
        statements.query("SELECT 1", &[])?;
        thread::sleep(STATEMENT_LIMIT.saturating_mul(3));
        statements.query("SELECT 1", &[])?;
        Ok(())
    });
    read.unwrap();
    // It changes nothing.
    let insert = format!("INSERT INTO {} VALUES (9)", schema.tables().name("version"));
    schema.ledger("one");
    let written = database.read(&mut |statements| {
        statements.query(&insert, &[])?;
        Ok(())
    });
    let message = written.unwrap_err().to_string();
    assert!(message.contains("read-only"), "{message}");
}
