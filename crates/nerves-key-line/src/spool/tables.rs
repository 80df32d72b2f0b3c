//! What a spool has besides the tables of a ledger.

use atecc::SerialNumber;

use super::error::SpoolError;
use super::{ChipLocation, Conflict, PREFIX, is_for_ledger};
use crate::event::Event;
use crate::ledger::{Author, Database, Ledger, LedgerError, Tables, Value, chip_of};

const SCRIPT: &str = "
CREATE TABLE IF NOT EXISTS <identity> (
  only BIGINT NOT NULL PRIMARY KEY,
  station TEXT NOT NULL,
  batch TEXT NOT NULL,
  digest TEXT NOT NULL,
  ledger TEXT NOT NULL,
  spool TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS <sent> (seq BIGINT NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS <refused> (
  seq BIGINT NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (seq, cause)
);
CREATE TABLE IF NOT EXISTS <met> (chip TEXT NOT NULL PRIMARY KEY);
";

/// Whose a spool is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Identity {
    pub(super) station: String,
    pub(super) batch: String,
    /// Of the batch.
    pub(super) digest: String,
    /// The event by which the ledger has the batch.
    pub(super) ledger: String,
    /// Its own name, by which numbers are leased to it.
    pub(super) spool: String,
}

impl Identity {
    pub(super) fn check(&self, ours: &Self) -> Result<(), SpoolError> {
        let members = [
            ("station", &self.station, &ours.station),
            ("batch", &self.batch, &ours.batch),
            (
                "ledger that loaded its batch by the event",
                &self.ledger,
                &ours.ledger,
            ),
            ("batch of the digest", &self.digest, &ours.digest),
        ];
        for (what, theirs, ours) in members {
            if theirs != ours {
                return Err(SpoolError::Other {
                    what,
                    theirs: theirs.clone(),
                    ours: ours.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Make the tables where there are none. A file that holds something else is
/// left as it is.
pub(super) fn create(
    mut database: Box<dyn Database>,
    author: Author,
) -> Result<Ledger, SpoolError> {
    let mut names = Vec::new();
    database.transaction(&mut |statements| {
        names = statements.query("SELECT name FROM sqlite_schema WHERE type = 'table'", &[])?;
        Ok(())
    })?;
    let mut names = names.iter().filter_map(|row| row.first()?.text());
    if !names.all(|name| name.starts_with(PREFIX)) {
        return Err(SpoolError::NoSpool);
    }
    let tables = Tables::new(None, PREFIX).map_err(|_error| SpoolError::NoSpool)?;
    database.script(&tables.statement(SCRIPT))?;
    Ok(Ledger::create(database, tables, author)?)
}

/// Whose it is, where that is known.
pub(super) fn identity(spool: &mut Ledger) -> Result<Option<Identity>, SpoolError> {
    let rows = spool.run(|work| {
        let rows = work.query(
            "SELECT station, batch, digest, ledger, spool FROM <identity>",
            &[],
        )?;
        Ok(rows)
    })?;
    Ok(match rows.first().map(|row| &row[..]) {
        Some(
            [
                Value::Text(station),
                Value::Text(batch),
                Value::Text(digest),
                Value::Text(ledger),
                Value::Text(spool),
            ],
        ) => Some(Identity {
            station: station.clone(),
            batch: batch.clone(),
            digest: digest.clone(),
            ledger: ledger.clone(),
            spool: spool.clone(),
        }),
        _ => None,
    })
}

/// Whose it is: `ours` where that was not said yet.
pub(super) fn identify(spool: &mut Ledger, ours: &Identity) -> Result<Identity, SpoolError> {
    if let Some(identity) = identity(spool)? {
        return Ok(identity);
    }
    spool.run(|work| {
        work.query(
            "INSERT INTO <identity> (only, station, batch, digest, ledger, spool) \
             SELECT 1, $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM <identity>)",
            &[
                ours.station.as_str().into(),
                ours.batch.as_str().into(),
                ours.digest.as_str().into(),
                ours.ledger.as_str().into(),
                ours.spool.as_str().into(),
            ],
        )?;
        Ok(())
    })?;
    identity(spool)?.ok_or(SpoolError::Empty)
}

/// The events that the ledger does not have yet, in order.
pub(super) fn read_unsent(spool: &mut Ledger) -> Result<Vec<Event>, SpoolError> {
    let rows = spool.run(|work| {
        let names = "station, seq, id, at, operator, chip, kind, body, before, digest";
        let statement = format!(
            "SELECT {names} FROM <event> e WHERE NOT EXISTS \
             (SELECT 1 FROM <sent> s WHERE s.seq = e.seq) ORDER BY e.seq"
        );
        Ok(work.query(&statement, &[])?)
    })?;
    let mut events = Vec::new();
    for row in rows {
        let (event, digest) = Event::from_row(&row)
            .ok_or_else(|| LedgerError::Row("of an event of the spool".to_owned()))?;
        if event.digest() != digest {
            return Err(
                LedgerError::Row(format!("of the event {} of the spool", event.seq)).into(),
            );
        }
        events.push(event);
    }
    events.retain(is_for_ledger);
    Ok(events)
}

/// The ledger has an event.
pub(super) fn mark_sent(spool: &mut Ledger, seq: i64) -> Result<(), SpoolError> {
    Ok(spool.run(|work| {
        work.query(
            "INSERT INTO <sent> (seq) SELECT $1 WHERE NOT EXISTS \
             (SELECT 1 FROM <sent> WHERE seq = $2)",
            &[seq.into(), seq.into()],
        )?;
        Ok(())
    })?)
}

/// The ledger did not take an event.
pub(super) fn record_refusal(
    spool: &mut Ledger,
    event: &Event,
    cause: &str,
) -> Result<(), SpoolError> {
    Ok(spool.run(|work| {
        let row = [event.seq.into(), cause.into()];
        let [seq, cause] = row.clone();
        let [same_seq, same_cause] = row;
        work.query(
            "INSERT INTO <refused> (seq, cause) SELECT $1, $2 WHERE NOT EXISTS \
             (SELECT 1 FROM <refused> WHERE seq = $3 AND cause = $4)",
            &[seq, cause, same_seq, same_cause],
        )?;
        Ok(())
    })?)
}

/// The ledger is about to be told of a chip.
pub(super) fn mark_left_to_ledger(
    spool: &mut Ledger,
    chip: SerialNumber,
) -> Result<(), SpoolError> {
    let chip = Value::from(chip.to_string());
    Ok(spool.run(|work| {
        work.query(
            "INSERT INTO <met> (chip) SELECT $1 WHERE NOT EXISTS \
             (SELECT 1 FROM <met> WHERE chip = $2)",
            &[chip.clone(), chip.clone()],
        )?;
        Ok(())
    })?)
}

/// Where a chip is.
pub(super) fn locate(spool: &mut Ledger, chip: SerialNumber) -> Result<ChipLocation, SpoolError> {
    let name = Value::from(chip.to_string());
    let [known, open, met] = spool.run(|work| {
        let mut is_found = |statement| {
            let rows = work.query(statement, std::slice::from_ref(&name));
            rows.map(|rows| !rows.is_empty())
        };
        Ok([
            is_found("SELECT chip FROM <unit> WHERE chip = $1")?,
            is_found(
                "SELECT e.seq FROM <event> e WHERE e.chip = $1 AND e.kind <> 'failed' \
                 AND NOT EXISTS (SELECT 1 FROM <sent> s WHERE s.seq = e.seq) LIMIT 1",
            )?,
            is_found("SELECT chip FROM <met> WHERE chip = $1")?,
        ])
    })?;
    if !known {
        return Ok(if met {
            ChipLocation::Ledger
        } else {
            ChipLocation::Unknown
        });
    }
    if !open {
        return Ok(ChipLocation::Ledger);
    }
    let conflicts = conflicts(spool)?;
    let mut conflicts = conflicts.into_iter();
    let of_it = conflicts.find(|conflict| conflict.chip == Some(chip));
    Ok(of_it.map_or(ChipLocation::Spool, ChipLocation::Conflict))
}

/// What the ledger did not take: of each chip the first event, with the latest
/// cause.
pub(super) fn conflicts(spool: &mut Ledger) -> Result<Vec<Conflict>, SpoolError> {
    let rows = spool.run(|work| {
        let rows = work.query(
            "SELECT e.chip, COALESCE(u.serial, ''), r.cause FROM <refused> r \
             JOIN <event> e ON e.seq = r.seq LEFT JOIN <unit> u ON u.chip = e.chip \
             WHERE NOT EXISTS (SELECT 1 FROM <sent> s WHERE s.seq = r.seq) \
             AND r.rowid = (SELECT MAX(q.rowid) FROM <refused> q WHERE q.seq = r.seq) \
             ORDER BY r.seq",
            &[],
        )?;
        Ok(rows)
    })?;
    let conflicts = rows.iter().filter_map(|row| match &row[..] {
        [chip, Value::Text(serial), Value::Text(cause)] => Some(Conflict {
            chip: chip.text().and_then(chip_of),
            serial: serial.clone(),
            cause: cause.clone(),
        }),
        _ => None,
    });
    Ok(conflicts.collect())
}
